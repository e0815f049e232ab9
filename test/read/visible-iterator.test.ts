import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes } from '../../src/base/bytes.js';
import type { InternalIterator } from '../../src/base/internal-iterator.js';
import { KIND_DELETE, KIND_PUT, KIND_RANGE_DELETE } from '../../src/base/internal-key.js';
import { Prng } from '../../src/base/prng.js';
import type { Bounds } from '../../src/read/bounds.js';
import { boundsOf } from '../../src/read/bounds.js';
import { mergeIterators } from '../../src/read/merging-iterator.js';
import type { ReadView } from '../../src/read/read-view.js';
import { VisibleIterator } from '../../src/read/visible-iterator.js';
import type { VersionEntry } from '../support/array-iterator.js';
import { ArrayIterator, compareEntries } from '../support/array-iterator.js';
import { arbitraryKey, arbitraryVersions, insertSorted, makeEntry, splitSources } from './arbitrary-versions.js';

type UserEntry = { key: Uint8Array; value: Uint8Array };

const EVERYTHING = boundsOf({});
const at = (sequence: number): ReadView => ({ sequence, nowMs: 0 });
const key = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));

function shown(iterator: VisibleIterator): UserEntry | undefined {
  if (!iterator.valid) return undefined;
  return {
    key: iterator.keySource.slice(iterator.keyStart, iterator.keyEnd),
    value: iterator.valueSource.slice(iterator.valueStart, iterator.valueEnd),
  };
}

