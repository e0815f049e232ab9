import { describe, expect, it } from 'vitest';
import { disjointRuns } from '../../src/jobs/disjoint-runs.js';
import type { KeyRange } from '../../src/read/key-range.js';

/** `a-c` up to and with c, `a-c)` without it. */
function range(text: string): KeyRange {
  const [smallest, largest] = text.replace(')', '').split('-');
  return {
    smallestKey: Buffer.from(smallest),
    largestKey: Buffer.from(largest),
    isLargestKeyExclusive: text.endsWith(')'),
  };
}

function show({ smallestKey, largestKey, isLargestKeyExclusive }: KeyRange): string {
  return `${Buffer.from(smallestKey)}-${Buffer.from(largestKey)}${isLargestKeyExclusive ? ')' : ''}`;
}

describe('runs of disjoint tables', () => {
  it.each<[tables: string, runs: string[]]>([
    ['', []],
    ['a-c', ['a-c']],
    ['d-f a-c', ['a-c d-f']],
    ['a-c c-f', ['a-c', 'c-f']],
    ['a-c) c-f', ['a-c) c-f']],
    ['a-z b-c d-e f-z', ['a-z', 'b-c d-e f-z']],
    ['a-c b-f d-g h-i', ['a-c d-g h-i', 'b-f']],
    ['a-b a-b a-b', ['a-b', 'a-b', 'a-b']],
  ])('of %s are %j', (tables, expected) => {
    const ranges = tables.split(' ').filter(Boolean).map(range);
    expect(disjointRuns(ranges).map((run) => run.map(show).join(' '))).toEqual(expected);
  });
});
