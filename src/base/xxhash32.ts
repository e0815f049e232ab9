/**
 * xxHash32 in plain JavaScript. For keys of ordinary length it beats the addon, whose every call costs more than the
 * hash; the two are proven equal by test, so either may compute a hash that the other one looks up.
 */
const PRIME_1 = 0x9e3779b1;
const PRIME_2 = 0x85ebca77;
const PRIME_3 = 0xc2b2ae3d;
const PRIME_4 = 0x27d4eb2f;
const PRIME_5 = 0x165667b1;

const STRIPE_BYTES = 16;

/** The hash of `source[start, end)`, in [0, 2^32). */
export function xxhash32(source: Uint8Array, start: number, end: number, seed = 0): number {
  return signedXxhash32(source, start, end, seed) >>> 0;
}

/** The same bits as a signed number. Half of all unsigned ones take memory wherever they are passed on; these never do. */
export function signedXxhash32(source: Uint8Array, start: number, end: number, seed: number): number {
  const length = end - start;
  let position = start;
  let hash = (seed + PRIME_5) | 0;
  if (length >= STRIPE_BYTES) {
    hash = hashStripes(source, start, end, seed);
    position = start + (length - (length % STRIPE_BYTES));
  }
  hash = (hash + length) | 0;
  for (; position + 4 <= end; position += 4) {
    hash = (hash + Math.imul(readInt32(source, position), PRIME_3)) | 0;
    hash = Math.imul((hash << 17) | (hash >>> 15), PRIME_4);
  }
  for (; position < end; position++) {
    hash = (hash + Math.imul(source[position], PRIME_5)) | 0;
    hash = Math.imul((hash << 11) | (hash >>> 21), PRIME_1);
  }
  hash = Math.imul(hash ^ (hash >>> 15), PRIME_2);
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3);
  return hash ^ (hash >>> 16);
}

/** Four accumulators over all whole 16-byte stripes, folded into one. */
function hashStripes(source: Uint8Array, start: number, end: number, seed: number): number {
  let a = (seed + PRIME_1 + PRIME_2) | 0;
  let b = (seed + PRIME_2) | 0;
  let c = seed | 0;
  let d = (seed - PRIME_1) | 0;
  for (let position = start; position + STRIPE_BYTES <= end; position += STRIPE_BYTES) {
    a = round(a, readInt32(source, position));
    b = round(b, readInt32(source, position + 4));
    c = round(c, readInt32(source, position + 8));
    d = round(d, readInt32(source, position + 12));
  }
  const ab = ((a << 1) | (a >>> 31)) + ((b << 7) | (b >>> 25));
  const cd = ((c << 12) | (c >>> 20)) + ((d << 18) | (d >>> 14));
  return (ab + cd) | 0;
}

function round(accumulator: number, lane: number): number {
  const mixed = (accumulator + Math.imul(lane, PRIME_2)) | 0;
  return Math.imul((mixed << 13) | (mixed >>> 19), PRIME_1);
}

function readInt32(source: Uint8Array, at: number): number {
  return source[at] | (source[at + 1] << 8) | (source[at + 2] << 16) | (source[at + 3] << 24);
}