function collect(iterator: VisibleIterator): UserEntry[] {
  const entries: UserEntry[] = [];
  for (let isThere = iterator.first(); isThere; isThere = iterator.advance()) {
    const entry = shown(iterator);
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

function isWithin(entryKey: Uint8Array, { lower, isLowerInclusive, upper, isUpperInclusive }: Bounds): boolean {
  if (lower !== undefined && compareBytes(entryKey, lower) < (isLowerInclusive ? 0 : 1)) return false;
  return upper === undefined || compareBytes(entryKey, upper) < (isUpperInclusive ? 1 : 0);
}

/** What is visible, the plain way: by a map of the newest version of each key. */
function visibleModel(
  versions: readonly VersionEntry[],
  sequenceMax: number,
  bounds: Bounds,
  isReverse: boolean,
): UserEntry[] {
  const newest = new Map<string, VersionEntry>();
  for (const version of versions) {
    const name = Buffer.from(version.key).toString('hex');
    const known = newest.get(name);
    if (version.sequence <= sequenceMax && (known === undefined || known.sequence < version.sequence))
      newest.set(name, version);
  }
  const entries = [...newest.values()]
    .filter((version) => version.kind === KIND_PUT && isWithin(version.key, bounds))
    .sort(compareEntries)
    .map((version) => ({ key: version.key, value: version.value }));
  return isReverse ? entries.reverse() : entries;
}

const arbitraryBounds: fc.Arbitrary<Bounds> = fc.record({
  lower: fc.option(arbitraryKey, { nil: undefined }),
  isLowerInclusive: fc.boolean(),
  upper: fc.option(arbitraryKey, { nil: undefined }),
  isUpperInclusive: fc.boolean(),
});

describe('VisibleIterator', () => {
  it('shows what a map of newest versions shows, in both directions, within any bounds', () => {
    const property = fc.property(
      // Few runs are long: then some keys have more versions than are stepped over one by one.
      fc.oneof({ weight: 5, arbitrary: arbitraryVersions(40) }, { weight: 1, arbitrary: arbitraryVersions(600) }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      arbitraryBounds,
      fc.boolean(),
      fc.integer({ min: 1, max: 4 }),
      fc.array(arbitraryKey, { maxLength: 6 }),
      (versions, moment, bounds, isReverse, sourceCount, targets) => {
        const sequenceMax = Math.round(moment * versions.length);
        const iterator = new VisibleIterator(
          sourceOf(splitSources(versions, sourceCount)),
          at(sequenceMax),
          bounds,
          isReverse,
        );
        const model = visibleModel(
          versions.map(({ entry }) => entry),
          sequenceMax,
          bounds,
          isReverse,
        );
        expect(collect(iterator)).toEqual(model);
        expect(iterator.advance()).toBe(false);
        for (const target of targets) {
          const rest = model.filter((entry) =>
            isReverse ? compareBytes(entry.key, target) <= 0 : compareBytes(entry.key, target) >= 0,
          );
          expect(iterator.seek(target)).toBe(rest.length > 0);
          expect(shown(iterator)).toEqual(rest[0]);
          expect(iterator.advance()).toBe(rest.length > 1);
          expect(shown(iterator)).toEqual(rest[1]);
        }
      },
    );
    fc.assert(property, { seed: 1, numRuns: 1000 });
  });

  it('shows the same moment while newer versions arrive', () => {
    const arrivals = fc.array(fc.record({ key: arbitraryKey, isDelete: fc.boolean() }), {
      minLength: 60,
      maxLength: 60,
      size: 'max',
    });
    const property = fc.property(arbitraryVersions(60), arrivals, fc.boolean(), (versions, late, isReverse) => {
      const sources = splitSources(versions, 3);
      const iterator = new VisibleIterator(sourceOf(sources), at(versions.length), EVERYTHING, isReverse);
      const entries: UserEntry[] = [];
      let sequence = versions.length;
      for (let isThere = iterator.first(); isThere; isThere = iterator.advance()) {
        const entry = shown(iterator);
        if (entry !== undefined) entries.push(entry);
        const next = late[(sequence - versions.length) % late.length];
        sequence++;
        insertSorted(sources[sequence % 3], makeEntry(next.key, sequence, next.isDelete));
      }
      expect(entries).toEqual(
        visibleModel(
          versions.map(({ entry }) => entry),
          versions.length,
          EVERYTHING,
          isReverse,
        ),
      );
    });
    fc.assert(property, { seed: 1, numRuns: 500 });
  });

  it.each([false, true])('passes a key of 100 000 versions in a few steps (reverse: %s)', (isReverse) => {
    const entries: VersionEntry[] = [makeEntry(key('a'), 1)];
    for (let sequence = 100_001; sequence > 1; sequence--) entries.push(makeEntry(key('b'), sequence));
    entries.push(makeEntry(key('c'), 100_002));
    const source = new ArrayIterator(entries);
    const keys = collect(new VisibleIterator(source, at(100_002), EVERYTHING, isReverse)).map((entry) =>
      Buffer.from(entry.key).toString(),
    );
    expect(keys).toEqual(isReverse ? ['c', 'b', 'a'] : ['a', 'b', 'c']);
    expect(source.moves + source.seeks).toBeLessThan(60);
  });

  it('passes 100 000 versions that are too new in a few steps in reverse', () => {
    const entries: VersionEntry[] = [makeEntry(key('a'), 1)];
    for (let sequence = 100_001; sequence > 1; sequence--) entries.push(makeEntry(key('b'), sequence));
    const source = new ArrayIterator(entries);
    expect(collect(new VisibleIterator(source, at(3), EVERYTHING, true))).toHaveLength(2);
    expect(source.moves + source.seeks).toBeLessThan(60);
  });

  it('shows keys and values of any length in both directions', () => {
    const prng = new Prng(1);
    const lengths = [1, 48, 49, 255, 256, 257, 3000, 65_536];
    const entries = lengths.flatMap((length, index) => [
      { ...makeEntry(new Uint8Array(length).fill(index), 10 + index), value: prng.fill(new Uint8Array(length)) },
      {
        ...makeEntry(new Uint8Array(length).fill(index), 1 + index),
        value: prng.fill(new Uint8Array(70_000 - length)),
      },
    ]);
    for (const isReverse of [false, true]) {
      for (const sequenceMax of [9, 99]) {
        const visible = collect(
          new VisibleIterator(new ArrayIterator(entries), at(sequenceMax), EVERYTHING, isReverse),
        );
        const model = visibleModel(entries, sequenceMax, EVERYTHING, isReverse);
        expect(visible).toHaveLength(model.length);
        for (const [index, entry] of visible.entries()) {
          expect(Buffer.from(entry.key).equals(model[index].key)).toBe(true);
          expect(Buffer.from(entry.value).equals(model[index].value)).toBe(true);
        }
      }
    }
  });

  it('shows long values in both directions', () => {
    const long = (sequence: number): VersionEntry => ({
      ...makeEntry(key('b'), sequence),
      value: new Uint8Array(100_000).fill(sequence),
    });
    const deleted = makeEntry(key('c'), 9, true);
    const entries = [
      makeEntry(key('a'), 1),
      long(7),
      long(5),
      long(3),
      deleted,
      { ...long(2), key: key('c') },
      makeEntry(key('d'), 8),
    ];
    for (const isReverse of [false, true]) {
      for (const sequenceMax of [2, 3, 6, 8, 9]) {
        const iterator = new VisibleIterator(new ArrayIterator(entries), at(sequenceMax), EVERYTHING, isReverse);
        const visible = collect(iterator);
        const model = visibleModel(entries, sequenceMax, EVERYTHING, isReverse);
        // By Buffer.equals: a deep comparison of long arrays takes seconds.
        expect(visible.map((entry) => Buffer.from(entry.key).toString())).toEqual(
          model.map((entry) => Buffer.from(entry.key).toString()),
        );
        for (const [index, entry] of visible.entries())
          expect(Buffer.from(entry.value).equals(model[index].value)).toBe(true);
      }
    }
  });

  it('looks at no entry behind its bounds to find the end', () => {
    const entries = ['a', 'b', 'c', 'd', 'e', 'f'].map((text, index) => makeEntry(key(text), 100 + index));
    for (const isReverse of [false, true]) {
      const source = new ArrayIterator(entries);
      // Everything is too new, so that nothing is shown on the way.
      expect(collect(new VisibleIterator(source, at(1), boundsOf({ gte: key('c'), lt: key('e') }), isReverse))).toEqual(
        [],
      );
      expect(source.moves).toBe(2);
    }
  });

  it.each([false, true])(
    'refuses a kind that it does not know, unless a newer version shadows it (reverse: %s)',
    (isReverse) => {
      const strange = { ...makeEntry(key('a'), 3), kind: KIND_RANGE_DELETE };
      const scan = (entries: VersionEntry[], sequenceMax: number): UserEntry[] =>
        collect(new VisibleIterator(new ArrayIterator(entries), at(sequenceMax), EVERYTHING, isReverse));
      expect(() => scan([strange], 3)).toThrow(expect.objectContaining({ code: 'STEME_UNSUPPORTED' }));
      expect(scan([strange], 2)).toEqual([]);
      expect(scan([makeEntry(key('a'), 4), strange], 4)).toHaveLength(1);
    },
  );

  it.each([false, true])('does not end quietly after an error (reverse: %s)', (isReverse) => {
    const source = new ArrayIterator(['a', 'b', 'c'].map((text, index) => makeEntry(key(text), index + 1)));
    const iterator = new VisibleIterator(source, at(9), EVERYTHING, isReverse);
    expect(() => iterator.advance()).toThrow('positioned before it advances');
    iterator.first();
    const fail = (): void => {
      throw new Error('disk');
    };
    source.next = fail;
    source.prev = fail;
    expect(() => iterator.advance()).toThrow('disk');
    expect(iterator.valid).toBe(false);
    expect(() => iterator.advance()).toThrow('positioned before it advances');
  });

  it('shows an empty value and hides a delete', () => {
    const entries: VersionEntry[] = [
      { key: key('a'), sequence: 1, kind: KIND_PUT, value: new Uint8Array(0) },
      { key: key('b'), sequence: 3, kind: KIND_DELETE, value: new Uint8Array(0) },
      { key: key('b'), sequence: 2, kind: KIND_PUT, value: key('old') },
    ];
    for (const isReverse of [false, true]) {
      const visible = collect(new VisibleIterator(new ArrayIterator(entries), at(9), EVERYTHING, isReverse));
      expect(visible).toEqual([{ key: key('a'), value: new Uint8Array(0) }]);
    }
  });
});

function sourceOf(sources: readonly (readonly VersionEntry[])[]): InternalIterator {
  return mergeIterators(sources.map((entries) => new ArrayIterator(entries)));
}
