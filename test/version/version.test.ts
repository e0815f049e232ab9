import { describe, expect, it } from 'vitest';
import { LEVEL_COUNT } from '../../src/base/limits.js';
import { Version } from '../../src/version/version.js';
import { added, edit, numbersOf, table } from './tables.js';

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

  it('keeps a blob file as long as one of its tables refers to it', () => {
    const blobUses = [{ number: 7, valueCount: 1, valueBytes: 5000 }];
    const blob = { number: 7, fileBytes: 5100, valueCount: 1, valueBytes: 5000 };
    const first = edit({ addedTables: [{ level: 1, table: table(1, 'a', 'b', { blobUses }) }], addedBlobs: [blob] });
    const version = Version.empty().apply(first);
    expect([...version.blobs]).toEqual([[7, blob]]);
    const moved = version.apply(
      edit({
        deletedTables: [{ level: 1, number: 1 }],
        addedTables: [{ level: 2, table: table(2, 'a', 'b', { blobUses }) }],
      }),
    );
    expect([...moved.blobs.keys()]).toEqual([7]);
    expect([...moved.apply(edit({ deletedTables: [{ level: 2, number: 2 }] })).blobs]).toEqual([]);
  });

  it('refuses a table that refers to a blob file that nobody added', () => {
    const blobUses = [{ number: 7, valueCount: 1, valueBytes: 5000 }];
    expect(() => Version.empty().apply(added(1, table(1, 'a', 'b', { blobUses })))).toThrow('blob file 7');
  });

  it('lets tables meet at a key where the first one ends exclusively', () => {
    const open = table(1, 'a', 'c', { isLargestKeyExclusive: true });
    expect(numbersOf(Version.empty().apply(added(1, open, table(2, 'c', 'd'))))[1]).toEqual([1, 2]);
    expect(() => Version.empty().apply(added(1, table(1, 'a', 'c'), table(2, 'c', 'd')))).toThrow('overlap');
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
