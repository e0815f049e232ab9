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
import { readUint16, readUint32, readUint64, writeUint16, writeUint32, writeUint64 } from '../base/bytes.js';
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
const TEXT_LOOP_BYTES_MAX = 32;
const ASCII_MAX = 0x7f;

/** The texts of an entry, in the order in which they stand, and how long each may be. */
const TEXTS = [
  textOf('tenant id', TENANT_BYTES_MAX),
  textOf('id', QUARANTINE_ID_BYTES_MAX),
  textOf('reason', QUARANTINE_REASON_BYTES_MAX),
  textOf('detail', QUARANTINE_DETAIL_BYTES_MAX),
  textOf('source', QUARANTINE_SOURCE_BYTES_MAX),
  textOf('content type', QUARANTINE_CONTENT_TYPE_BYTES_MAX),
] as const;

/** Of the entry that was read last. */
const textsBefore: string[] = TEXTS.map(() => '');

function textOf(name: string, bytesMax: number) {
  return { name, bytesMax, problem: `the ${name} of an entry is within its limit` };
}

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
  const tenantLength = lengthOf(tenant, 0);
  const idLength = lengthOf(id, 1);
  const reasonLength = lengthOf(reason, 2);
  const detailLength = lengthOf(detail, 3);
  const sourceLength = lengthOf(source, 4);
  const contentTypeLength = lengthOf(contentType, 5);
  const textBytes = tenantLength + idLength + reasonLength + detailLength + sourceLength + contentTypeLength;
  const checksumAt = ENTRY_HEAD_BYTES + textBytes + payload.length;
  const bytes = Buffer.allocUnsafe(checksumAt + CHECKSUM_BYTES);
  bytes[0] = ENTRY_FORMAT_VERSION;
  bytes[1] = contentTypeLength;
  writeUint16(bytes, 2, tenantLength);
  writeUint16(bytes, 4, idLength);
  writeUint16(bytes, 6, reasonLength);
  writeUint16(bytes, 8, detailLength);
  writeUint16(bytes, 10, sourceLength);
  writeUint32(bytes, 12, payload.length);
  writeUint64(bytes, 16, entry.number);
  writeUint64(bytes, 24, entry.timestampMs);
  writeUint64(bytes, 32, entry.appendedAtMs);
  writeUint64(bytes, 40, entry.sourcePosition === undefined ? 0 : entry.sourcePosition + 1);
  writeUint32(bytes, 48, entry.attemptCount);
  writeUint32(bytes, 52, 0);
  let at = writeText(bytes, ENTRY_HEAD_BYTES, tenant, tenantLength);
  at = writeText(bytes, at, id, idLength);
  at = writeText(bytes, at, reason, reasonLength);
  at = writeText(bytes, at, detail, detailLength);
  at = writeText(bytes, at, source, sourceLength);
  at = writeText(bytes, at, contentType, contentTypeLength);
  bytes.set(payload, at);
  writeUint32(bytes, checksumAt, crc32c(bytes.subarray(0, checksumAt)));
  return bytes;
}

/** In UTF-8, of the text at `index` of TEXTS. */
function lengthOf(text: string, index: number): number {
  if (text.length === 0) return 0;
  const { problem, bytesMax } = TEXTS[index];
  const bytes = Buffer.byteLength(text, 'utf8');
  assert(bytes <= bytesMax, problem);
  return bytes;
}

/** Returns where it ends. A call into native code costs more than a few letters do here. */
function writeText(target: Buffer, start: number, text: string, bytes: number): number {
  if (bytes !== text.length || bytes > TEXT_LOOP_BYTES_MAX) {
    target.write(text, start, bytes, 'utf8');
    return start + bytes;
  }
  for (let i = 0; i < bytes; i++) target[start + i] = text.charCodeAt(i);
  return start + bytes;
}

/**
 * The text at `index` of TEXTS. Most entries have the same tenant, reason and source as the one that was read before: comparing a few
 * letters costs less than a call into native code, and takes no memory.
 */
