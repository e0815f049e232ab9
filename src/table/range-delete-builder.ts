import { compareBytes } from '../base/bytes.js';
import { assert } from '../base/errors.js';
import { SEQUENCE_MAX } from '../base/limits.js';
import type { RangeTombstone, TombstoneFragment } from '../base/range-tombstones.js';
import { RangeTombstoneSet } from '../base/range-tombstones.js';

/** What a range delete takes in its block beside its two keys: lengths, trailer, and its share of the restart points. */
const OVERHEAD_BYTES = 12;

/** Collects the range deletes of a table, in any order, and cuts them into fragments. */
export class RangeDeleteBuilder {
  readonly #tombstones: RangeTombstone[] = [];
  /** What they take in the file, roughly: where they overlap each other more. */
  rawBytes = 0;

  /** Keeps copies. */
  add(start: Uint8Array, end: Uint8Array, sequence: number): void {
    assert(compareBytes(start, end) < 0 && sequence <= SEQUENCE_MAX, 'a range delete has a range and a sequence');
    this.#tombstones.push({ start: Uint8Array.from(start), end: Uint8Array.from(end), sequence });
    this.rawBytes += start.length + end.length + OVERHEAD_BYTES;
  }

  /** The fragments, and how many pairs of fragment and sequence they are. */
  finish(): { readonly fragments: readonly TombstoneFragment[]; readonly count: number } {
    const { fragments } = RangeTombstoneSet.of(this.#tombstones);
    return { fragments, count: fragments.reduce((count, { sequences }) => count + sequences.length, 0) };
  }
}
