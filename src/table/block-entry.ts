/**
 * A block is a run of entries in internal-key order, then the restart points:
 *
 *     entry:  varint   bytes of the user key shared with the entry before (0 at a restart point)
 *             varint   bytes of the user key that follow here
 *             varint   bytes of the value
 *             …        the rest of the user key
 *             8        trailer: kind and sequence (base/internal-key)
 *             …        the value
 *     then:   4 × n    offsets of the restart points, ascending, the first one 0
 *             4        n, at least 1
 *
 * Every BLOCK_RESTART_INTERVAL-th entry is a restart point: its key is whole, so that a search can start there.
 */
import { compareRanges, readUint32 } from '../base/bytes.js';
import { CorruptionError } from '../base/errors.js';
import { readTrailerSequence, TRAILER_BYTES } from '../base/internal-key.js';
import { readVarint } from '../base/varint.js';

export const RESTART_BYTES = 4;

/** Where the parts of one entry stand in its block. Made once and filled again and again. */
export interface BlockEntry {
  sharedBytes: number;
  keyAt: number;
  trailerAt: number;
  valueAt: number;
  endAt: number;
}

export function createBlockEntry(): BlockEntry {
  return { sharedBytes: 0, keyAt: 0, trailerAt: 0, valueAt: 0, endAt: 0 };
}

const cursor = { position: 0 };

/** Fills `entry` from the entry at `at`. False if it is malformed or reaches past `end` (law 10). */
export function decodeBlockEntry(block: Uint8Array, at: number, end: number, entry: BlockEntry): boolean {
  let shared = 0;
  let unshared = 0;
  let valueBytes = 0;
  let keyAt = at + 3;
  if (keyAt < end && (block[at] | block[at + 1] | block[at + 2]) < 0x80) {
    shared = block[at];
    unshared = block[at + 1];
    valueBytes = block[at + 2];
  } else {
    cursor.position = at;
    shared = readVarint(block, cursor, end);
    if (cursor.position < 0) return false;
    unshared = readVarint(block, cursor, end);
    if (cursor.position < 0) return false;
    valueBytes = readVarint(block, cursor, end);
    if (cursor.position < 0) return false;
    keyAt = cursor.position;
  }
  const endAt = keyAt + unshared + TRAILER_BYTES + valueBytes;
  // A shared length is bounded by its caller, who knows the key before; here it only must not be absurd.
  if (endAt > end || shared > end) return false;
  entry.sharedBytes = shared;
  entry.keyAt = keyAt;
  entry.trailerAt = keyAt + unshared;
  entry.valueAt = entry.trailerAt + TRAILER_BYTES;
  entry.endAt = endAt;
  return true;
}

/** Where the entries of `block` end and its restart points start, or -1 if there is no sane count of them. */
export function findRestarts(block: Uint8Array): number {
  const countAt = block.length - RESTART_BYTES;
  if (countAt < 0) return -1;
  const restartsAt = countAt - readUint32(block, countAt) * RESTART_BYTES;
  return restartsAt > 0 && restartsAt < countAt ? restartsAt : -1;
}

/**
 * The offset of the last restart point whose entry stands before (`key`, `sequenceMax`), or of the first restart point.
 * -1 if the restart points are malformed. `scratch` is overwritten.
 */
export function findRestartBefore(
  block: Uint8Array,
  restartsAt: number,
  key: Uint8Array,
  sequenceMax: number,
  scratch: BlockEntry,
): number {
  let low = 0;
  let high = ((block.length - restartsAt) >>> 2) - 2;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    const at = readUint32(block, restartsAt + middle * RESTART_BYTES);
    if (!decodeBlockEntry(block, at, restartsAt, scratch) || scratch.sharedBytes !== 0) return -1;
    const order = compareRanges(block, scratch.keyAt, scratch.trailerAt, key, 0, key.length);
    if (order < 0 || (order === 0 && readTrailerSequence(block, scratch.trailerAt) > sequenceMax)) low = middle;
    else high = middle - 1;
  }
  const at = readUint32(block, restartsAt + low * RESTART_BYTES);
  return at < restartsAt ? at : -1;
}

/** `at` is a position inside the block, which stands (perhaps compressed) at `offsetBytes` of `file`. */
export function malformedBlock(file: string, offsetBytes: number, at: number): CorruptionError {
  const found = `lengths that do not fit at byte ${at} of the block`;
  return new CorruptionError({ file, offsetBytes, expected: 'a well-formed block', found });
}
