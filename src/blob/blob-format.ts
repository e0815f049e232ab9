/**
 * A blob file: large values that tables refer to, in the order in which a job met them.
 *
 *     header        24 bytes
 *     value …       as stored, each with the trailer of base/block-trailer.ts: compression, and crc32c over content, compression,
 *                   file number and offset
 *
 * The header:
 *
 *     offset  size  type   field
 *          0     8  ASCII  StemeBLB
 *          8     4  u32    format version
 *         12     8  u64    number of the file
 *         20     4  u32    CRC32C of bytes 0–19
 *
 * There is no index and no footer: a value is found only by its reference (blob-reference.ts), and a file whose writer did not
 * come to its end is in no manifest. Values are not aligned, and stand back to back, so that one can be read with one call.
 */
import { readUint32, readUint64, writeUint32, writeUint64 } from '../base/bytes.js';
import { crc32c } from '../base/checksum.js';
import { CorruptionError, StemeError } from '../base/errors.js';

/** Goes up with every change that an older reader would misread. */
export const BLOB_FORMAT_VERSION = 1;
export const BLOB_HEADER_BYTES = 24;

const MAGIC = Buffer.from('StemeBLB', 'ascii');
const VERSION_AT = 8;
const NUMBER_AT = 12;
const CHECKSUM_AT = 20;

export function encodeBlobHeader(number: number): Uint8Array {
  const header = new Uint8Array(BLOB_HEADER_BYTES);
  header.set(MAGIC);
  writeUint32(header, VERSION_AT, BLOB_FORMAT_VERSION);
  writeUint64(header, NUMBER_AT, number);
  writeUint32(header, CHECKSUM_AT, crc32c(header.subarray(0, CHECKSUM_AT)));
  return header;
}

/** Checks the first bytes of `file`, as many as there are of them. Errors: STEME_CORRUPTION, STEME_UNSUPPORTED for a later version. */
export function checkBlobHeader(header: Uint8Array, number: number, file: string): void {
  const damaged = (offsetBytes: number, expected: string, found: string): CorruptionError =>
    new CorruptionError({ file, offsetBytes, expected, found });
  if (header.length < BLOB_HEADER_BYTES) {
    throw damaged(header.length, `a header of ${BLOB_HEADER_BYTES} bytes`, 'the end of the file');
  }
  const magic = Buffer.from(header.subarray(0, MAGIC.length));
  if (!magic.equals(MAGIC)) throw damaged(0, MAGIC.toString('ascii'), magic.toString('hex'));
  const checksum = crc32c(header.subarray(0, CHECKSUM_AT));
  const expected = readUint32(header, CHECKSUM_AT);
  if (checksum !== expected) throw damaged(CHECKSUM_AT, `header checksum ${expected}`, String(checksum));
  const version = readUint32(header, VERSION_AT);
  if (version !== BLOB_FORMAT_VERSION) {
    const message = `${file} has format version ${version}; this version of the package knows ${BLOB_FORMAT_VERSION}`;
    throw new StemeError('STEME_UNSUPPORTED', message);
  }
  const found = readUint64(header, NUMBER_AT);
  if (found !== number) throw damaged(NUMBER_AT, `blob file ${number}`, `blob file ${found}`);
}
