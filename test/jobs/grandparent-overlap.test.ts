import { describe, expect, it } from 'vitest';
import { GrandparentOverlap } from '../../src/jobs/grandparent-overlap.js';
import type { Grandparent } from '../../src/jobs/job.js';

function table(smallest: string, largest: string, fileBytes: number, isLargestKeyExclusive = false): Grandparent {
  return { smallestKey: Buffer.from(smallest), largestKey: Buffer.from(largest), isLargestKeyExclusive, fileBytes };
}

/** The keys before which an output ends, if nothing else ends it. */
function cuts(grandparents: readonly Grandparent[], bytesMax: number, keys: string): string {
  const overlap = new GrandparentOverlap(grandparents, bytesMax);
  let isFirst = true;
  return [...keys]
    .filter((letter) => {
      const key = Buffer.from(letter);
      const isTooMuch = overlap.isTooMuchAt(key, 0, key.length);
      const isCut = isTooMuch && !isFirst;
      if (isCut || isFirst) overlap.restart(key, 0, key.length);
      isFirst = false;
      return isCut;
    })
    .join('');
}

describe('an output that overlaps grandparents', () => {
  const four = [table('b', 'd', 10), table('f', 'h', 10), table('j', 'l', 10), table('n', 'p', 10)];

  it.each<[bytesMax: number, keys: string, cuts: string]>([
    [40, 'abcdefghijklmnopqrs', ''],
    [25, 'abcdefghijklmnopqrs', 'j'],
    [10, 'abcdefghijklmnopqrs', 'fjn'],
    [5, 'abcdefghijklmnopqrs', 'bfjn'],
    [25, 'bq', 'q'],
    [25, 'eq', 'q'],
    [30, 'eq', ''],
    [10, 'eimq', 'm'],
    [10, 'cgko', 'gko'],
    [10, 'c', ''],
    [10, 'z', ''],
  ])('of at most %i bytes, with keys %s, is cut before %s', (bytesMax, keys, expected) => {
    expect(cuts(four, bytesMax, keys)).toBe(expected);
  });

  it('does not count one that ends where it starts', () => {
    const touching = [table('a', 'c', 10, true), table('c', 'e', 10), table('g', 'h', 10)];
    expect(cuts(touching, 20, 'cg')).toBe('');
    expect(cuts(touching, 20, 'bg')).toBe('g');
  });

  it('of none is never cut', () => {
    expect(cuts([], 0, 'abc')).toBe('');
  });
});
