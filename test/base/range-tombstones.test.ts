import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes } from '../../src/base/bytes.js';
import type { RangeTombstone } from '../../src/base/range-tombstones.js';
import { RangeTombstoneSet } from '../../src/base/range-tombstones.js';

const RUNS = { seed: 1, numRuns: 1000 };

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
const tombstone = (start: string, end: string, sequence: number): RangeTombstone => ({
  start: bytes(start),
  end: bytes(end),
  sequence,
});

/** Few symbols, so that keys fall on edges and edges on each other. */
const arbitraryKey = fc
  .array(fc.constantFrom(0x00, 0x61, 0xff), { minLength: 1, maxLength: 3 })
  .map((symbols) => Uint8Array.from(symbols));
const arbitraryTombstone = fc.record({
  start: arbitraryKey,
  end: arbitraryKey,
  sequence: fc.integer({ min: 1, max: 20 }),
});
const arbitraryTombstones = fc.array(arbitraryTombstone, { maxLength: 12, size: 'max' });

function covers({ start, end }: RangeTombstone, key: Uint8Array): boolean {
  return compareBytes(start, key) <= 0 && compareBytes(key, end) < 0;
}

/** The contract, word for word. */
function modelCovering(tombstones: readonly RangeTombstone[], key: Uint8Array, sequenceMax: number): number {
  return tombstones
    .filter((each) => covers(each, key) && each.sequence <= sequenceMax)
    .reduce((largest, { sequence }) => Math.max(largest, sequence), 0);
}

/** Asks with the key inside of other bytes, which must not count. */
function covering(set: RangeTombstoneSet, key: Uint8Array, sequenceMax: number): number {
  const source = new Uint8Array(key.length + 5).fill(0x61);
  source.set(key, 2);
  return set.coveringSequence(source, 2, 2 + key.length, sequenceMax);
}

function asText({ fragments }: RangeTombstoneSet): string[] {
  const text = (key: Uint8Array): string => Buffer.from(key).toString();
  return fragments.map(({ start, end, sequences }) => `[${text(start)}, ${text(end)}) ${sequences.join(' ')}`);
}

function expectInvariants({ fragments }: RangeTombstoneSet): void {
  for (const [i, { start, end, sequences }] of fragments.entries()) {
    expect(compareBytes(start, end)).toBeLessThan(0);
    expect(sequences.length).toBeGreaterThan(0);
    expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => b - a));
    if (i === 0) continue;
    const before = fragments[i - 1];
    const order = compareBytes(before.end, start);
    expect(order).toBeLessThanOrEqual(0);
    if (order === 0) expect(sequences).not.toEqual(before.sequences);
  }
}

describe('RangeTombstoneSet', () => {
  it('is cut at every start and end', () => {
    const set = RangeTombstoneSet.of([tombstone('c', 'g', 9), tombstone('a', 'e', 7)]);
    expect(asText(set)).toEqual(['[a, c) 7', '[c, e) 9 7', '[e, g) 9']);
  });

  it('joins what touches and has the same sequences', () => {
    const set = RangeTombstoneSet.of([tombstone('c', 'e', 7), tombstone('a', 'c', 7), tombstone('e', 'f', 8)]);
    expect(asText(set)).toEqual(['[a, e) 7', '[e, f) 8']);
  });

  it('leaves gaps uncovered, and ends outside', () => {
    const set = RangeTombstoneSet.of([tombstone('b', 'd', 3), tombstone('f', 'h', 4)]);
    const covered = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map((key) => covering(set, bytes(key), 10));
    expect(covered).toEqual([0, 3, 3, 0, 0, 4, 4, 0, 0]);
  });

  it('says of a key the largest sequence that the reader may see, in whatever order it is asked', () => {
    const questions = fc.array(fc.tuple(arbitraryKey, fc.integer({ min: 0, max: 21 })), {
      minLength: 1,
      maxLength: 30,
    });
    const property = fc.property(arbitraryTombstones, questions, (tombstones, asked) => {
      const set = RangeTombstoneSet.of(tombstones);
      expectInvariants(set);
      for (const [key, sequenceMax] of asked) {
        expect(covering(set, key, sequenceMax)).toBe(modelCovering(tombstones, key, sequenceMax));
      }
    });
    fc.assert(property, RUNS);
  });

  it('finds one of many sequences over one key', () => {
    const tombstones = Array.from({ length: 100 }, (_, i) => tombstone('a', 'b', 2 * i + 2));
    const set = RangeTombstoneSet.of(tombstones);
    expect(set.fragments.length).toBe(1);
    for (let max = 0; max <= 201; max++) {
      expect(covering(set, bytes('a'), max)).toBe(Math.min(200, max - (max % 2)));
    }
  });

  it('merged covers what its parts cover', () => {
    const property = fc.property(
      fc.array(arbitraryTombstones, { maxLength: 4 }),
      arbitraryKey,
      fc.nat(21),
      (parts, key, sequenceMax) => {
        const merged = RangeTombstoneSet.merge(parts.map((part) => RangeTombstoneSet.of(part)));
        expectInvariants(merged);
        expect(covering(merged, key, sequenceMax)).toBe(modelCovering(parts.flat(), key, sequenceMax));
      },
    );
    fc.assert(property, RUNS);
  });

  it('under a newer one has nothing older where that is, and the set before stays as it was', () => {
    const property = fc.property(arbitraryTombstones, arbitraryTombstone, arbitraryKey, (tombstones, added, key) => {
      fc.pre(compareBytes(added.start, added.end) < 0);
      const newest = { ...added, sequence: 21 };
      const before = RangeTombstoneSet.of(tombstones);
      const beforeText = asText(before);
      const after = before.under(newest);
      expectInvariants(after);
      expect(asText(before)).toEqual(beforeText);
      for (const max of [20, 21]) {
        const wanted = covers(newest, key) ? (max === 21 ? 21 : 0) : modelCovering(tombstones, key, max);
        expect(covering(after, key, max)).toBe(wanted);
      }
    });
    fc.assert(property, RUNS);
  });

  it('clipped covers the same within the bounds and nothing outside', () => {
    const bound = fc.option(arbitraryKey, { nil: undefined });
    const property = fc.property(arbitraryTombstones, bound, bound, arbitraryKey, (tombstones, start, end, key) => {
      const clipped = RangeTombstoneSet.of(tombstones).clip(start, end);
      expectInvariants(clipped);
      const isInside =
        (start === undefined || compareBytes(start, key) <= 0) && (end === undefined || compareBytes(key, end) < 0);
      expect(covering(clipped, key, 20)).toBe(isInside ? modelCovering(tombstones, key, 20) : 0);
    });
    fc.assert(property, RUNS);
  });

  it('clipped where it is not, is itself', () => {
    const set = RangeTombstoneSet.of([tombstone('b', 'd', 3)]);
    expect(set.clip(bytes('b'), bytes('d'))).toBe(set);
    expect(asText(set.clip(bytes('c'), undefined))).toEqual(['[c, d) 3']);
    expect(set.clip(bytes('d'), undefined)).toBe(RangeTombstoneSet.EMPTY);
  });

  it('without tombstones, or with empty ranges only, is empty', () => {
    expect(RangeTombstoneSet.EMPTY.isEmpty).toBe(true);
    expect(RangeTombstoneSet.of([tombstone('c', 'c', 1), tombstone('d', 'c', 1)]).isEmpty).toBe(true);
    expect(RangeTombstoneSet.merge([]).isEmpty).toBe(true);
    expect(covering(RangeTombstoneSet.EMPTY, bytes('a'), 9)).toBe(0);
  });
});
