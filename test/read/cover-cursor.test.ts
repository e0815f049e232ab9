import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes } from '../../src/base/bytes.js';
import type { RangeTombstone } from '../../src/base/range-tombstones.js';
import { RangeTombstoneSet } from '../../src/base/range-tombstones.js';
import { SetCover } from '../../src/read/cover.js';
import { CoverCursor } from '../../src/read/cover-cursor.js';
import { TableCover } from '../../src/read/table-cover.js';
import { arbitraryHistory, contentsOf, tablesOf } from './arbitrary-history.js';
import { arbitraryKey } from './arbitrary-versions.js';

const key = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
const tombstone = (start: string, end: string, sequence: number): RangeTombstone => ({
  start: key(start),
  end: key(end),
  sequence,
});

function sequenceOver(cursor: CoverCursor, asked: Uint8Array): number {
  return cursor.sequenceOver(asked, 0, asked.length);
}

describe('CoverCursor', () => {
  it('over a set, over tables and over both says what one set of everything says, and its stretches are true', () => {
    const property = fc.property(
      arbitraryHistory(30),
      arbitraryHistory(30),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 0, max: 31 }),
      fc.array(arbitraryKey, { minLength: 2, maxLength: 30 }),
      (older, newer, entriesMax, sequenceMax, keys) => {
        const level = tablesOf(contentsOf(older, 0, older.length), entriesMax);
        const set = contentsOf(newer, 0, newer.length).tombstones;
        const whole = RangeTombstoneSet.merge([contentsOf(older, 0, older.length).tombstones, set]);
        const covers = [new SetCover(set), new TableCover(level, (index) => level[index].tombstones)];
        const cursor = new CoverCursor(covers, sequenceMax);
        const covering = (asked: Uint8Array): number => whole.coveringSequence(asked, 0, asked.length, sequenceMax);
        for (const asked of keys) {
          expect(sequenceOver(cursor, asked)).toBe(covering(asked));
          const { sequence, from, to } = cursor.stretch;
          if (sequence > 0) expect([from, to]).not.toContain(undefined);
          const isInside = (other: Uint8Array): boolean =>
            (from === undefined || compareBytes(from, other) <= 0) && (to === undefined || compareBytes(other, to) < 0);
          expect(isInside(asked)).toBe(true);
          for (const other of keys.filter(isInside)) expect(covering(other)).toBe(sequence);
        }
      },
    );
    fc.assert(property, { seed: 1, numRuns: 2000 });
  });

  it('opens a table only for keys within it, and once for keys in a row', () => {
    const set = RangeTombstoneSet.of([tombstone('c', 'e', 5)]);
    const opened: number[] = [];
    const tables = ['a', 'c', 'g'].map((text) => ({
      smallestKey: key(text),
      largestKey: key(`${text}z`),
      isLargestKeyExclusive: false,
    }));
    const cover = new TableCover(tables, (index) => {
      opened.push(index);
      return set.clip(tables[index].smallestKey, tables[index].largestKey);
    });
    const cursor = new CoverCursor([cover], 9);
    for (const text of ['b', 'd', 'z', '0']) expect(sequenceOver(cursor, key(text))).toBe(0);
    expect(opened).toEqual([]);
    for (const text of ['c', 'cb', 'cc', 'cz', 'd', 'c']) sequenceOver(cursor, key(text));
    expect(opened).toEqual([1]);
  });

  it('answers again after a table could not be read', () => {
    let isBroken = true;
    const table = { smallestKey: key('a'), largestKey: key('c'), isLargestKeyExclusive: true };
    const cover = new TableCover([table], () => {
      if (isBroken) throw new Error('disk');
      return RangeTombstoneSet.of([tombstone('a', 'c', 3)]);
    });
    const cursor = new CoverCursor([new SetCover(RangeTombstoneSet.of([tombstone('b', 'd', 2)])), cover], 9);
    expect(() => sequenceOver(cursor, key('b'))).toThrow('disk');
    expect(() => sequenceOver(cursor, key('b'))).toThrow('disk');
    isBroken = false;
    expect(sequenceOver(cursor, key('b'))).toBe(3);
  });
});
