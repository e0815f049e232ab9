import { compareRanges } from '../base/bytes.js';
import type { Grandparent } from './job.js';

/**
 * How much of the level below its own a growing output overlaps. A table that overlaps much is dear to its next compaction,
 * which reads all of it; so an output ends before it enters one grandparent too many. Keys ascend from call to call.
 */
export class GrandparentOverlap {
  readonly #grandparents: readonly Grandparent[];
  readonly #bytesMax: number;
  /** How many grandparents start at or before the last key. */
  #enteredCount = 0;
  #bytes = 0;

  constructor(grandparents: readonly Grandparent[], bytesMax: number) {
    this.#grandparents = grandparents;
    this.#bytesMax = bytesMax;
  }

  /** Goes on to the key `source[start, end)`. True if an output that reached from its start to it would overlap too much. */
  isTooMuchAt(source: Uint8Array, start: number, end: number): boolean {
    const entered = this.#enteredCount;
    while (this.#startsAtOrBefore(source, start, end))
      this.#bytes += this.#grandparents[this.#enteredCount++].fileBytes;
    // One grandparent alone may be larger than the limit: inside of it there is nothing to gain.
    return this.#enteredCount > entered && this.#bytes > this.#bytesMax;
  }

  /** Whether a grandparent starts behind the last key and not behind `key`. */
  entersAnyUpTo(key: Uint8Array): boolean {
    return this.#startsAtOrBefore(key, 0, key.length);
  }

  /** An output starts at the last key. */
  restart(source: Uint8Array, start: number, end: number): void {
    const last = this.#grandparents[this.#enteredCount - 1];
    this.#bytes = last !== undefined && reaches(last, source, start, end) ? last.fileBytes : 0;
  }

  #startsAtOrBefore(source: Uint8Array, start: number, end: number): boolean {
    if (this.#enteredCount === this.#grandparents.length) return false;
    const { smallestKey } = this.#grandparents[this.#enteredCount];
    return compareRanges(smallestKey, 0, smallestKey.length, source, start, end) <= 0;
  }
}

function reaches(grandparent: Grandparent, source: Uint8Array, start: number, end: number): boolean {
  const { largestKey, isLargestKeyExclusive } = grandparent;
  const order = compareRanges(largestKey, 0, largestKey.length, source, start, end);
  return order > 0 || (order === 0 && !isLargestKeyExclusive);
}
