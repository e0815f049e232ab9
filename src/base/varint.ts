/**
 * LEB128 varints for numbers up to 2^53: seven bits a byte, low bits first, high bit set on all but the last.
 * A decoder returns through a cursor so that the hot paths allocate nothing.
 */

export const VARINT_BYTES_MAX = 8;

/** Writes `value` at `at` and returns the position after it. */
export function writeVarint(target: Uint8Array, at: number, value: number): number {
  let position = at;
  let rest = value;
  while (rest >= 0x80) {
    target[position++] = (rest & 0x7f) | 0x80;
    // Division keeps numbers past 2^31 right; the shift is for the common small ones.
    rest = rest < 0x80000000 ? rest >>> 7 : Math.floor(rest / 128);
  }
  target[position++] = rest;
  return position;
}

export function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

/** Where a decoder stands. `position` is -1 after a varint that ran past `end` or past 2^53. */
export interface VarintCursor {
  position: number;
}

/** Reads the varint at `cursor.position` and moves the cursor past it, or to -1 when there is no whole one before `end`. */
export function readVarint(source: Uint8Array, cursor: VarintCursor, end: number): number {
  let position = cursor.position;
  let value = 0;
  let scale = 1;
  for (let i = 0; i < VARINT_BYTES_MAX && position < end; i++) {
    const byte = source[position++];
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      cursor.position = value <= Number.MAX_SAFE_INTEGER ? position : -1;
      return value;
    }
    scale *= 128;
  }
  cursor.position = -1;
  return 0;
}