function readText(source: Buffer, start: number, bytes: number, index: number): string {
  if (bytes === 0) return '';
  const before = textsBefore[index];
  if (bytes <= TEXT_LOOP_BYTES_MAX && isAsciiOf(source, start, bytes, before)) return before;
  const text = source.toString('utf8', start, start + bytes);
  textsBefore[index] = text;
  return text;
}

function isAsciiOf(source: Buffer, start: number, bytes: number, text: string): boolean {
  if (text.length !== bytes) return false;
  for (let i = 0; i < bytes; i++) {
    const byte = source[start + i];
    // Beyond ASCII a letter is no byte.
    if (byte > ASCII_MAX || byte !== text.charCodeAt(i)) return false;
  }
  return true;
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
  const lengths = lengthsIn(source, start);
  const payloadBytes = readUint32(source, start + 12);
  const textStart = start + ENTRY_HEAD_BYTES;
  const payloadStart = textStart + lengths[0] + lengths[1] + lengths[2] + lengths[3] + lengths[4] + lengths[5];
  const checksumAt = payloadStart + payloadBytes;
  const end = checksumAt + CHECKSUM_BYTES;
  if (end > source.length) throw damaged(`an entry of ${end - start} bytes`, `${availableBytes} bytes`);
  if (readUint32(source, checksumAt) !== crc32c(source.subarray(start, checksumAt))) {
    throw damaged('an entry whose checksum holds', 'another checksum');
  }
  // The checksum holds: what is wrong from here on was written so.
  for (let i = 0; i < TEXTS.length; i++) {
    const { name, bytesMax } = TEXTS[i];
    if (lengths[i] > bytesMax) throw damaged(`a ${name} of at most ${bytesMax} bytes`, `${lengths[i]}`);
  }
  if (payloadBytes > VALUE_BYTES_MAX) throw damaged(`at most ${VALUE_BYTES_MAX} payload bytes`, `${payloadBytes}`);
  const numberAt = (at: number, name: string): number => {
    const value = readUint64(source, start + at);
    if (value > SEQUENCE_MAX) throw damaged(`a ${name} below 2^53`, `${value}`);
    return value;
  };
  const idStart = textStart + lengths[0];
  const reasonStart = idStart + lengths[1];
  const detailStart = reasonStart + lengths[2];
  const sourceStart = detailStart + lengths[3];
  const contentTypeStart = sourceStart + lengths[4];
  const number = numberAt(16, 'number');
  if (number === 0) throw damaged('a number of 1 or more', '0');
  const positionPlusOne = numberAt(40, 'position');
  const entry: JournalEntry = {
    number,
    tenant: readText(source, textStart, lengths[0], 0),
    id: readText(source, idStart, lengths[1], 1),
    reason: readText(source, reasonStart, lengths[2], 2),
    detail: readText(source, detailStart, lengths[3], 3),
    source: readText(source, sourceStart, lengths[4], 4),
    sourcePosition: positionPlusOne === 0 ? undefined : positionPlusOne - 1,
    contentType: readText(source, contentTypeStart, lengths[5], 5),
    timestampMs: numberAt(24, 'timestamp'),
    appendedAtMs: numberAt(32, 'time'),
    attemptCount: readUint32(source, start + 48),
    payload: source.subarray(payloadStart, checksumAt),
  };
  return { entry, end };
}

/** Of the texts, in the order of TEXTS. */
function lengthsIn(source: Uint8Array, start: number): number[] {
  return [
    readUint16(source, start + 2),
    readUint16(source, start + 4),
    readUint16(source, start + 6),
    readUint16(source, start + 8),
    readUint16(source, start + 10),
    source[start + 1],
  ];
}

function refuseOtherVersion(version: number, file: string): void {
  if (version === ENTRY_FORMAT_VERSION) return;
  const message = `${file} has an entry of format version ${version}; this package reads version ${ENTRY_FORMAT_VERSION}: upgrade it`;
  throw new StemeError('STEME_UNSUPPORTED', message);
}
