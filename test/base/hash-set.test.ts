import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HashSet } from '../../src/base/hash-set.js';

const HASH_MAX = 2 ** 53 - 2;

describe('a set of hashes', () => {
  it('has what was added, and nothing else', () => {
    // Few different numbers, so that some come twice, and some large ones.
    const hash = fc.oneof(
      fc.integer({ min: 0, max: 60 }),
      fc.maxSafeNat().filter((value) => value <= HASH_MAX),
    );
    fc.assert(
      fc.property(fc.array(hash, { maxLength: 300 }), fc.array(hash, { maxLength: 50 }), (added, others) => {
        const set = new HashSet();
        const model = new Set<number>();
        for (const value of added) {
          set.add(value);
          model.add(value);
        }
        expect(set.size).toBe(model.size);
        expect([...set.values()].sort(numerically)).toEqual([...model].sort(numerically));
        for (const value of [...added, ...others]) expect(set.has(value)).toBe(model.has(value));
      }),
    );
  });

  it('takes the smallest and the largest', () => {
    const set = new HashSet();
    set.add(0);
    set.add(HASH_MAX);
    expect([...set.values()].sort(numerically)).toEqual([0, HASH_MAX]);
    expect(set.has(HASH_MAX - 1)).toBe(false);
    expect(set.has(1)).toBe(false);
  });
});

function numerically(a: number, b: number): number {
  return a - b;
}
