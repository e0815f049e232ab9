/**
 * Finds data blocks without an index. A block says nowhere how long it is, but its content does: LZ4 content names the size that it
 * decompresses to, and plain content ends in restart points that follow from the entries before them. Whether a block stands
 * where its content says that it ends is then told by its checksum, which covers the place. Pure.
 */
import {
  BLOCK_TRAILER_BYTES,
  blockChecksum,
  COMPRESSION_LZ4,
  COMPRESSION_NONE,
  readBlockChecksum,
} from '../base/block-trailer.js';
import { readUint32 } from '../base/bytes.js';
import { isTableKind, KIND_RANGE_DELETE, readTrailerKind } from '../base/internal-key.js';
import { BLOCK_RESTART_INTERVAL, KEY_BYTES_MAX } from '../base/limits.js';
import { createBlockEntry, decodeBlockEntry, RESTART_BYTES } from './block-entry.js';
import { BLOCK_CONTENT_BYTES_MAX, type BlockHandle } from './table-format.js';

const entry = createBlockEntry();
const NONE = -1;

/** Whether the block `handle` of table `tableNumber` lies whole in `file`, with a checksum that holds. */
export function isBlockIntact(file: Uint8Array, { offsetBytes, sizeBytes }: BlockHandle, tableNumber: number): boolean {
  const end = offsetBytes + sizeBytes;
  if (sizeBytes <= 0 || end + BLOCK_TRAILER_BYTES > file.length) return false;
  const checksum = blockChecksum(file.subarray(offsetBytes, end), file[end], tableNumber, offsetBytes);
  return checksum === readBlockChecksum(file, end);
}

/** The intact block of entries that starts at `at` and ends by `limit`; undefined if there is none. */
export function blockAt(file: Uint8Array, at: number, limit: number, tableNumber: number): BlockHandle | undefined {
  for (const [end, compression] of [
    [lz4End(file, at, limit), COMPRESSION_LZ4],
    [plainEnd(file, at, limit), COMPRESSION_NONE],
  ]) {
    const handle = { offsetBytes: at, sizeBytes: end - at };
    if (end !== NONE && file[end] === compression && isBlockIntact(file, handle, tableNumber)) return handle;
  }
  return undefined;
}

/** The first intact block of entries that starts at or behind `from` and ends by `limit`. */
export function nextBlock(file: Uint8Array, from: number, limit: number, tableNumber: number): BlockHandle | undefined {
  for (let at = from; at < limit; at++) {
    const found = blockAt(file, at, limit, tableNumber);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Where an LZ4 block ends: its sequences are stepped over, not copied. */
function lz4End(file: Uint8Array, at: number, limit: number): number {
  if (at + 8 > limit) return NONE;
  const claimed = readUint32(file, at);
  if (claimed === 0 || claimed > BLOCK_CONTENT_BYTES_MAX) return NONE;
  // The content begins with the shared length of the first entry, which is 0, as a literal: most places are ruled out here.
  const first = lz4Length(file, at + 5, limit, file[at + 4] >>> 4);
  if (file[at + 4] >>> 4 === 0 || first.next >= limit || file[first.next] !== 0) return NONE;
  let position = at + 4;
  for (let produced = 0; ; ) {
    if (position >= limit) return NONE;
    const token = file[position];
    const literals = lz4Length(file, position + 1, limit, token >>> 4);
    position = literals.next + literals.length;
    produced += literals.length;
    if (produced === claimed) return position <= limit - BLOCK_TRAILER_BYTES ? position : NONE;
    const match = lz4Length(file, position + 2, limit, token & 0x0f);
    position = match.next;
    produced += match.length + LZ4_MATCH_BYTES_MIN;
    if (produced > claimed) return NONE;
  }
}

const LZ4_MATCH_BYTES_MIN = 4;
const LZ4_LENGTH_GOES_ON = 15;

/** A length of four bits that goes on in the bytes from `at` if they are all set; and where it ends. */
function lz4Length(file: Uint8Array, at: number, limit: number, head: number): { length: number; next: number } {
  let length = head;
  let next = at;
  if (head !== LZ4_LENGTH_GOES_ON) return { length, next };
  while (next < limit) {
    const byte = file[next++];
    length += byte;
    if (byte !== 255) break;
  }
  return { length, next };
}

/** Where plain content ends: behind the restart points that its entries must have. */
function plainEnd(file: Uint8Array, at: number, limit: number): number {
  const restarts: number[] = [];
  let keyBytes = 0;
  let position = at;
  for (let count = 0; position < limit; count++) {
    const end = count === 0 ? NONE : endOfRestarts(file, position, limit, restarts);
    if (end !== NONE) return end;
    const isRestart = count % BLOCK_RESTART_INTERVAL === 0;
    if (isRestart) restarts.push(position - at);
    if (!decodeBlockEntry(file, position, limit, entry)) return NONE;
    if (entry.sharedBytes > (isRestart ? 0 : keyBytes)) return NONE;
    keyBytes = entry.sharedBytes + entry.trailerAt - entry.keyAt;
    const kind = readTrailerKind(file, entry.trailerAt);
    const isSane = keyBytes > 0 && keyBytes <= KEY_BYTES_MAX && (isTableKind(kind) || kind === KIND_RANGE_DELETE);
    if (!isSane || entry.endAt - at > BLOCK_CONTENT_BYTES_MAX) return NONE;
    position = entry.endAt;
  }
  return NONE;
}

/** Where the restart points end if just these stand at `at`, with their count. */
function endOfRestarts(file: Uint8Array, at: number, limit: number, restarts: readonly number[]): number {
  const end = at + (restarts.length + 1) * RESTART_BYTES;
  if (end + BLOCK_TRAILER_BYTES > limit) return NONE;
  for (let i = 0; i < restarts.length; i++) {
    if (readUint32(file, at + i * RESTART_BYTES) !== restarts[i]) return NONE;
  }
  return readUint32(file, end - RESTART_BYTES) === restarts.length ? end : NONE;
}
