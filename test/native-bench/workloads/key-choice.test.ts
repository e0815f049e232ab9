import { describe, expect, it } from 'vitest';
import { fnv64Below } from '../../../native-bench/workloads/fnv64.js';
import {
  type KeyChoice,
  KeyRing,
  LatestChoice,
  ScrambledZipfChoice,
  UniformChoice,
} from '../../../native-bench/workloads/key-choice.js';
import { RandomRecords } from '../../../native-bench/workloads/records.js';
import { Zipf } from '../../../native-bench/workloads/zipf.js';
import { Prng } from '../../../src/base/prng.js';

const DRAWS = 200_000;

/** How often each index was drawn, as a share of all draws, most often first. */
function shares(choice: KeyChoice): { readonly index: number; readonly share: number }[] {
  const counts = new Map<number, number>();
  for (let i = 0; i < DRAWS; i++) {
    const index = choice.next();
    counts.set(index, (counts.get(index) ?? 0) + 1);
  }
  return [...counts].map(([index, count]) => ({ index, share: count / DRAWS })).sort((a, b) => b.share - a.share);
}

function zeta(count: number): number {
  let sum = 0;
  for (let rank = 1; rank <= count; rank++) sum += rank ** -0.99;
  return sum;
}

describe('zipf', () => {
  it('gives the first ranks the shares that the law says', () => {
    const zipf = new Zipf(new Prng(1), 1000);
    const drawn = new Map(shares(zipf).map(({ index, share }) => [index, share]));
    for (const rank of [0, 1]) expect(drawn.get(rank)).toBeCloseTo((rank + 1) ** -0.99 / zeta(1000), 2);
  });

  it('keeps within its ranks, to the last', () => {
    const zipf = new Zipf(new Prng(1), 10);
    expect(new Set(shares(zipf).map(({ index }) => index))).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
  });

  it('that grew is the one that was made as large', () => {
    const grown = new Zipf(new Prng(1), 10);
    grown.grow(5000);
    const made = new Zipf(new Prng(1), 5000);
    expect(Array.from({ length: 1000 }, () => grown.next())).toEqual(Array.from({ length: 1000 }, () => made.next()));
  });
});

describe('scrambled zipf', () => {
  const COUNT = 100_000;

  it('has the head of ten billion ranks, as YCSB has it', () => {
    const [first, second] = shares(new ScrambledZipfChoice(new Prng(1), COUNT));
    expect(first).toEqual({ index: fnv64Below(0, COUNT), share: expect.closeTo(1 / 26.469, 2) });
    expect(second).toEqual({ index: fnv64Below(1, COUNT), share: expect.closeTo(0.5 ** 0.99 / 26.469, 2) });
  });

  it('has popular records anywhere', () => {
    const popular = shares(new ScrambledZipfChoice(new Prng(1), COUNT)).slice(0, 100);
    const meanIndex = popular.reduce((sum, { index }) => sum + index, 0) / popular.length;
    expect(meanIndex / COUNT).toBeGreaterThan(0.4);
    expect(meanIndex / COUNT).toBeLessThan(0.6);
  });
});

describe('fnv64Below', () => {
  /** The same with whole 64-bit numbers. */
  function reference(value: number, bound: number): number {
    let hash = 0xcbf29ce484222325n;
    for (let octet = 0n; octet < 8n; octet++) {
      hash ^= (BigInt(value) >> (8n * octet)) & 0xffn;
      hash = BigInt.asUintN(64, hash * 1099511628211n);
    }
    const signed = BigInt.asIntN(64, hash);
    return Number((signed < 0n ? -signed : signed) % BigInt(bound));
  }

  it('is the 64-bit hash in halves', () => {
    const random = new Prng(1);
    for (let i = 0; i < 2000; i++) {
      const value = random.nextUint32() * random.below(1000);
      const bound = 1 + random.below(50_000_000);
      expect(fnv64Below(value, bound)).toBe(reference(value, bound));
    }
  });
});

describe('latest', () => {
  it('prefers the newest record, whatever was added', () => {
    let count = 1000;
    const choice = new LatestChoice(new Prng(1), () => count);
    expect(shares(choice)[0].index).toBe(999);
    count = 2000;
    const later = shares(choice);
    expect(later[0].index).toBe(1999);
    expect(later.every(({ index }) => index >= 0 && index < 2000)).toBe(true);
  });
});

describe('uniform', () => {
  it('favours none', () => {
    const drawn = shares(new UniformChoice(new Prng(1), 100, 50));
    expect(drawn).toHaveLength(50);
    expect(drawn[0].share / drawn[49].share).toBeLessThan(1.2);
    expect(Math.min(...drawn.map(({ index }) => index))).toBe(100);
  });
});

describe('a ring of keys', () => {
  it('hands out the same keys again after the last', () => {
    const records = new RandomRecords(7, 100);
    const ring = new KeyRing(records, new UniformChoice(new Prng(1), 0, 1000), 5);
    const first = ring.take(5).map((key) => key.toString('hex'));
    expect(ring.take(5).map((key) => key.toString('hex'))).toEqual(first);
    const all = new Set(Array.from({ length: 1000 }, (_, index) => records.key(index).toString('hex')));
    expect(first.every((key) => all.has(key))).toBe(true);
  });
});
