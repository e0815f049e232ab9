/**
 * An internal key is (user key ascending, sequence descending, kind). Sequence and kind travel in an 8-byte trailer:
 *
 *     byte 0      kind
 *     bytes 1–7   sequence, little-endian, below 2^53
 *
 * Kinds are stored on disk and never renumbered. Those after `rangeDelete` are reserved: a reader that meets one it
 * does not know refuses the file (law 10).
 */
import { readUint32, writeUint32 } from './bytes.js';

export const KIND_DELETE = 0;
export const KIND_PUT = 1;
export const KIND_RANGE_DELETE = 2;
/** Reserved: a put that carries an expiry time. */
export const KIND_PUT_EXPIRING = 3;
/** Reserved: a put whose value is a reference into a blob file. */
export const KIND_PUT_BLOB = 4;

export type Kind = typeof KIND_DELETE | typeof KIND_PUT;

export const TRAILER_BYTES = 8;

const TWO_24 = 2 ** 24;

export function writeTrailer(target: Uint8Array, at: number, sequence: number, kind: number): void {
  target[at] = kind;
  const low = sequence % TWO_24;
  target[at + 1] = low;
  target[at + 2] = low >>> 8;
  target[at + 3] = low >>> 16;
  writeUint32(target, at + 4, Math.floor(sequence / TWO_24));
}

export function readTrailerKind(source: Uint8Array, at: number): number {
  return source[at];
}

export function readTrailerSequence(source: Uint8Array, at: number): number {
  const low = source[at + 1] | (source[at + 2] << 8) | (source[at + 3] << 16);
  return low + readUint32(source, at + 4) * TWO_24;
}

export function isKnownKind(kind: number): kind is Kind {
  return kind === KIND_PUT || kind === KIND_DELETE;
}
