import { compareBytes, compareRanges } from '../base/bytes.js';
import type { RangeTombstoneSet } from '../base/range-tombstones.js';
import { largestUpTo } from '../base/range-tombstones.js';

/** Keys around one key over which the newest range delete is the same. Filled by one source after another. */
export interface Stretch {
  /** Of the newest range delete over it; 0 if there is none. */
  sequence: number;
  /** First key; left out: no key is before it. */
  from: Uint8Array | undefined;
  /** Key behind the last one; left out: to the last key. A stretch that is covered has both. */
  to: Uint8Array | undefined;
}

/** The range deletes of a source. */
export interface Cover {
  /**
   * Cuts `stretch`, which holds the key `source[start, end)`, down to the keys of which it can say the same as of this one, and
   * raises its sequence to that of the newest range delete at or below `sequenceMax`. May read a table, and fail as that does.
   */
  narrow(stretch: Stretch, source: Uint8Array, start: number, end: number, sequenceMax: number): void;
}

export function narrowFrom(stretch: Stretch, from: Uint8Array): void {
  if (stretch.from === undefined || compareBytes(from, stretch.from) > 0) stretch.from = from;
}

export function narrowTo(stretch: Stretch, to: Uint8Array): void {
  if (stretch.to === undefined || compareBytes(to, stretch.to) < 0) stretch.to = to;
}

export class SetCover implements Cover {
  readonly #set: RangeTombstoneSet;

  constructor(set: RangeTombstoneSet) {
    this.#set = set;
  }

  narrow(stretch: Stretch, source: Uint8Array, start: number, end: number, sequenceMax: number): void {
    const { fragments } = this.#set;
    const index = this.#set.firstEndingAfter(source, start, end);
    if (index < fragments.length) {
      const next = fragments[index];
      if (compareRanges(source, start, end, next.start, 0, next.start.length) >= 0) {
        narrowFrom(stretch, next.start);
        narrowTo(stretch, next.end);
        stretch.sequence = Math.max(stretch.sequence, largestUpTo(next.sequences, sequenceMax));
        return;
      }
      narrowTo(stretch, next.start);
    }
    if (index > 0) narrowFrom(stretch, fragments[index - 1].end);
  }
}
