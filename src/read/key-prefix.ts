/** Bytes of a key that one Number holds exactly; two keys that differ in them are ordered by one comparison. */
export const KEY_PREFIX_BYTES = 6;

const TWO_24 = 2 ** 24;

/**
 * The first KEY_PREFIX_BYTES of `source[start, end)` as a big-endian number below 2^48, short keys filled up with zeros.
 * Different prefixes order as their keys do; equal ones say nothing, since a key may itself end in zeros.
 */
export function keyPrefix(source: Uint8Array, start: number, end: number): number {
  if (end - start < KEY_PREFIX_BYTES) return shortKeyPrefix(source, start, end);
  const high = (source[start] << 16) | (source[start + 1] << 8) | source[start + 2];
  const low = (source[start + 3] << 16) | (source[start + 4] << 8) | source[start + 5];
  return high * TWO_24 + low;
}

function shortKeyPrefix(source: Uint8Array, start: number, end: number): number {
  let prefix = 0;
  for (let i = 0; i < KEY_PREFIX_BYTES; i++) {
    const at = start + i;
    prefix = prefix * 256 + (at < end ? source[at] : 0);
  }
  return prefix;
}
