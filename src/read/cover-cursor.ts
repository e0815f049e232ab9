import { compareRanges } from '../base/bytes.js';
import type { Cover, Stretch } from './cover.js';

/**
 * The range deletes of all sources, as one reader meets them on its way. It remembers the stretch of the last key, so most keys
 * cost two comparisons.
 */
export class CoverCursor {
  readonly #covers: readonly Cover[];
  readonly #sequenceMax: number;
  readonly #stretch: Stretch = { sequence: 0, from: undefined, to: undefined };
  #isPlaced = false;

  constructor(covers: readonly Cover[], sequenceMax: number) {
    this.#covers = covers;
    this.#sequenceMax = sequenceMax;
  }

  /** Over the same range deletes, for somebody who goes their own way. */
  fork(): CoverCursor {
    return new CoverCursor(this.#covers, this.#sequenceMax);
  }

  /** The stretch of the last key, good until the next one. */
  get stretch(): Readonly<Stretch> {
    return this.#stretch;
  }

  /** The sequence of the newest visible range delete over the key `source[start, end)`, 0 if there is none. Errors as of reading a table. */
  sequenceOver(source: Uint8Array, start: number, end: number): number {
    if (!this.#isPlaced || !this.#isInStretch(source, start, end)) this.#place(source, start, end);
    return this.#stretch.sequence;
  }

  #isInStretch(source: Uint8Array, start: number, end: number): boolean {
    const { from, to } = this.#stretch;
    return (
      (to === undefined || compareRanges(source, start, end, to, 0, to.length) < 0) &&
      (from === undefined || compareRanges(source, start, end, from, 0, from.length) >= 0)
    );
  }

  #place(source: Uint8Array, start: number, end: number): void {
    const stretch = this.#stretch;
    // An error on the way must not leave half of an answer.
    this.#isPlaced = false;
    stretch.sequence = 0;
    stretch.from = undefined;
    stretch.to = undefined;
    for (const cover of this.#covers) cover.narrow(stretch, source, start, end, this.#sequenceMax);
    this.#isPlaced = true;
  }
}
