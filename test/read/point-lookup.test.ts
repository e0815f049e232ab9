import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes, EMPTY_BYTES } from '../../src/base/bytes.js';
import type { PointResult } from '../../src/base/point-result.js';
import { LOOKUP_FOUND, LOOKUP_MISSING } from '../../src/base/point-result.js';
import type { KeyRange } from '../../src/read/key-range.js';
import { firstTableReaching, lastTableStartingBefore } from '../../src/read/key-range.js';
import { LevelPointSource } from '../../src/read/level-point-source.js';
import type { TableSource } from '../../src/read/point-lookup.js';
import { lookup } from '../../src/read/point-lookup.js';
import { TablePointSource } from '../../src/read/table-point-source.js';
import { arbitraryKey } from './arbitrary-versions.js';

const key = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
const emptyResult = (): PointResult => ({
  state: LOOKUP_MISSING,
  source: EMPTY_BYTES,
  start: 0,
  end: 0,
  sequence: 0,
  kind: 0,
});

/** Has one key; the value is the sequence. */
class OneKeySource implements TableSource {
  readonly rangeTombstones = undefined;
  readonly #key: Uint8Array;
  readonly #sequence: number;
  asked = 0;

  constructor(text: string, sequence: number) {
    this.#key = key(text);
    this.#sequence = sequence;
  }

  get(wanted: Uint8Array, _keyHash: number, sequenceMax: number, result: PointResult): boolean {
    this.asked++;
    if (compareBytes(wanted, this.#key) !== 0 || this.#sequence > sequenceMax) return false;
    Object.assign(result, {
      state: LOOKUP_FOUND,
      source: Uint8Array.of(this.#sequence),
      start: 0,
      end: 1,
      sequence: this.#sequence,
    });
    return true;
  }
}

describe('lookup', () => {
  it('takes the answer of the first source that has one', () => {
    const sources = [new OneKeySource('a', 9), new OneKeySource('b', 7), new OneKeySource('b', 5)];
    const result = emptyResult();
    lookup(key('b'), 0, 100, sources, result);
    expect(result).toMatchObject({ state: LOOKUP_FOUND, sequence: 7, source: Uint8Array.of(7) });
    expect(sources.map((source) => source.asked)).toEqual([1, 1, 0]);
    lookup(key('b'), 0, 6, sources, result);
    expect(result.sequence).toBe(5);
  });

  it('leaves nothing of the last answer when no source has one', () => {
    const result = emptyResult();
    lookup(key('a'), 0, 9, [new OneKeySource('a', 9)], result);
    lookup(key('x'), 0, 9, [new OneKeySource('a', 9)], result);
    expect(result).toEqual(emptyResult());
    lookup(key('x'), 0, 9, [], result);
    expect(result.state).toBe(LOOKUP_MISSING);
  });
});

describe('TablePointSource', () => {
  it('opens its table only for keys within the range, ends included', () => {
    let opened = 0;
    const source = new TablePointSource(
      { smallestKey: key('b'), largestKey: key('d'), isLargestKeyExclusive: false },
      () => {
        opened++;
        return new OneKeySource('d', 1);
      },
    );
    const result = emptyResult();
    for (const text of ['a', 'azz', 'da', 'e']) expect(source.get(key(text), 0, 9, result)).toBe(false);
    expect(opened).toBe(0);
    expect(source.get(key('b'), 0, 9, result)).toBe(false);
    expect(source.get(key('d'), 0, 9, result)).toBe(true);
    expect(opened).toBe(2);
  });
});

/** Sorted disjoint ranges out of any keys: each pair of neighbours is one table, a lone last key a table of one. */
function rangesOf(keys: readonly Uint8Array[]): KeyRange[] {
  const sorted = [...keys]
    .sort(compareBytes)
    .filter((entry, index, all) => index === 0 || compareBytes(entry, all[index - 1]) !== 0);
  const ranges: KeyRange[] = [];
  for (let i = 0; i < sorted.length; i += 2)
    ranges.push({
      smallestKey: sorted[i],
      largestKey: sorted[Math.min(i + 1, sorted.length - 1)],
      isLargestKeyExclusive: false,
    });
  return ranges;
}

describe('LevelPointSource', () => {
  it('asks the one table that can hold the key, or none', () => {
    const property = fc.property(fc.array(arbitraryKey, { maxLength: 30 }), arbitraryKey, (keys, wanted) => {
      const ranges = rangesOf(keys);
      const opened: number[] = [];
      const level = new LevelPointSource(ranges, (index) => {
        opened.push(index);
        return { get: () => true, rangeTombstones: undefined };
      });
      const holder = ranges.findIndex(
        (range) => compareBytes(wanted, range.smallestKey) >= 0 && compareBytes(wanted, range.largestKey) <= 0,
      );
      expect(level.get(wanted, 0, 9, emptyResult())).toBe(holder >= 0);
      expect(opened).toEqual(holder >= 0 ? [holder] : []);
    });
    fc.assert(property, { seed: 1, numRuns: 2000 });
  });
});

describe('key ranges', () => {
  it('are searched as a linear search would', () => {
    const property = fc.property(fc.array(arbitraryKey, { maxLength: 30 }), arbitraryKey, (keys, wanted) => {
      const ranges = rangesOf(keys);
      const reaching = ranges.findIndex((range) => compareBytes(range.largestKey, wanted) >= 0);
      expect(firstTableReaching(ranges, wanted)).toBe(reaching === -1 ? ranges.length : reaching);
      expect(lastTableStartingBefore(ranges, wanted)).toBe(
        ranges.findLastIndex((range) => compareBytes(range.smallestKey, wanted) < 0),
      );
    });
    fc.assert(property, { seed: 1, numRuns: 2000 });
  });
});
