/**
 * A blob file: large values that tables refer to, in the order in which a job met them.
 *
 *     header        28 bytes, 24 in version 1
 *     value …       as stored, each with the trailer of base/block-trailer.ts: compression, and crc32c over content, compression,
 *                   file number and offset
 *
 * The header:
 *
 *     offset  size  type   field
 *          0     8  ASCII  StemeBLB
 *          8     4  u32    format version
 *         12     8  u64    number of the file
 *         20     4  u32    id of the database that wrote it; not there in version 1
 *         24     4  u32    CRC32C of what is before; at 20 in version 1
 *
 * There is no index and no footer: a value is found only by its reference (blob-reference.ts), and a file whose writer did not
 * come to its end is in no manifest. Values are not aligned, and stand back to back, so that one can be read with one call.
 */
import { readUint32, readUint64, writeUint32, writeUint64 } from '../base/bytes.js';
import { crc32c } from '../base/checksum.js';
import { CorruptionError, StemeError } from '../base/errors.js';

/** Goes up with every change that an older reader would misread. */
export const BLOB_FORMAT_VERSION = 2;
/** Without the id of a database. */
const BLOB_FORMAT_VERSION_PLAIN = 1;
export const BLOB_HEADER_BYTES = 28;
/** No value stands before it. */
export const BLOB_HEADER_BYTES_PLAIN = 24;

const MAGIC = Buffer.from('StemeBLB', 'ascii');
const VERSION_AT = 8;
const NUMBER_AT = 12;
const DATABASE_ID_AT = 20;
const CHECKSUM_BYTES = 4;

export function encodeBlobHeader(number: number, databaseId: number | undefined): Uint8Array {
  const isPlain = databaseId === undefined;
  const header = new Uint8Array(isPlain ? BLOB_HEADER_BYTES_PLAIN : BLOB_HEADER_BYTES);
  header.set(MAGIC);
  writeUint32(header, VERSION_AT, isPlain ? BLOB_FORMAT_VERSION_PLAIN : BLOB_FORMAT_VERSION);
  writeUint64(header, NUMBER_AT, number);
  if (!isPlain) writeUint32(header, DATABASE_ID_AT, databaseId);
  const checksumAt = header.length - CHECKSUM_BYTES;
  writeUint32(header, checksumAt, crc32c(header.subarray(0, checksumAt)));
  return header;
}

/**
 * Checks the first bytes of `file`, as many as there are of them; `databaseId` is that of the database that wrote it, as far as that
 * is known. Errors: STEME_CORRUPTION, STEME_UNSUPPORTED for a later version.
 */
export function checkBlobHeader(header: Uint8Array, number: number, file: string, databaseId?: number): void {
  const damaged = (offsetBytes: number, expected: string, found: string): CorruptionError =>
    new CorruptionError({ file, offsetBytes, expected, found });
  const version = header.length < NUMBER_AT ? 0 : readUint32(header, VERSION_AT);
  const headerBytes = version === BLOB_FORMAT_VERSION ? BLOB_HEADER_BYTES : BLOB_HEADER_BYTES_PLAIN;
  if (header.length < headerBytes) {
    throw damaged(header.length, `a header of ${headerBytes} bytes`, 'the end of the file');
  }
  const magic = Buffer.from(header.subarray(0, MAGIC.length));
  if (!magic.equals(MAGIC)) throw damaged(0, MAGIC.toString('ascii'), magic.toString('hex'));
  const checksumAt = headerBytes - CHECKSUM_BYTES;
  const checksum = crc32c(header.subarray(0, checksumAt));
  const expected = readUint32(header, checksumAt);
  if (checksum !== expected) throw damaged(checksumAt, `header checksum ${expected}`, String(checksum));
  refuseLaterVersion(version, file);
  const found = readUint64(header, NUMBER_AT);
  if (found !== number) throw damaged(NUMBER_AT, `blob file ${number}`, `blob file ${found}`);
  const foundId = version === BLOB_FORMAT_VERSION ? readUint32(header, DATABASE_ID_AT) : undefined;
  if (databaseId !== undefined && foundId !== databaseId) {
    const foundText = `one of ${foundId ?? 'no known one'}`;
    throw damaged(DATABASE_ID_AT, `a blob file of database ${databaseId}`, foundText);
  }
}

function refuseLaterVersion(version: number, file: string): void {
  if (version === BLOB_FORMAT_VERSION || version === BLOB_FORMAT_VERSION_PLAIN) return;
  const message = `${file} has format version ${version}; this version of the package knows ${BLOB_FORMAT_VERSION_PLAIN} and ${BLOB_FORMAT_VERSION}`;
  throw new StemeError('STEME_UNSUPPORTED', message);
}
