import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes } from '../../src/base/bytes.js';
import type { KeyRange } from '../../src/read/key-range.js';
import { LevelIterator } from '../../src/read/level-iterator.js';
import type { VersionEntry } from '../support/array-iterator.js';
import { ArrayIterator, compareEntries, entryAt } from '../support/array-iterator.js';
import { arbitraryVersions, makeEntry } from './arbitrary-versions.js';
import { arbitraryWalk, takeStep } from './iterator-walk.js';

const key = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));

/** Cuts sorted entries into tables of at least `entriesMin`, all versions of a user key in one. */
function cutTables(entries: readonly VersionEntry[], entriesMin: number): VersionEntry[][] {
  const tables: VersionEntry[][] = [];
  let table: VersionEntry[] = [];
  for (const entry of entries) {
    const last = table.at(-1);
    if (last !== undefined && table.length >= entriesMin && compareBytes(last.key, entry.key) !== 0) {
      tables.push(table);
      table = [];
    }
    table.push(entry);
  }
  return table.length === 0 ? tables : [...tables, table];
}

function rangesOf(tables: readonly VersionEntry[][]): KeyRange[] {
  return tables.map((table) => ({
    smallestKey: table[0].key,
    largestKey: table[table.length - 1].key,
    isLargestKeyExclusive: false,
  }));
}

describe('LevelIterator', () => {
  it('walks as one sorted array does, whatever the steps', () => {
    const property = fc.property(
      arbitraryVersions(40),
      fc.integer({ min: 1, max: 8 }),
      arbitraryWalk,
      (versions, entriesMin, walk) => {
        const entries = versions.map(({ entry }) => entry).sort(compareEntries);
        const tables = cutTables(entries, entriesMin);
        const level = new LevelIterator(rangesOf(tables), (index) => new ArrayIterator(tables[index]));
        const model = new ArrayIterator(entries);
        for (const step of walk) {
          takeStep(level, step);
          takeStep(model, step);
          expect(entryAt(level)).toEqual(entryAt(model));
        }
      },
    );
    fc.assert(property, { seed: 1, numRuns: 1000 });
  });

  it('opens a table only when it gets there, and not again for another seek in it', () => {
    const tables = [
      [makeEntry(key('a'), 1), makeEntry(key('c'), 2)],
      [makeEntry(key('e'), 3)],
      [makeEntry(key('g'), 4)],
    ];
    const opened: number[] = [];
    const level = new LevelIterator(rangesOf(tables), (index) => {
      opened.push(index);
      return new ArrayIterator(tables[index]);
    });
    expect(opened).toEqual([]);
    level.seek(key('d'));
    level.seekBefore(key('f'));
    level.prev();
    level.seek(key('b'));
    level.seek(key('z'));
    expect(level.valid).toBe(false);
    level.seekBefore(key('a'));
    expect(level.valid).toBe(false);
    expect(opened).toEqual([1, 0]);
  });

  it('is not valid after a table could not be opened', () => {
    const tables = [[makeEntry(key('a'), 1)], [makeEntry(key('b'), 2)]];
    const level = new LevelIterator(rangesOf(tables), (index) => {
      if (index === 1) throw new Error('gone');
      return new ArrayIterator(tables[index]);
    });
    level.seekToFirst();
    expect(() => level.next()).toThrow('gone');
    expect(level.valid).toBe(false);
    level.seek(key('a'));
    expect(entryAt(level)?.sequence).toBe(1);
  });

  it('is never valid without tables', () => {
    const level = new LevelIterator([], () => new ArrayIterator([]));
    level.seekToFirst();
    expect(level.valid).toBe(false);
    level.seekToLast();
    expect(level.valid).toBe(false);
    expect(() => level.next()).toThrow('only a valid iterator is moved');
  });
});
