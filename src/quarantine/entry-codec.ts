/**
 * An entry of a quarantine journal: one record that was not accepted, and why.
 *
 *     offset  size  type  field
 *          0     1  u8    format version, 1
 *          1     1  u8    length of the content type
 *          2     2  u16   length of the tenant id
 *          4     2  u16   length of the id
 *          6     2  u16   length of the reason
 *          8     2  u16   length of the detail
 *         10     2  u16   length of the source
 *         12     4  u32   length of the payload
 *         16     8  u64   number of the entry: from 1, one counter for all tenants
 *         24     8  u64   timestamp of the record, milliseconds since 1970
 *         32     8  u64   when it was appended, milliseconds since 1970
 *         40     8  u64   position in the source plus 1, or 0 for none
 *         48     4  u32   attempts that were made before it was appended
 *         52     4        zero
 *         56     …        tenant id, id, reason, detail, source, content type: UTF-8, one behind the other
 *          …     …        payload
 *          …     4  u32   CRC32C of all that is before
 *
 * Its length follows from the lengths in it, so that entries stand back to back.
 */
import { readUint32, readUint64, writeUint32, writeUint64 } from '../base/bytes.js';
import { crc32c } from '../base/checksum.js';
import { assert, CorruptionError, StemeError } from '../base/errors.js';
import {
  QUARANTINE_CONTENT_TYPE_BYTES_MAX,
  QUARANTINE_DETAIL_BYTES_MAX,
  QUARANTINE_ID_BYTES_MAX,
  QUARANTINE_REASON_BYTES_MAX,
  QUARANTINE_SOURCE_BYTES_MAX,
  SEQUENCE_MAX,
  TENANT_BYTES_MAX,
  VALUE_BYTES_MAX,
} from '../base/limits.js';

export const ENTRY_FORMAT_VERSION = 1;
export const ENTRY_HEAD_BYTES = 56;
const CHECKSUM_BYTES = 4;

/** The texts of an entry: where the head has the length of each, and how long it may be. In the order in which they stand. */
const TEXTS = [
  { name: 'tenant id', lengthAt: 2, bytesMax: TENANT_BYTES_MAX },
  { name: 'id', lengthAt: 4, bytesMax: QUARANTINE_ID_BYTES_MAX },
  { name: 'reason', lengthAt: 6, bytesMax: QUARANTINE_REASON_BYTES_MAX },
  { name: 'detail', lengthAt: 8, bytesMax: QUARANTINE_DETAIL_BYTES_MAX },
  { name: 'source', lengthAt: 10, bytesMax: QUARANTINE_SOURCE_BYTES_MAX },
  { name: 'content type', lengthAt: 1, bytesMax: QUARANTINE_CONTENT_TYPE_BYTES_MAX },
] as const;

/** What is kept of a record that was not accepted. Texts that are not known are empty. */
export interface JournalEntry {
  /** One counter for all tenants; later entries have larger numbers. */
  readonly number: number;
  readonly tenant: string;
  readonly id: string;
  /** A short code, to count and filter by. */
  readonly reason: string;
  /** For people: what exactly was wrong. */
  readonly detail: string;
  /** Where the record came from: a file or a topic. */
  readonly source: string;
  /** Where in the source: a line or an offset. */
  readonly sourcePosition: number | undefined;
  readonly contentType: string;
  /** Of the record itself. */
  readonly timestampMs: number;
  readonly appendedAtMs: number;
  /** How often the record had been tried before it was appended. */
  readonly attemptCount: number;
  readonly payload: Uint8Array;
}

