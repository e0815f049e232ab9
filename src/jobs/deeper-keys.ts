import { compareBytes, compareRanges } from '../base/bytes.js';
import type { KeyRange } from '../read/key-range.js';

/**
 * Where older data may lie below a compaction's outputs: a tombstone is needed there, and nowhere else. It is asked in the
 * order of the keys, so each answer starts where the last one stopped.
 */
export class DeeperKeys {
  readonly #ranges: readonly KeyRange[];
  /** All ranges before it end before the last key asked for. */
  #index = 0;

  /** `ranges` are sorted and disjoint. */
  constructor(ranges: readonly KeyRange[]) {
    this.#ranges = ranges;
  }

  /** Whether the key `source[start, end)` may be there. */
  mayHold(source: Uint8Array, start: number, end: number): boolean {
    const range = this.#firstReaching(source, start, end);
    if (range === undefined) return false;
    const { smallestKey } = range;
    return compareRanges(smallestKey, 0, smallestKey.length, source, start, end) <= 0;
  }

  /** Whether a key of `[start, end)` may be there; asked in the order of the starts. */
  mayHoldAnyOf(start: Uint8Array, end: Uint8Array): boolean {
    const range = this.#firstReaching(start, 0, start.length);
    return range !== undefined && compareBytes(range.smallestKey, end) < 0;
  }

  /** The first range that does not end before the key. */
  #firstReaching(source: Uint8Array, start: number, end: number): KeyRange | undefined {
    const ranges = this.#ranges;
    while (this.#index < ranges.length && endsBefore(ranges[this.#index], source, start, end)) this.#index++;
    return ranges.at(this.#index);
  }
}

function endsBefore(range: KeyRange, source: Uint8Array, start: number, end: number): boolean {
  const { largestKey, isLargestKeyExclusive } = range;
  const order = compareRanges(largestKey, 0, largestKey.length, source, start, end);
  return order < 0 || (order === 0 && isLargestKeyExclusive);
}
