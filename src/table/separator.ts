import { commonPrefixLength } from '../base/bytes.js';

const BYTE_MAX = 0xff;

/**
 * How short a key can be that is at or above `below` and under `above`, and what it is: a copy of the shortest such
 * key. Equal keys (two versions of one key on both sides of a cut) have only themselves.
 *
 *     below   above   separator
 *     abcde   abq     abd        one byte can go up and stays under
 *     abcde   abdz    abd        the other key, cut after the difference, is still under it
 *     abc\xff abd     abc\xff    nothing shorter fits
 *     ab      abc     ab
 */
export function shortestSeparator(below: Uint8Array, above: Uint8Array): Uint8Array {
  const shared = commonPrefixLength(below, 0, below.length, above, 0, above.length);
  if (shared === below.length || shared === below.length - 1) return new Uint8Array(below);
  if (below[shared] + 1 < above[shared] || above.length > shared + 1) return raisedPrefix(below, shared);
  // Here `above` is the shared bytes and one more: any key under it starts with one byte more of `below`.
  for (let at = shared + 1; at < below.length - 1; at++) {
    if (below[at] < BYTE_MAX) return raisedPrefix(below, at);
  }
  return new Uint8Array(below);
}

/** `key[0, at]` with its last byte one higher. */
function raisedPrefix(key: Uint8Array, at: number): Uint8Array {
  const prefix = new Uint8Array(key.subarray(0, at + 1));
  prefix[at]++;
  return prefix;
}