/** The caller has checked the limits. */
export function encodeEntry(entry: JournalEntry): Buffer {
  const { tenant, id, reason, detail, source, contentType, payload } = entry;
  const texts = [tenant, id, reason, detail, source, contentType];
  const lengths = texts.map((text) => Buffer.byteLength(text, 'utf8'));
  const textBytes = lengths.reduce((sum, length) => sum + length, 0);
  const bytes = Buffer.allocUnsafe(ENTRY_HEAD_BYTES + textBytes + payload.length + CHECKSUM_BYTES);
  bytes[0] = ENTRY_FORMAT_VERSION;
  let at = ENTRY_HEAD_BYTES;
  for (let i = 0; i < texts.length; i++) {
    const { name, lengthAt, bytesMax } = TEXTS[i];
    assert(lengths[i] <= bytesMax, `the ${name} of an entry is within its limit`);
    if (lengthAt === 1) bytes[1] = lengths[i];
    else bytes.writeUInt16LE(lengths[i], lengthAt);
    if (lengths[i] > 0) at += bytes.write(texts[i], at, 'utf8');
  }
  writeUint32(bytes, 12, payload.length);
  writeUint64(bytes, 16, entry.number);
  writeUint64(bytes, 24, entry.timestampMs);
  writeUint64(bytes, 32, entry.appendedAtMs);
  writeUint64(bytes, 40, entry.sourcePosition === undefined ? 0 : entry.sourcePosition + 1);
  writeUint32(bytes, 48, entry.attemptCount);
  writeUint32(bytes, 52, 0);
  bytes.set(payload, at);
  at += payload.length;
  writeUint32(bytes, at, crc32c(bytes.subarray(0, at)));
  return bytes;
}

/** Where bytes were read, for the error: `offsetBytes` is that of the first of them. */
export interface EntryPlace {
  readonly file: string;
  readonly offsetBytes: number;
}

/**
 * The entry at `start`, and where the next one starts. The payload is a view of `source`. Errors: STEME_CORRUPTION,
 * STEME_UNSUPPORTED for a later format version.
 */
export function decodeEntry(source: Buffer, start: number, place: EntryPlace): { entry: JournalEntry; end: number } {
  const damaged = (expected: string, found: string): CorruptionError =>
    new CorruptionError({ file: place.file, offsetBytes: place.offsetBytes + start, expected, found });
  const availableBytes = source.length - start;
  if (availableBytes < ENTRY_HEAD_BYTES + CHECKSUM_BYTES) throw damaged('an entry', `${availableBytes} bytes`);
  refuseOtherVersion(source[start], place.file);
  const lengths = TEXTS.map(({ lengthAt }) =>
    lengthAt === 1 ? source[start + 1] : source.readUInt16LE(start + lengthAt),
  );
  const payloadBytes = readUint32(source, start + 12);
  const payloadStart = start + ENTRY_HEAD_BYTES + lengths.reduce((sum, length) => sum + length, 0);
  const checksumAt = payloadStart + payloadBytes;
  const end = checksumAt + CHECKSUM_BYTES;
  if (end > source.length) throw damaged(`an entry of ${end - start} bytes`, `${availableBytes} bytes`);
  if (readUint32(source, checksumAt) !== crc32c(source.subarray(start, checksumAt))) {
    throw damaged('an entry whose checksum holds', 'another checksum');
  }
  // The checksum holds: what is wrong from here on was written so.
  TEXTS.forEach(({ name, bytesMax }, i) => {
    if (lengths[i] > bytesMax) throw damaged(`a ${name} of at most ${bytesMax} bytes`, `${lengths[i]}`);
  });
  if (payloadBytes > VALUE_BYTES_MAX) throw damaged(`at most ${VALUE_BYTES_MAX} payload bytes`, `${payloadBytes}`);
  const numberAt = (at: number, name: string): number => {
    const value = readUint64(source, start + at);
    if (value > SEQUENCE_MAX) throw damaged(`a ${name} below 2^53`, `${value}`);
    return value;
  };
  let at = start + ENTRY_HEAD_BYTES;
  const [tenant, id, reason, detail, sourceName, contentType] = lengths.map((length) => {
    at += length;
    return source.toString('utf8', at - length, at);
  });
  const number = numberAt(16, 'number');
  if (number === 0) throw damaged('a number of 1 or more', '0');
  const positionPlusOne = numberAt(40, 'position');
  const entry: JournalEntry = {
    number,
    tenant,
    id,
    reason,
    detail,
    source: sourceName,
    sourcePosition: positionPlusOne === 0 ? undefined : positionPlusOne - 1,
    contentType,
    timestampMs: numberAt(24, 'timestamp'),
    appendedAtMs: numberAt(32, 'time'),
    attemptCount: readUint32(source, start + 48),
    payload: source.subarray(payloadStart, checksumAt),
  };
  return { entry, end };
}

function refuseOtherVersion(version: number, file: string): void {
  if (version === ENTRY_FORMAT_VERSION) return;
  const message = `${file} has an entry of format version ${version}; this package reads version ${ENTRY_FORMAT_VERSION}: upgrade it`;
  throw new StemeError('STEME_UNSUPPORTED', message);
}
