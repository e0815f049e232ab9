import type { HalfOpenRange } from '../read/bounds.js';
import { ScratchBytes } from '../read/scratch-bytes.js';
import type { CoveredRange } from './read-set.js';

/** How far a scan has come: from where it started to the last key that it has given out, or to the end of its range. */
export class ScanCoverage implements CoveredRange {
  readonly #range: HalfOpenRange;
  readonly #isReverse: boolean;
  /** Good once the scan has moved. */
  readonly #lastKey = new ScratchBytes();
  #hasMoved = false;
  #isAtEnd = false;

  /** `range` is what the scan would cover if it went on to the end. */
  constructor(range: HalfOpenRange, isReverse: boolean) {
    this.#range = range;
    this.#isReverse = isReverse;
  }

  reach(key: Uint8Array): void {
    this.#lastKey.copyFrom(key, 0, key.length);
    this.#hasMoved = true;
  }

  reachEnd(): void {
    this.#isAtEnd = true;
  }

  get covered(): HalfOpenRange | undefined {
    if (this.#isAtEnd) return this.#range;
    if (!this.#hasMoved) return undefined;
    return this.#isReverse
      ? { start: this.#lastKey.view(), end: this.#range.end }
      : { start: this.#range.start, end: this.#lastKey.successor() };
  }
}
