/**
 * The hash that filters are built from and asked with. One function for all tables, so that a lookup hashes its key
 * once. The addon and its JavaScript twin are equal; the addon wins only where the key is long enough to pay for its
 * call.
 */
import { xxh32 } from '@node-rs/xxhash';
import { signedXxhash32, xxhash32 } from '../base/xxhash32.js';

/** Stored in every filter. Another seed is another filter format. */
export const KEY_HASH_SEED = 0;

const TWIN_BYTES_MAX = 128;

/** The 32-bit hash of the user key `source[start, end)`. */
export function hashKey(source: Uint8Array, start: number, end: number): number {
  if (end - start <= TWIN_BYTES_MAX) return xxhash32(source, start, end, KEY_HASH_SEED);
  return xxh32(source.subarray(start, end), KEY_HASH_SEED);
}

/** Puts it at `at` of `hashes`: for hashes that are kept, without one that is passed on. */
export function storeKeyHash(hashes: Uint32Array, at: number, source: Uint8Array, start: number, end: number): void {
  const isShort = end - start <= TWIN_BYTES_MAX;
  hashes[at] = isShort ? signedXxhash32(source, start, end, KEY_HASH_SEED) : hashKey(source, start, end);
}
