/**
 * One version of one key, as it lies in the arena, never changed once published:
 *
 *     word 0   older version of the same key, or 0
 *     word 1   sequence, low 32 bits
 *     word 2   kind in bits 0–7, sequence bits 32–52 above
 *     word 3   key length
 *     word 4   value length
 *     bytes    key, padding to eight bytes, value, padding to a word
 *
 * Key and value start at multiples of eight, where the Buffers of users start too: into and out of shared memory V8 copies
 * word by word between places that are aligned alike, and byte by byte between others.
 */
import { copyRange } from '../base/bytes.js';
import type { Arena } from './arena.js';
import { WORD_BYTES } from './arena.js';

export const RECORD_HEADER_WORDS = 5;
const TWO_32 = 2 ** 32;
const COPY_BYTES = 8;
/** Before the header, behind the key and behind the value. */
const PADDING_BYTES_MAX = WORD_BYTES + (COPY_BYTES - 1) + (WORD_BYTES - 1);

/** The most that a record takes. */
export function recordBytes(keyBytes: number, valueBytes: number): number {
  return RECORD_HEADER_WORDS * WORD_BYTES + keyBytes + valueBytes + PADDING_BYTES_MAX;
}

/** Writes everything but the link to the older version. */
export function writeRecord(
  arena: Arena,
  sequence: number,
  kind: number,
  key: Uint8Array,
  keyStart: number,
  keyEnd: number,
  value: Uint8Array,
  valueStart: number,
  valueEnd: number,
): number {
  const keyLength = keyEnd - keyStart;
  const valueLength = valueEnd - valueStart;
  const roomBytes = keyRoomBytes(keyLength);
  const record = arena.allocateOdd(RECORD_HEADER_WORDS + ((roomBytes + valueLength + WORD_BYTES - 1) >>> 2));
  const { words, bytes } = arena;
  words[record] = 0;
  words[record + 1] = (sequence % TWO_32) | 0;
  words[record + 2] = (Math.floor(sequence / TWO_32) << 8) | kind;
  words[record + 3] = keyLength;
  words[record + 4] = valueLength;
  const at = recordKeyStart(record);
  copyRange(key, keyStart, keyEnd, bytes, at);
  copyRange(value, valueStart, valueEnd, bytes, at + roomBytes);
  return record;
}

export function linkOlder(arena: Arena, record: number, older: number): void {
  arena.words[record] = older;
}

export function olderRecord(arena: Arena, record: number): number {
  return arena.words[record];
}

export function recordSequence(arena: Arena, record: number): number {
  return (arena.words[record + 1] >>> 0) + (arena.words[record + 2] >>> 8) * TWO_32;
}

export function recordKind(arena: Arena, record: number): number {
  return arena.words[record + 2] & 0xff;
}

export function recordKeyStart(record: number): number {
  return (record + RECORD_HEADER_WORDS) * WORD_BYTES;
}

/** Where the value of a record with a key of `keyLength` bytes starts. */
export function recordValueStart(record: number, keyLength: number): number {
  return recordKeyStart(record) + keyRoomBytes(keyLength);
}

function keyRoomBytes(keyLength: number): number {
  return (keyLength + COPY_BYTES - 1) & -COPY_BYTES;
}

export function recordKeyLength(arena: Arena, record: number): number {
  return arena.words[record + 3];
}

export function recordValueLength(arena: Arena, record: number): number {
  return arena.words[record + 4];
}
