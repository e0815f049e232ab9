import { describe, expect, it } from 'vitest';
import { LEVEL_COUNT } from '../../src/base/limits.js';
import { bulkLevel } from '../../src/engine/bulk-level.js';
import type { KeyRange } from '../../src/read/key-range.js';
import { bytes, table } from '../version/tables.js';

const range = (smallest: string, largest: string): KeyRange => ({
  smallestKey: bytes(smallest),
  largestKey: bytes(largest),
  isLargestKeyExclusive: false,
});

describe('the level of a bulk load of m to p', () => {
  it.each<[string, Record<number, [string, string][]>, number[], number]>([
    ['an empty tree', {}, [], 6],
    [
      'other keys everywhere',
      {
        0: [['a', 'l']],
        3: [
          ['a', 'c'],
          ['q', 'z'],
        ],
        6: [['a', 'b']],
      },
      [],
      6,
    ],
    ['keys of the range in the last level', { 6: [['a', 'm']] }, [], 5],
    ['keys of the range in the middle', { 3: [['p', 'z']], 6: [['a', 'b']] }, [], 2],
    ['keys of the range in L1', { 1: [['n', 'o']] }, [], 0],
    ['keys of the range in L0', { 0: [['a', 'z']] }, [], 0],
    ['a compaction on its way into the last level there', {}, [6], 5],
    ['a compaction on its way into the middle there', {}, [3], 2],
    ['an L0 merge on its way there', {}, [0], 6],
  ])('over %s', (_, tables, busy, expected) => {
    const levels = Array.from({ length: LEVEL_COUNT }, (_unused, level) =>
      (tables[level] ?? []).map(([smallest, largest], i) => table(level * 10 + i + 1, smallest, largest)),
    );
    expect(bulkLevel(levels, range('m', 'p'), (level) => busy.includes(level))).toBe(expected);
  });
});
