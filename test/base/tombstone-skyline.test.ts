import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes } from '../../src/base/bytes.js';
import { SEQUENCE_MAX } from '../../src/base/limits.js';
import { Prng } from '../../src/base/prng.js';
import type { RangeTombstone } from '../../src/base/range-tombstones.js';
import { RangeTombstoneSet } from '../../src/base/range-tombstones.js';
import { TombstoneSkyline, tombstonesSeenAt } from '../../src/base/tombstone-skyline.js';

const arbitraryKey = fc
  .array(fc.constantFrom(0x00, 0x61, 0xff), { minLength: 1, maxLength: 3 })
  .map((symbols) => Uint8Array.from(symbols));
const arbitraryRange = fc
  .record({ start: arbitraryKey, end: arbitraryKey })
  .filter(({ start, end }) => compareBytes(start, end) < 0);
/** Oldest first, with gaps between their sequences. */
const arbitraryTombstones = fc
  .array(arbitraryRange, { maxLength: 20, size: 'max' })
  .map((ranges) => ranges.map((range, i) => ({ ...range, sequence: 2 * i + 2 })));

function newestOver(tombstones: readonly RangeTombstone[], key: Uint8Array, sequenceMax: number): number {
  return RangeTombstoneSet.of(tombstones).coveringSequence(key, 0, key.length, sequenceMax);
}

function numbered(number: number): Uint8Array {
  return Uint8Array.from(Buffer.from(String(number).padStart(7, '0')));
}

function sequenceCount({ fragments }: RangeTombstoneSet): number {
  return fragments.reduce((count, { sequences }) => count + sequences.length, 0);
}

describe('TombstoneSkyline', () => {
  it('has over each key the newest, whatever lies below', () => {
    const property = fc.property(arbitraryTombstones, fc.array(arbitraryKey), (tombstones, keys) => {
      const skyline = new TombstoneSkyline();
      for (const [i, tombstone] of tombstones.entries()) {
        skyline.add(tombstone);
        for (const key of [tombstone.start, tombstone.end, ...keys]) {
          const newest = newestOver(tombstones.slice(0, i + 1), key, SEQUENCE_MAX);
          expect(skyline.coveringSequence(key, 0, key.length, SEQUENCE_MAX)).toBe(newest);
          expect(skyline.toSet().coveringSequence(key, 0, key.length, SEQUENCE_MAX)).toBe(newest);
        }
      }
      expect(sequenceCount(skyline.toSet())).toBe(skyline.toSet().fragments.length);
    });
    fc.assert(property, { seed: 1, numRuns: 300 });
  });

  it('stays right and sorted with thousands, narrow and wide, in any order', () => {
    const prng = new Prng(3);
    const skyline = new TombstoneSkyline();
    const tombstones: RangeTombstone[] = [];
    for (let sequence = 1; sequence <= 4000; sequence++) {
      const from = prng.below(40_000);
      const to = from + 1 + prng.below(prng.chance(0.01) ? 4000 : 8);
      tombstones.push({ start: numbered(from), end: numbered(to), sequence });
      skyline.add(tombstones[tombstones.length - 1]);
    }
    const model = RangeTombstoneSet.of(tombstones);
    for (let number = 0; number < 45_000; number += 3) {
      const key = numbered(number);
      const wanted = model.coveringSequence(key, 0, key.length, SEQUENCE_MAX);
      expect(skyline.coveringSequence(key, 0, key.length, SEQUENCE_MAX)).toBe(wanted);
    }
    const { fragments } = skyline.toSet();
    for (let i = 1; i < fragments.length; i++) {
      expect(compareBytes(fragments[i - 1].end, fragments[i].start)).toBeLessThanOrEqual(0);
    }
  });

  it('is one fragment where ever more is deleted from the same start', () => {
    const skyline = new TombstoneSkyline();
    for (let i = 1; i <= 20_000; i++) skyline.add({ start: numbered(0), end: numbered(i), sequence: i });
    expect(skyline.toSet().fragments).toEqual([{ start: numbered(0), end: numbered(20_000), sequences: [20_000] }]);
  });

  it('leaves a set that it gave out as it was', () => {
    const skyline = new TombstoneSkyline();
    skyline.add({ start: numbered(1), end: numbered(9), sequence: 1 });
    const set = skyline.toSet();
    skyline.add({ start: numbered(2), end: numbered(3), sequence: 2 });
    expect(set.fragments).toEqual([{ start: numbered(1), end: numbered(9), sequences: [1] }]);
    expect(skyline.toSet().fragments).toHaveLength(3);
  });
});

describe('tombstonesSeenAt', () => {
  it('keeps all that a reader at one of the moments, or above the last, can tell apart', () => {
    const moments = fc.uniqueArray(fc.nat(45), { maxLength: 5 }).map((some) => some.sort((a, b) => a - b));
    const property = fc.property(arbitraryTombstones, moments, arbitraryKey, (tombstones, readers, key) => {
      const seen = tombstonesSeenAt(tombstones, readers);
      const last = readers.at(-1) ?? 0;
      for (const max of [...readers, ...tombstones.map(({ sequence }) => sequence), SEQUENCE_MAX]) {
        if (max < last && !readers.includes(max)) continue;
        expect(seen.coveringSequence(key, 0, key.length, max)).toBe(newestOver(tombstones, key, max));
      }
    });
    fc.assert(property, { seed: 2, numRuns: 1000 });
  });

  it('keeps no more than a sequence a moment over a key', () => {
    const nested = Array.from({ length: 3000 }, (_, i) => {
      return { start: numbered(0), end: numbered(i + 1), sequence: i + 1 };
    });
    expect(sequenceCount(tombstonesSeenAt(nested, [SEQUENCE_MAX]))).toBe(1);
    expect(sequenceCount(tombstonesSeenAt(nested, [1000, 2000, SEQUENCE_MAX]))).toBe(3 + 2 + 1);
    expect(sequenceCount(tombstonesSeenAt(nested.slice(0, 10), []))).toBe(55);
  });
});
