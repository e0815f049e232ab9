import { compareBytes } from '../base/bytes.js';
import type { TombstoneFragment } from '../base/range-tombstones.js';

/** Takes a part of a range delete: the output that is being written. */
export type TombstoneSink = (start: Uint8Array, end: Uint8Array, sequence: number) => void;

/**
 * The range deletes of a merge on their way into its outputs. Fragment after fragment is opened as the merge reaches its
 * start. What is open where an output ends is written up to there, and goes on in the next output: so the tables of a level
 * share no key, range deletes included.
 */
export class OutputTombstones {
  readonly #fragments: readonly TombstoneFragment[];
  readonly #sink: TombstoneSink;
  /** The next fragment to open; the one before it may be open. */
  #next = 0;
  /** What is not yet written of the open fragment starts here; undefined if none is open. */
  #openFrom: Uint8Array | undefined;

  /** `fragments` are sorted and disjoint. */
  constructor(fragments: readonly TombstoneFragment[], sink: TombstoneSink) {
    this.#fragments = fragments;
    this.#sink = sink;
  }

  /** Whether there may be something for the current output that it was not given yet. */
  get isOpen(): boolean {
    return this.#openFrom !== undefined;
  }

  /** Where the next fragment starts; undefined behind the last one. */
  get nextStart(): Uint8Array | undefined {
    return this.#fragments.at(this.#next)?.start;
  }

  /** Opens the next fragment; the one before it is closed. */
  open(): void {
    this.#openFrom = this.#fragments[this.#next].start;
    this.#next++;
  }

  /** Writes the open fragment to its end. */
  close(): void {
    if (this.#openFrom === undefined) return;
    this.#write(this.#openFrom, this.#fragments[this.#next - 1].end);
    this.#openFrom = undefined;
  }

  /** Writes the open fragment up to `key`, where the output ends; the rest of it stays open. */
  cut(key: Uint8Array): void {
    if (this.#openFrom === undefined) return;
    if (compareBytes(this.#fragments[this.#next - 1].end, key) <= 0) {
      this.close();
    } else {
      this.#write(this.#openFrom, key);
      this.#openFrom = key;
    }
  }

  #write(start: Uint8Array, end: Uint8Array): void {
    if (compareBytes(start, end) === 0) return;
    for (const sequence of this.#fragments[this.#next - 1].sequences) this.#sink(start, end, sequence);
  }
}
