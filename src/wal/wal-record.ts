/**
 * The payload of a WAL record: one or more operations, all or none of which survive a crash.
 *
 *     [base sequence u64] [operation] …
 *     operation = kind u8 | key length varint | value length varint, but for deletes and marks | key | value
 *
 *     kind                    key                      value
 *     0 delete                1 byte or more           none, and no length
 *     1 put                   1 byte or more           the user's
 *     2 range delete          start of the range       its end, exclusive: a key behind the start
 *     3 put, expiring         1 byte or more           expires at (ms, u64), then the user's value
 *     6 mark                  empty                    none, and no length: it takes a number and changes nothing
 *
 * Operation i has the sequence number base + i. A record has at least one operation, so that every record moves the
 * sequence on and a repeated one is noticed.
 */
import { compareRanges, copyRange, readUint64, writeUint64 } from '../base/bytes.js';
import { CorruptionError } from '../base/errors.js';
import {
  KIND_DELETE,
  KIND_LOG_MARK,
  KIND_PUT,
  KIND_PUT_EXPIRING,
  KIND_RANGE_DELETE,
  type Kind,
} from '../base/internal-key.js';
import { KEY_BYTES_MAX, SEQUENCE_MAX, VALUE_BYTES_MAX } from '../base/limits.js';
import { EXPIRY_BYTES } from '../base/stored-value.js';
import { readVarint, varintBytes, writeVarint } from '../base/varint.js';

export const WAL_RECORD_HEADER_BYTES = 8;

/** Writes the head of a record whose first operation has `baseSequence`, and returns the position after it. */
export function writeWalRecordHeader(target: Uint8Array, at: number, baseSequence: number): number {
  writeUint64(target, at, baseSequence);
  return at + WAL_RECORD_HEADER_BYTES;
}

/** What `writeOperation` will write, exactly. `valueBytes` of a delete or a mark is not looked at. */
export function operationBytes(kind: number, keyBytes: number, valueBytes: number): number {
  const headBytes = 1 + varintBytes(keyBytes) + keyBytes;
  return hasValue(kind) ? headBytes + varintBytes(valueBytes) + valueBytes : headBytes;
}

function hasValue(kind: number): boolean {
  return kind !== KIND_DELETE && kind !== KIND_LOG_MARK;
}

/** Writes one operation at `at` and returns the position after it. The caller has made room and checked the limits. */
export function writeOperation(
  target: Uint8Array,
  at: number,
  kind: number,
  key: Uint8Array,
  keyStart: number,
  keyEnd: number,
  value: Uint8Array,
  valueStart: number,
  valueEnd: number,
): number {
  const keyBytes = keyEnd - keyStart;
  let position = at;
  target[position++] = kind;
  if (keyBytes < 0x80) target[position++] = keyBytes;
  else position = writeVarint(target, position, keyBytes);
  if (!hasValue(kind)) {
    copyRange(key, keyStart, keyEnd, target, position);
    return position + keyBytes;
  }
  const valueBytes = valueEnd - valueStart;
  if (valueBytes < 0x80) target[position++] = valueBytes;
  else position = writeVarint(target, position, valueBytes);
  copyRange(key, keyStart, keyEnd, target, position);
  position += keyBytes;
  copyRange(value, valueStart, valueEnd, target, position);
  return position + valueBytes;
}

export interface WalRecordVisitor {
  /** Offsets count from the start of the payload; without a value `valueStart === valueEnd`. */
  operation(sequence: number, kind: Kind, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): void;
}

/** Where a payload was read, for the error. */
export interface WalRecordSource {
  readonly file: string;
  readonly offsetBytes: number;
}

export interface SequenceRange {
  readonly firstSequence: number;
  readonly lastSequence: number;
}

/**
 * Visits the operations in order and returns their sequence numbers. A malformed record throws a CorruptionError at the
 * bad operation, so operations before it have been visited: check first with `checkWalRecord` where that matters.
 */
