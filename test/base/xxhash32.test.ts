import { xxh32 } from '@node-rs/xxhash';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.js';
import { xxhash32 } from '../../src/base/xxhash32.js';

describe('xxhash32', () => {
  it('equals the addon for every length from 0 to 300 and several seeds', () => {
    const bytes = new Prng(1).fill(new Uint8Array(300));
    for (let length = 0; length <= 300; length++) {
      for (const seed of [0, 1, 0x9e3779b1, 0xffffffff]) {
        const expected = xxh32(bytes.subarray(0, length), seed);
        expect(xxhash32(bytes, 0, length, seed), `length ${length}, seed ${seed}`).toBe(expected);
      }
    }
  });

  it('equals the addon for random bytes in the middle of a larger array', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), fc.nat(40), fc.nat(40), (bytes, before, after) => {
        const source = new Uint8Array(before + bytes.length + after).fill(0xa5);
        source.set(bytes, before);
        expect(xxhash32(source, before, before + bytes.length)).toBe(xxh32(bytes));
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it('gives the published value of the empty input', () => {
    expect(xxhash32(new Uint8Array(0), 0, 0)).toBe(0x02cc5d05);
  });
});
