import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InternalIterator } from '../../src/base/internal-iterator.js';
import { Prng } from '../../src/base/prng.js';
import { MergingIterator, mergeIterators } from '../../src/read/merging-iterator.js';
import type { VersionEntry } from '../support/array-iterator.js';
import { ArrayIterator, compareEntries, entryAt } from '../support/array-iterator.js';
import { arbitraryKey, arbitraryVersions, insertSorted, makeEntry, splitSources } from './arbitrary-versions.js';
import { arbitraryWalk, takeStep } from './iterator-walk.js';

const key = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
const merge = (sources: readonly (readonly ReturnType<typeof makeEntry>[])[]): InternalIterator =>
  mergeIterators(sources.map((entries) => new ArrayIterator(entries)));

describe('MergingIterator', () => {
  it('walks as one sorted array does, whatever the steps', () => {
    const property = fc.property(
      arbitraryVersions(40),
      fc.integer({ min: 1, max: 9 }),
      arbitraryWalk,
      (versions, count, walk) => {
        const merged = merge(splitSources(versions, count));
        const model = new ArrayIterator(versions.map(({ entry }) => entry).sort(compareEntries));
        for (const step of walk) {
          takeStep(merged, step);
          takeStep(model, step);
          expect(entryAt(merged)).toEqual(entryAt(model));
        }
      },
    );
    fc.assert(property, { seed: 1, numRuns: 1000 });
  });

  it('keeps its order over a source that takes in newer versions meanwhile', () => {
    const arrival = fc.record({ key: arbitraryKey, source: fc.nat(15) });
    const arrivals = fc.array(fc.array(arrival, { maxLength: 3 }), { minLength: 60, maxLength: 60, size: 'max' });
    const property = fc.property(
      arbitraryVersions(20),
      fc.integer({ min: 2, max: 5 }),
      arbitraryWalk,
      arrivals,
      (versions, count, walk, late) => {
        const sources = splitSources(versions, count);
        const merged = merge(sources);
        const model = new ArrayIterator(versions.map(({ entry }) => entry).sort(compareEntries));
        let sequence = versions.length;
        for (const [index, step] of walk.entries()) {
          const before = entryAt(merged);
          takeStep(model, step);
          takeStep(merged, step);
          if (before !== undefined) expectInOrder(before, entryAt(merged), step.move);
          const isReverse = step.move === 'prev' || step.move === 'seekToLast' || step.move === 'seekBefore';
          skipNewer(merged, versions.length, isReverse);
          expect(entryAt(merged)?.sequence).toBe(entryAt(model)?.sequence);
          for (const { key: lateKey, source } of late[index]) {
            sequence++;
            insertSorted(sources[source % count], makeEntry(lateKey, sequence));
          }
        }
      },
    );
    fc.assert(property, { seed: 1, numRuns: 500 });
  });

  it('keeps its order over keys that share long starts, some longer than others', () => {
    const prng = new Prng(1);
    const starts = ['telemetry/device-0001/', 'telemetry/device-0002/', 'telemetry/', 'users/0000000000000001/', ''];
    // Rests of all lengths around that of the compared prefix; the empty one makes keys that are the start of others.
    const rests = ['', '\0', '\0\0', 'a', 'abcde', 'abcdef', 'abcdef\0', 'abcdefg', 'abcdefh', 'b'];
    const sources: VersionEntry[][] = [[], [], [], [], []];
    for (let sequence = 1; sequence <= 3000; sequence++) {
      const text = prng.pick(starts) + prng.pick(rests);
      prng.pick(sources).push(makeEntry(key(text === '' ? '!' : text), sequence));
    }
    const entries = sources.flat().sort(compareEntries);
    const merged = merge(sources.map((source) => source.sort(compareEntries)));
    const sequences: number[] = [];
    for (merged.seekToFirst(); merged.valid; merged.next()) sequences.push(merged.sequence);
    expect(sequences).toEqual(entries.map((entry) => entry.sequence));
    sequences.length = 0;
    for (merged.seekToLast(); merged.valid; merged.prev()) sequences.push(merged.sequence);
    expect(sequences.reverse()).toEqual(entries.map((entry) => entry.sequence));
  });

  it('is never valid without sources', () => {
    const nothing = mergeIterators([]);
    nothing.seekToFirst();
    expect(nothing.valid).toBe(false);
    nothing.seekBefore(key('a'));
    expect(nothing.valid).toBe(false);
    expect(() => nothing.next()).toThrow('only a valid iterator is moved');
  });

  it('is the source itself when there is one', () => {
    const source = new ArrayIterator([]);
    expect(mergeIterators([source])).toBe(source);
  });

  it('refuses the same version from two sources', () => {
    const merged = merge([[makeEntry(key('a'), 5)], [makeEntry(key('a'), 5)]]);
    expect(() => merged.seekToFirst()).toThrow('no two sources hold the same version');
    expect(merged.valid).toBe(false);
  });

  it('refuses to be moved where it is not valid', () => {
    const merged = merge([[makeEntry(key('a'), 1)], [makeEntry(key('b'), 2)]]);
    expect(() => merged.next()).toThrow('only a valid iterator is moved');
    merged.seek(key('c'));
    expect(() => merged.prev()).toThrow('only a valid iterator is moved');
  });

  it('shows no entry after a source failed, and works again once it is positioned', () => {
    const failing = new ArrayIterator([makeEntry(key('a'), 1), makeEntry(key('c'), 2)]);
    const merged = new MergingIterator([failing, new ArrayIterator([makeEntry(key('b'), 3)])]);
    merged.seekToFirst();
    failing.next = () => {
      throw new Error('disk');
    };
    expect(() => merged.next()).toThrow('disk');
    expect(merged.valid).toBe(false);
    merged.seek(key('b'));
    expect(entryAt(merged)?.sequence).toBe(3);
  });
});

/** On to an entry that was there from the start; every single step must go the right way. */
function skipNewer(iterator: InternalIterator, sequenceMax: number, isReverse: boolean): void {
  for (let before = entryAt(iterator); before !== undefined && before.sequence > sequenceMax; ) {
    if (isReverse) iterator.prev();
    else iterator.next();
    const after = entryAt(iterator);
    expectInOrder(before, after, isReverse ? 'prev' : 'next');
    before = after;
  }
}

/** A single step leads to an entry on the right side of the one before it. */
function expectInOrder(before: VersionEntry, after: VersionEntry | undefined, move: string): void {
  if (after === undefined) return;
  if (move === 'next') expect(compareEntries(before, after)).toBeLessThan(0);
  if (move === 'prev') expect(compareEntries(before, after)).toBeGreaterThan(0);
}
