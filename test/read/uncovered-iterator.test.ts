import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RangeTombstoneSet } from '../../src/base/range-tombstones.js';
import { SetCover } from '../../src/read/cover.js';
import { CoverCursor } from '../../src/read/cover-cursor.js';
import { isTableCovered, UncoveredIterator } from '../../src/read/uncovered-iterator.js';
import { ArrayIterator, entryAt } from '../support/array-iterator.js';
import { arbitraryHistory, contentsOf } from './arbitrary-history.js';
import { makeEntry } from './arbitrary-versions.js';
import { arbitraryWalk, takeStep } from './iterator-walk.js';

const key = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
const keyOf = (index: number): Uint8Array => key(String(index).padStart(6, '0'));

function cursorOver(ranges: readonly (readonly [start: Uint8Array, end: Uint8Array, sequence: number])[]): CoverCursor {
  const set = RangeTombstoneSet.of(ranges.map(([start, end, sequence]) => ({ start, end, sequence })));
  return new CoverCursor([new SetCover(set)], 1_000_000);
}

describe('UncoveredIterator', () => {
  it('walks as an array without the covered entries does, whatever the steps', () => {
    const property = fc.property(
      arbitraryHistory(60),
      fc.double({ min: 0, max: 1, noNaN: true }),
      arbitraryWalk,
      (history, share, walk) => {
        const count = Math.round(share * history.length);
        const { entries, largestSequence } = contentsOf(history, 0, count);
        const { tombstones } = contentsOf(history, 0, history.length);
        const cover = new CoverCursor([new SetCover(tombstones)], history.length);
        const walked = new UncoveredIterator(new ArrayIterator(entries), cover, largestSequence);
        const model = new ArrayIterator(
          entries.filter((entry) => {
            const covering = tombstones.coveringSequence(entry.key, 0, entry.key.length, history.length);
            return covering <= largestSequence;
          }),
        );
        for (const step of walk) {
          takeStep(walked, step);
          takeStep(model, step);
          expect(entryAt(walked)).toEqual(entryAt(model));
        }
      },
    );
    fc.assert(property, { seed: 1, numRuns: 2000 });
  });

  it('passes 100 000 covered entries in a few steps, in both directions', () => {
    const entries = Array.from({ length: 100_002 }, (_, i) => makeEntry(keyOf(i), i + 1));
    const source = new ArrayIterator(entries);
    const cover = cursorOver([[keyOf(1), keyOf(100_001), 500_000]]);
    const iterator = new UncoveredIterator(source, cover, 100_002);
    iterator.seekToFirst();
    iterator.next();
    expect(entryAt(iterator)?.key).toEqual(keyOf(100_001));
    iterator.prev();
    expect(entryAt(iterator)?.key).toEqual(keyOf(0));
    expect(source.moves + source.seeks).toBeLessThan(30);
  });

  it('leaves the judgement to others where the table may have newer versions', () => {
    const entries = [makeEntry(key('a'), 3), makeEntry(key('b'), 9)];
    const iterator = new UncoveredIterator(new ArrayIterator(entries), cursorOver([[key('a'), key('c'), 9]]), 9);
    iterator.seekToFirst();
    expect(entryAt(iterator)?.sequence).toBe(3);
  });
});

describe('isTableCovered', () => {
  const table = { smallestKey: key('c'), largestKey: key('g'), isLargestKeyExclusive: false };
  const isCovered = (
    ranges: readonly (readonly [string, string, number])[],
    range: { isLargestKeyExclusive: boolean } = table,
  ): boolean =>
    isTableCovered(
      { ...table, ...range },
      cursorOver(ranges.map(([start, end, sequence]) => [key(start), key(end), sequence])),
      10,
    );

  it('is true where newer range delete, one or several, leave no key out', () => {
    expect(isCovered([['c', 'ga', 11]])).toBe(true);
    expect(
      isCovered([
        ['a', 'e', 11],
        ['e', 'f', 12],
        ['f', 'z', 13],
      ]),
    ).toBe(true);
    expect(isCovered([['c', 'g', 11]], { isLargestKeyExclusive: true })).toBe(true);
  });

  it('is false where a key is left out, or a range delete is not newer than the table', () => {
    expect(isCovered([['c', 'g', 11]])).toBe(false);
    expect(isCovered([['ca', 'z', 11]])).toBe(false);
    expect(isCovered([['a', 'z', 10]])).toBe(false);
    expect(
      isCovered([
        ['a', 'd', 11],
        ['e', 'z', 12],
      ]),
    ).toBe(false);
    expect(
      isCovered([
        ['a', 'd', 11],
        ['d', 'e', 10],
        ['e', 'z', 12],
      ]),
    ).toBe(false);
  });
});
