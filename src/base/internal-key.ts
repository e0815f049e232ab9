/**
 * An internal key is (user key ascending, sequence descending, kind). Sequence and kind travel in an 8-byte trailer:
 *
 *     byte 0      kind
 *     bytes 1–7   sequence, little-endian, below 2^53
 *
 * Kinds are stored on disk and never renumbered. A reader that meets one it does not know refuses the file (law 10).
 *
 *     kind                    stored value
 *     0 delete                none
 *     1 put                   the user's value
 *     2 range delete          the end of the range, exclusive; the key is its start. Never among the entries of a table
 *     3 put, expiring         expires at, ms since 1970 (u64), then the user's value
 *     4 put, blob             reference to a value in a blob file; only in tables
 *     5 put, blob, expiring   expires at (u64), then the reference; only in tables
 *     6 mark                  none; only in the log: takes a sequence number and changes nothing
 */
import { readUint32, writeUint32 } from './bytes.js';

export const KIND_DELETE = 0;
export const KIND_PUT = 1;
export const KIND_RANGE_DELETE = 2;
export const KIND_PUT_EXPIRING = 3;
export const KIND_PUT_BLOB = 4;
export const KIND_PUT_BLOB_EXPIRING = 5;
export const KIND_LOG_MARK = 6;

/** What a write can be: the kinds of the log and the memtable. */
export type Kind =
  | typeof KIND_DELETE
  | typeof KIND_PUT
  | typeof KIND_RANGE_DELETE
  | typeof KIND_PUT_EXPIRING
  | typeof KIND_LOG_MARK;

export const TRAILER_BYTES = 8;

const TWO_24 = 2 ** 24;

export function writeTrailer(target: Uint8Array, at: number, sequence: number, kind: number): void {
  target[at] = kind;
  // Bit operations take a Number modulo 2^32, which leaves its low bytes as they are; % would be a slow call.
  target[at + 1] = sequence;
  target[at + 2] = sequence >>> 8;
  target[at + 3] = sequence >>> 16;
  writeUint32(target, at + 4, Math.floor(sequence / TWO_24));
}

export function readTrailerKind(source: Uint8Array, at: number): number {
  return source[at];
}

export function readTrailerSequence(source: Uint8Array, at: number): number {
  const low = source[at + 1] | (source[at + 2] << 8) | (source[at + 3] << 16);
  return low + readUint32(source, at + 4) * TWO_24;
}

/** Whether an entry of a table may be of this kind. */
export function isTableKind(kind: number): boolean {
  return (
    kind === KIND_PUT ||
    kind === KIND_DELETE ||
    kind === KIND_PUT_EXPIRING ||
    kind === KIND_PUT_BLOB ||
    kind === KIND_PUT_BLOB_EXPIRING
  );
}
