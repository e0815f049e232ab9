/**
 * A table without what range deletes hide from one reader for sure, so that a scan does not walk through it.
 *
 * Every version in the table is at most `largestSequence` new. Where a range delete that the reader sees is newer than that, the
 * table has nothing to show, and the source is sent past the whole stretch. What is left out this way is hidden by that range
 * delete from everybody who looks at the same moment, and so are all older versions of its key, here and elsewhere; so whoever
 * judges the rest comes to the same entries. Where the newest range delete is not newer than the whole table, nothing is left
 * out: its versions have to be looked at one by one.
 *
 * What is left out depends on the key alone, as long as the iterator lives. So this is the walk through one fixed list, in both
 * directions, as every internal iterator is.
 */
import { assert } from '../base/errors.js';
import type { CurrentEntry, InternalIterator } from '../base/internal-iterator.js';
import type { CoverCursor } from './cover-cursor.js';
import type { KeyRange } from './key-range.js';
import { endsBefore } from './key-range.js';

/** Entries to step over before a seek is the shorter way. */
const COVERED_STEPS_MAX = 8;

export class UncoveredIterator implements InternalIterator {
  readonly #source: InternalIterator;
  readonly #cover: CoverCursor;
  readonly #largestSequence: number;

  /** Takes over `source` and `cover`. */
  constructor(source: InternalIterator, cover: CoverCursor, largestSequence: number) {
    this.#source = source;
    this.#cover = cover;
    this.#largestSequence = largestSequence;
  }

  get valid(): boolean {
    return this.#source.valid;
  }

  get keySource(): Uint8Array {
    return this.#source.keySource;
  }

  get keyStart(): number {
    return this.#source.keyStart;
  }

  get keyEnd(): number {
    return this.#source.keyEnd;
  }

  get sequence(): number {
    return this.#source.sequence;
  }

  get kind(): number {
    return this.#source.kind;
  }

  get valueSource(): Uint8Array {
    return this.#source.valueSource;
  }

  get valueStart(): number {
    return this.#source.valueStart;
  }

  get valueEnd(): number {
    return this.#source.valueEnd;
  }

  get entry(): CurrentEntry {
    return this.#source.entry;
  }

  seekToFirst(): void {
    this.#source.seekToFirst();
    this.#skipForward();
  }

  seekToLast(): void {
    this.#source.seekToLast();
    this.#skipBackward();
  }

  seek(key: Uint8Array): void {
    this.#source.seek(key);
    this.#skipForward();
  }

  seekBefore(key: Uint8Array): void {
    this.#source.seekBefore(key);
    this.#skipBackward();
  }

  next(): void {
    this.#source.next();
    this.#skipForward();
  }

  prev(): void {
    this.#source.prev();
    this.#skipBackward();
  }

  #skipForward(): void {
    const source = this.#source;
    for (let steps = 0; source.valid && this.#isCovered(); steps++) {
      if (steps < COVERED_STEPS_MAX) {
        source.next();
        continue;
      }
      const { to } = this.#cover.stretch;
      assert(to !== undefined, 'a stretch that is covered ends');
      source.seek(to);
      steps = 0;
    }
  }

  #skipBackward(): void {
    const source = this.#source;
    for (let steps = 0; source.valid && this.#isCovered(); steps++) {
      if (steps < COVERED_STEPS_MAX) {
        source.prev();
        continue;
      }
      const { from } = this.#cover.stretch;
      assert(from !== undefined, 'a stretch that is covered has a first key');
      source.seekBefore(from);
      steps = 0;
    }
  }

  #isCovered(): boolean {
    const { keySource, keyStart, keyEnd } = this.#source;
    return this.#cover.sequenceOver(keySource, keyStart, keyEnd) > this.#largestSequence;
  }
}

/** Whether range deletes hide a whole table from the reader: then it need not be opened. Its versions are at most `largestSequence` new. */
export function isTableCovered(table: KeyRange, cover: CoverCursor, largestSequence: number): boolean {
  let key = table.smallestKey;
  while (cover.sequenceOver(key, 0, key.length) > largestSequence) {
    const { to } = cover.stretch;
    assert(to !== undefined, 'a stretch that is covered ends');
    if (endsBefore(table, to)) return true;
    key = to;
  }
  return false;
}
