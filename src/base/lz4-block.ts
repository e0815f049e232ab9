/**
 * Decodes a raw LZ4 block into memory of the caller's, which may be used again and again. For blocks of some kilobytes that is faster
 * than the addon, each of whose calls makes a Buffer. A block is a run of sequences:
 *
 *     1        token: high four bits, number of literals; low four bits, length of the match without its least 4
 *     …        where a number is 15: bytes to add to it, up to the first that is not 255 (the match's stand behind its offset)
 *     …        the literals
 *     2        how far back the match begins, little-endian, at least 1: it may reach into what it makes
 *     …        the rest of the match's length
 *
 * The last one ends behind its literals. What is decoded comes from a disk: no length in it is believed (law 10).
 */

/** Bytes, and a view of them for words at any place. */
export interface ViewedBytes {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

export function viewedBytes(buffer: ArrayBufferLike): ViewedBytes {
  return { bytes: new Uint8Array(buffer), view: new DataView(buffer) };
}

const LENGTH_IN_TOKEN_MAX = 15;
const MATCH_BYTES_MIN = 4;
const OFFSET_BYTES = 2;
const WORD_BYTES = 4;
/** Copied at once. */
const STEP_BYTES = 2 * WORD_BYTES;
const LENGTH_BYTE_MAX = 255;
/** From here on a call of the runtime is faster than a loop. */
const LONG_COPY_BYTES = 512;

/**
 * Decodes `source[start, end)` to the start of `target`, at most `limit` bytes, which it has; returns their number, or -1 for what is no
 * LZ4 block of so many. Reads nothing outside the block; behind the content, up to `limit`, anything may be written.
 */
export function decodeLz4Block(
  source: ViewedBytes,
  start: number,
  end: number,
  target: ViewedBytes,
  limit: number,
): number {
  const { bytes, view } = source;
  const { bytes: targetBytes, view: targetView } = target;
  let from = start;
  let to = 0;
  while (from < end) {
    const token = bytes[from++];
    let length = token >>> 4;
    if (length === LENGTH_IN_TOKEN_MAX) {
      let added = LENGTH_BYTE_MAX;
      while (added === LENGTH_BYTE_MAX && from < end) length += added = bytes[from++];
    }
    if (length > end - from || length > limit - to) return -1;
    if (length >= LONG_COPY_BYTES) targetBytes.set(bytes.subarray(from, from + length), to);
    else if (length + STEP_BYTES <= end - from && length + STEP_BYTES <= limit - to)
      copyWords(view, from, targetView, to, length);
    else copyBytes(bytes, from, targetBytes, to, length);
    from += length;
    to += length;
    if (from === end) return to;
    if (end - from < OFFSET_BYTES) return -1;
    const distance = bytes[from] | (bytes[from + 1] << 8);
    from += OFFSET_BYTES;
    length = (token & LENGTH_IN_TOKEN_MAX) + MATCH_BYTES_MIN;
    if (length === LENGTH_IN_TOKEN_MAX + MATCH_BYTES_MIN) {
      let added = LENGTH_BYTE_MAX;
      while (added === LENGTH_BYTE_MAX && from < end) length += added = bytes[from++];
    }
    if (distance === 0 || distance > to || length > limit - to) return -1;
    const matchAt = to - distance;
    if (length >= LONG_COPY_BYTES && distance >= length) targetBytes.copyWithin(to, matchAt, matchAt + length);
    else if (distance >= WORD_BYTES && length + STEP_BYTES <= limit - to)
      copyWords(targetView, matchAt, targetView, to, length);
    else copyBytes(targetBytes, matchAt, targetBytes, to, length);
    to += length;
  }
  return -1;
}

/** Writes up to STEP_BYTES - 1 bytes too many. In order, so that a match may repeat what it has just made. */
function copyWords(source: DataView, from: number, target: DataView, to: number, length: number): void {
  for (let i = 0; i < length; i += STEP_BYTES) {
    target.setInt32(to + i, source.getInt32(from + i, true), true);
    target.setInt32(to + i + WORD_BYTES, source.getInt32(from + i + WORD_BYTES, true), true);
  }
}

function copyBytes(source: Uint8Array, from: number, target: Uint8Array, to: number, length: number): void {
  for (let i = 0; i < length; i++) target[to + i] = source[from + i];
}
