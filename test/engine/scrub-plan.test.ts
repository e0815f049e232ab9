import { describe, expect, it } from 'vitest';
import { MIB } from '../../src/base/limits.js';
import { nextToScrub, type ScrubbedTable, scrubStepMs } from '../../src/engine/scrub-plan.js';

function table(number: number, createdAtMs: number, fileBytes = MIB): ScrubbedTable {
  return { number, createdAtMs, fileBytes, blobUses: [] };
}

describe('the next table to scrub', () => {
  const tables = [table(7, 300), table(3, 100), table(9, 200), table(4, 100)];

  it.each([
    ['never read, the oldest first', {}, 3],
    ['of two of one age the lower number', { 3: 50 }, 4],
    ['any that was never read before any that was', { 3: 50, 4: 60 }, 9],
    ['then the one that was read the longest ago', { 3: 50, 4: 20, 9: 30, 7: 40 }, 4],
  ])('is %s', (_case, checked, number) => {
    const times = new Map(Object.entries(checked).map(([name, atMs]) => [Number(name), atMs]));
    expect(nextToScrub(tables, times)?.number).toBe(number);
  });

  it('is none where there is no table', () => {
    expect(nextToScrub([], new Map())).toBeUndefined();
  });
});

describe('the time from one table to the next', () => {
  it('is its share of the period', () => {
    const tables = [table(1, 0, 3 * MIB), table(2, 0, MIB)];
    expect(tables.map((one) => scrubStepMs(one, tables, 400_000))).toEqual([300_000, 100_000]);
  });

  it('counts the values in blob files that are read with a table', () => {
    const large = { ...table(1, 0, MIB), blobUses: [{ number: 5, valueCount: 2, valueBytes: 2 * MIB }] };
    expect(scrubStepMs(large, [large, table(2, 0, MIB)], 400_000)).toBe(300_000);
  });

  it('is never so short that the disk is busy with it', () => {
    const tables = [table(1, 0, 64 * MIB), table(2, 0, 64 * MIB)];
    expect(scrubStepMs(tables[0], tables, 1000)).toBe(4000);
  });
});