export function readWalRecord(payload: Uint8Array, visitor: WalRecordVisitor, source: WalRecordSource): SequenceRange {
  if (payload.length <= WAL_RECORD_HEADER_BYTES) throw malformed(source, 'an operation', `${payload.length} bytes`);
  const firstSequence = readUint64(payload, 0);
  const place = { kind: KIND_DELETE as Kind, keyStart: 0, keyEnd: 0, valueEnd: 0 };
  let at = WAL_RECORD_HEADER_BYTES;
  let sequence = firstSequence;
  while (at < payload.length) {
    if (sequence < 1 || sequence > SEQUENCE_MAX) {
      throw malformed(source, 'a sequence number from 1 to 2^53 - 1', `${sequence}`);
    }
    locateOperation(payload, at, source, place);
    // Key and value stand together.
    visitor.operation(sequence, place.kind, place.keyStart, place.keyEnd, place.keyEnd, place.valueEnd);
    at = place.valueEnd;
    sequence++;
  }
  return { firstSequence, lastSequence: sequence - 1 };
}

/** Where the parts of one operation stand in its record. Made once a record and filled again and again. */
interface OperationPlace {
  kind: Kind;
  keyStart: number;
  /** The value starts where the key ends. */
  keyEnd: number;
  valueEnd: number;
}

const cursor = { position: 0 };

/** Fills `place` from the operation at `at`. */
function locateOperation(payload: Uint8Array, at: number, source: WalRecordSource, place: OperationPlace): void {
  const kind = payload[at];
  if (!isLogKind(kind)) throw malformed(source, 'a kind of the log', `kind ${kind} at byte ${at} of the record`);
  const { keyMin, keyMax, valueMin, valueMax } = SIZES[kind];
  cursor.position = at + 1;
  const keyBytes = readVarint(payload, cursor, payload.length);
  if (cursor.position < 0 || keyBytes < keyMin || keyBytes > keyMax) {
    throw wrongLength(source, `a key of ${keyMin} to ${keyMax} bytes`, at);
  }
  const valueBytes = hasValue(kind) ? readVarint(payload, cursor, payload.length) : 0;
  if (cursor.position < 0 || valueBytes < valueMin || valueBytes > valueMax) {
    throw wrongLength(source, `a value of ${valueMin} to ${valueMax} bytes`, at);
  }
  place.kind = kind;
  place.keyStart = cursor.position;
  place.keyEnd = place.keyStart + keyBytes;
  place.valueEnd = place.keyEnd + valueBytes;
  if (place.valueEnd > payload.length) {
    throw malformed(source, `an operation up to byte ${place.valueEnd} of the record`, `its end at ${payload.length}`);
  }
  if (kind === KIND_RANGE_DELETE && !isRange(payload, place)) {
    throw malformed(source, 'a range that ends behind its start', `another one at byte ${at} of the record`);
  }
}

function isRange(payload: Uint8Array, { keyStart, keyEnd, valueEnd }: OperationPlace): boolean {
  return compareRanges(payload, keyStart, keyEnd, payload, keyEnd, valueEnd) < 0;
}

interface OperationSizes {
  readonly keyMin: number;
  readonly keyMax: number;
  readonly valueMin: number;
  readonly valueMax: number;
}

const NO_VALUE = { keyMin: 1, keyMax: KEY_BYTES_MAX, valueMin: 0, valueMax: 0 };

/** What an operation of each kind may have: lengths are checked before anything is believed (law 10). */
const SIZES: Readonly<Record<Kind, OperationSizes>> = {
  [KIND_DELETE]: NO_VALUE,
  [KIND_PUT]: { ...NO_VALUE, valueMax: VALUE_BYTES_MAX },
  [KIND_RANGE_DELETE]: { ...NO_VALUE, valueMin: 1, valueMax: KEY_BYTES_MAX },
  [KIND_PUT_EXPIRING]: { ...NO_VALUE, valueMin: EXPIRY_BYTES, valueMax: EXPIRY_BYTES + VALUE_BYTES_MAX },
  [KIND_LOG_MARK]: { keyMin: 0, keyMax: 0, valueMin: 0, valueMax: 0 },
};

function isLogKind(kind: number): kind is Kind {
  return kind <= KIND_PUT_EXPIRING || kind === KIND_LOG_MARK;
}

const IGNORE: WalRecordVisitor = { operation: () => undefined };

/** Reads the whole record and does nothing with it. Errors: STEME_CORRUPTION. */
export function checkWalRecord(payload: Uint8Array, source: WalRecordSource): SequenceRange {
  return readWalRecord(payload, IGNORE, source);
}

function wrongLength(source: WalRecordSource, expected: string, at: number): CorruptionError {
  return malformed(source, expected, `another length at byte ${at} of the record`);
}

function malformed(source: WalRecordSource, expected: string, found: string): CorruptionError {
  return new CorruptionError({ file: source.file, offsetBytes: source.offsetBytes, expected, found });
}
