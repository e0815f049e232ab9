/** Bytes as the engine passes them about without allocating: `source[start, end)`. Keys order bytewise, shorter first. */

export const EMPTY_BYTES: Uint8Array = new Uint8Array(0);

/** Order of `a[aStart, aEnd)` and `b[bStart, bEnd)`: negative, 0 or positive. At key lengths a loop costs what a native call does. */
export function compareRanges(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  const aLength = aEnd - aStart;
  const bLength = bEnd - bStart;
  const shared = aLength < bLength ? aLength : bLength;
  for (let i = 0; i < shared; i++) {
    const difference = a[aStart + i] - b[bStart + i];
    if (difference !== 0) return difference;
  }
  return aLength - bLength;
}

export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return compareRanges(a, 0, a.length, b, 0, b.length);
}

/** How many leading bytes the two ranges share. */
export function commonPrefixLength(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  const limit = Math.min(aEnd - aStart, bEnd - bStart);
  let length = 0;
  while (length < limit && a[aStart + length] === b[bStart + length]) length++;
  return length;
}

const COPY_LOOP_BYTES_MAX = 48;

/**
 * Copies `source[start, end)` to `target` at `at`; the two do not overlap. A whole array goes in one native copy, which is
 * how users' keys and values come; a part of one needs a view for that (50 ns), and a loop is cheaper while it is short.
 */
export function copyRange(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): void {
  const length = end - start;
  if (length === source.length) {
    target.set(source, at);
  } else if (length <= COPY_LOOP_BYTES_MAX) {
    for (let i = 0; i < length; i++) target[at + i] = source[start + i];
  } else {
    target.set(source.subarray(start, end), at);
  }
}

/** The user's copy of `source[start, end)`. Never a view: memory below may be recycled or mapped read-only. */
export function copyToBuffer(source: Uint8Array, start: number, end: number): Buffer {
  const length = end - start;
  const copy = Buffer.allocUnsafe(length);
  copyRange(source, start, end, copy, 0);
  return copy;
}

export function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

export function readUint16(source: Uint8Array, at: number): number {
  return source[at] | (source[at + 1] << 8);
}

export function writeUint16(target: Uint8Array, at: number, value: number): void {
  target[at] = value;
  target[at + 1] = value >>> 8;
}

export function readUint32(source: Uint8Array, at: number): number {
  return (source[at] | (source[at + 1] << 8) | (source[at + 2] << 16) | (source[at + 3] << 24)) >>> 0;
}

export function writeUint32(target: Uint8Array, at: number, value: number): void {
  target[at] = value;
  target[at + 1] = value >>> 8;
  target[at + 2] = value >>> 16;
  target[at + 3] = value >>> 24;
}

const TWO_32 = 2 ** 32;

/** Eight bytes, little-endian; above 2^53 the value is not exact, so a caller checks it against a limit. */
export function readUint64(source: Uint8Array, at: number): number {
  return readUint32(source, at) + readUint32(source, at + 4) * TWO_32;
}

export function writeUint64(target: Uint8Array, at: number, value: number): void {
  const high = Math.floor(value / TWO_32);
  // A remainder of numbers beyond 32 bits would be a call of its own.
  writeUint32(target, at, value - high * TWO_32);
  writeUint32(target, at + 4, high);
}
