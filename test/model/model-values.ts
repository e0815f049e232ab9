import type { Prng } from '../../src/base/prng.js';
import { type ModelScan, orderOf } from './model-map.js';

/** Few, so that they meet often; prefixes of each other, so that their order is not trivial. */
const FIXED_KEYS = ['a', 'aa', 'aaa', 'ab', 'b', 'b\u0000', 'ba', 'c', 'key/1', 'key/10', 'key/2', 'ü', 'z'.repeat(70)];
const NUMBERED_KEYS = 60;

export function randomKey(prng: Prng): string {
  if (prng.chance(0.5)) return prng.pick(FIXED_KEYS);
  return `n/${String(prng.below(NUMBERED_KEYS)).padStart(3, '0')}`;
}

/** No two puts write the same value, so that an old one cannot pass for a new one. */
export function randomValue(prng: Prng, step: number): string {
  const tag = `${step}.${prng.below(1000)}:`;
  if (prng.chance(0.05)) return '';
  return tag.padEnd(prng.pick([0, 10, 60, 300, 5000]), 'v');
}

export function randomTtlMs(prng: Prng): number | undefined {
  return prng.chance(0.25) ? prng.pick([1, 10, 1000, 5000, 60_000]) : undefined;
}

export function randomBound(prng: Prng): string | undefined {
  return prng.chance(0.4) ? randomKey(prng) : undefined;
}

export function randomRange(prng: Prng): { readonly gte: string; readonly lt: string } {
  const [gte, lt] = [randomKey(prng), randomKey(prng)].sort(orderOf);
  return { gte, lt };
}

export function randomScan(prng: Prng): ModelScan {
  return {
    gte: randomBound(prng),
    gt: randomBound(prng),
    lte: randomBound(prng),
    lt: randomBound(prng),
    reverse: prng.chance(0.5),
    limit: prng.pick([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0, 1, 3]),
  };
}
