import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.js';

function take(prng: Prng, count: number): number[] {
  return Array.from({ length: count }, () => prng.nextUint32());
}

describe('the seeded generator', () => {
  it('gives the same numbers for a seed for ever, or old failures could not be replayed', () => {
    expect(take(new Prng(0), 3)).toEqual([1684164658, 3653269916, 2939563536]);
    expect(take(new Prng(1), 3)).toEqual([1580013426, 350525680, 3524174333]);
    expect(take(new Prng(0xffffffff), 3)).toEqual([3950124170, 4293442868, 1302505678]);
  });

  it('replays a mixture of draws', () => {
    const draw = (prng: Prng) => [
      prng.below(10),
      prng.chance(0.5),
      prng.pick(['a', 'b', 'c']),
      ...prng.fill(new Uint8Array(9)),
    ];
    const a = new Prng(77);
    const b = new Prng(77);
    for (let i = 0; i < 100; i++) expect(draw(a)).toEqual(draw(b));
  });

  it('takes seeds modulo 2^32, and neighbouring seeds have nothing in common', () => {
    expect(take(new Prng(2 ** 32 + 5), 4)).toEqual(take(new Prng(5), 4));
    expect(take(new Prng(-1), 4)).toEqual(take(new Prng(0xffffffff), 4));
    const seen = new Set(Array.from({ length: 1000 }, (_, seed) => new Prng(seed).nextUint32()));
    expect(seen.size).toBe(1000);
  });

  it('stays within its bounds and reaches all of them', () => {
    const prng = new Prng(3);
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 7000; i++) counts[prng.below(7)]++;
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(7000);
    expect(new Set(Array.from({ length: 100 }, () => prng.below(1)))).toEqual(new Set([0]));
  });

  it('takes chances as often as told', () => {
    const prng = new Prng(4);
    const rate = (probability: number) =>
      Array.from({ length: 4000 }, () => prng.chance(probability)).filter(Boolean).length;
    expect(rate(0)).toBe(0);
    expect(rate(1)).toBe(4000);
    expect(Math.abs(rate(0.25) - 1000)).toBeLessThan(150);
  });

  it('fills bytes of all values and returns what it filled', () => {
    const target = new Uint8Array(10_000);
    expect(new Prng(5).fill(target) === target).toBe(true);
    expect(new Set(target).size).toBe(256);
  });
});
