import { compareRanges } from './bytes.js';
import type { KeyCover, RangeTombstone, TombstoneFragment } from './range-tombstones.js';
import { RangeTombstoneSet } from './range-tombstones.js';

/** A part that grows past this is cut. */
const PART_FRAGMENTS_MAX = 128;

/**
 * Range deletes as a reader sees them who sees all of them: over each key the newest, and nothing of those below it.
 *
 *     a ──── 7 ──── e              [a, c) 7
 *            c ──── 9 ──── g       [c, g) 9
 *
 * They are added oldest first. One that covers others takes their place, so there are never more fragments than twice the range
 * deletes: deleting ever more from the same start, as a log is trimmed, leaves one. The fragments are kept in parts, sorted and
 * disjoint, so that adding one changes a few and not all.
 */
export class TombstoneSkyline implements KeyCover {
  readonly #parts: RangeTombstoneSet[] = [];
  #whole: RangeTombstoneSet | undefined;

  /** `tombstone` is newer than all before it. */
  add(tombstone: RangeTombstone): void {
    const { start, end } = tombstone;
    const parts = this.#parts;
    let from = this.#partEndingAfter(start, 0, start.length);
    let to = from;
    while (to < parts.length && startsBefore(parts[to], end)) to++;
    // In the gap between two parts, the one before takes it.
    if (from === to && from > 0) from--;
    const changed = RangeTombstoneSet.ofFragments(fragmentsOf(parts.slice(from, to))).under(tombstone);
    parts.splice(from, to - from, ...cutIntoParts(changed));
    this.#whole = undefined;
  }

  coveringSequence(source: Uint8Array, start: number, end: number, sequenceMax: number): number {
    const index = this.#partEndingAfter(source, start, end);
    return index === this.#parts.length ? 0 : this.#parts[index].coveringSequence(source, start, end, sequenceMax);
  }

  /** As it is now; made once for all who ask before the next `add`. */
  toSet(): RangeTombstoneSet {
    this.#whole ??= RangeTombstoneSet.ofFragments(fragmentsOf(this.#parts));
    return this.#whole;
  }

  /** Index of the first part that ends behind the key; the count of parts if there is none. */
  #partEndingAfter(source: Uint8Array, start: number, end: number): number {
    let low = 0;
    let high = this.#parts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const { fragments } = this.#parts[middle];
      const last = fragments[fragments.length - 1].end;
      if (compareRanges(source, start, end, last, 0, last.length) < 0) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function startsBefore({ fragments }: RangeTombstoneSet, key: Uint8Array): boolean {
  const { start } = fragments[0];
  return compareRanges(start, 0, start.length, key, 0, key.length) < 0;
}

function fragmentsOf(parts: readonly RangeTombstoneSet[]): TombstoneFragment[] {
  return parts.flatMap(({ fragments }) => fragments);
}

/** A set that is small enough stays; a larger one is cut into halves of parts, with room to grow. */
function cutIntoParts(set: RangeTombstoneSet): RangeTombstoneSet[] {
  const { fragments } = set;
  if (fragments.length <= PART_FRAGMENTS_MAX) return [set];
  const parts: RangeTombstoneSet[] = [];
  const step = PART_FRAGMENTS_MAX / 2;
  for (let at = 0; at < fragments.length; at += step) {
    parts.push(RangeTombstoneSet.ofFragments(fragments.slice(at, at + step)));
  }
  return parts;
}

/**
 * Of `tombstones`, which come oldest first, what readers at any of the ascending `moments` can tell apart; those above the last moment
 * are all kept. So n range deletes over the same keys are one sequence a moment, and not n.
 */
export function tombstonesSeenAt(tombstones: readonly RangeTombstone[], moments: readonly number[]): RangeTombstoneSet {
  const skyline = new TombstoneSkyline();
  const sets: RangeTombstoneSet[] = [];
  let next = 0;
  for (const moment of moments) {
    const first = next;
    while (next < tombstones.length && tombstones[next].sequence <= moment) skyline.add(tombstones[next++]);
    if (next > first) sets.push(skyline.toSet());
  }
  return RangeTombstoneSet.merge([...sets, RangeTombstoneSet.of(tombstones.slice(next))]);
}
