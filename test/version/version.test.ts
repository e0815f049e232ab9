import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes } from '../../src/base/bytes.js';
import { LEVEL_COUNT } from '../../src/base/limits.js';
import { firstTableEndingAtOrAfter, Version } from '../../src/version/version.js';
import { added, bytes, edit, numbersOf, table } from './tables.js';

describe('version', () => {
  it('starts with all levels and no tables', () => {
    expect(Version.empty().levels).toHaveLength(LEVEL_COUNT);
    expect(Version.empty().tables()).toEqual([]);
  });

  it('keeps L0 newest first, by largest sequence and then by number', () => {
    const tables = [
      table(4, 'a', 'z', { largestSequence: 50 }),
      table(2, 'a', 'z', { largestSequence: 90 }),
      table(3, 'a', 'z', { largestSequence: 50 }),
    ];
    expect(numbersOf(Version.empty().apply(added(0, ...tables)))[0]).toEqual([2, 4, 3]);
  });

  it('keeps the other levels by key', () => {
    const version = Version.empty().apply(added(2, table(1, 'p', 'q'), table(2, 'a', 'c'), table(3, 'd', 'd')));
    expect(numbersOf(version)[2]).toEqual([2, 3, 1]);
  });

  it('leaves the version before an edit as it was, and shares the levels that the edit does not touch', () => {
    const before = Version.empty().apply(added(1, table(1, 'a', 'b')));
    const after = before.apply(added(0, table(2, 'a', 'b')));
    expect(numbersOf(before)[0]).toEqual([]);
    expect(numbersOf(after)[0]).toEqual([2]);
    expect(after.levels[1]).toBe(before.levels[1]);
  });

  it('moves a table to another level by a deletion and an addition of the same number', () => {
    const moved = table(1, 'a', 'b');
    const before = Version.empty().apply(added(1, moved));
    const after = before.apply({ deletedTables: [{ level: 1, number: 1 }], addedTables: [{ level: 2, table: moved }] });
    expect(numbersOf(after)).toEqual([[], [], [1], [], [], [], []]);
  });

  it.each([
    ['adds a table that exists', added(2, table(1, 'x', 'y'))],
    ['adds to a level that does not exist', added(LEVEL_COUNT, table(2, 'x', 'y'))],
    ['deletes a table that does not exist', edit({ deletedTables: [{ level: 1, number: 9 }] })],
    ['deletes a table from a level that it is not in', edit({ deletedTables: [{ level: 2, number: 1 }] })],
    ['makes tables of a level overlap', added(1, table(2, 'c', 'f'))],
    ['makes tables of a level share a bound', added(1, table(2, 'd', 'f'))],
  ])('refuses an edit that %s', (_, misfit) => {
    const version = Version.empty().apply(added(1, table(1, 'b', 'd')));
    expect(() => version.apply(misfit)).toThrow('invariant broken');
  });

  it('sums up each level', () => {
    const version = Version.empty().apply(added(1, table(1, 'a', 'b'), table(2, 'c', 'd')));
    expect(version.totals[0]).toEqual({ fileCount: 0, storedBytes: 0, rawBytes: 0, entryCount: 0, tombstoneCount: 0 });
    expect(version.totals[1]).toEqual({
      fileCount: 2,
      storedBytes: 2003,
      rawBytes: 4003,
      entryCount: 20,
      tombstoneCount: 2,
    });
  });

  it('finds the one table of a level that may hold a key', () => {
    const version = Version.empty().apply(added(1, table(1, 'b', 'd'), table(2, 'f', 'f'), table(3, 'h', 'k')));
    const found = ['a', 'b', 'c', 'd', 'e', 'f', 'ff', 'h', 'k', 'kk'].map(
      (key) => version.findTable(1, bytes(key))?.number,
    );
    expect(found).toEqual([undefined, 1, 1, 1, undefined, 2, undefined, 3, 3, undefined]);
    expect(() => version.findTable(0, bytes('a'))).toThrow('overlap');
  });

  it('searches as a walk through the level would', () => {
    const keys = fc.uniqueArray(fc.uint8Array({ minLength: 1, maxLength: 3 }), {
      comparator: (a, b) => compareBytes(a, b) === 0,
    });
    const property = fc.property(keys, fc.uint8Array({ minLength: 1, maxLength: 3 }), (bounds, key) => {
      bounds.sort(compareBytes);
      const tables = [];
      for (let i = 0; i + 1 < bounds.length; i += 2) {
        tables.push(table(i + 1, 'x', 'x', { smallestKey: bounds[i], largestKey: bounds[i + 1] }));
      }
      const walked = tables.findIndex(({ largestKey }) => compareBytes(largestKey, key) >= 0);
      expect(firstTableEndingAtOrAfter(tables, key)).toBe(walked < 0 ? tables.length : walked);
    });
    fc.assert(property, { seed: 4, numRuns: 500 });
  });

  it('counts references and says which release was the last', () => {
    const version = Version.empty();
    version.retain();
    version.retain();
    expect(version.release()).toBe(false);
    expect(version.isReferenced).toBe(true);
    expect(version.release()).toBe(true);
    expect(version.isReferenced).toBe(false);
  });

  it('is neither released too often nor taken up again once its files may be gone', () => {
    const version = Version.empty();
    version.retain();
    version.release();
    expect(() => version.release()).toThrow('once for each retain');
    expect(() => version.retain()).toThrow('after its last release');
  });
});
