/**
 * Range deletes as readers ask them: cut into fragments at every start and end, so that no two overlap and one binary
 * search finds all that covers a key.
 *
 *     a ──── 7 ──── e              fragments    [a, c) 7
 *            c ──── 9 ──── g                    [c, e) 9 7
 *                                               [e, g) 9
 */
import { compareBytes, compareRanges } from './bytes.js';

/** Every version of a key in `[start, end)` whose sequence is below `sequence` is deleted. */
export interface RangeTombstone {
  readonly start: Uint8Array;
  readonly end: Uint8Array;
  readonly sequence: number;
}

/** One fragment: no other fragment overlaps it; its sequences descend. */
export interface TombstoneFragment {
  readonly start: Uint8Array;
  readonly end: Uint8Array;
  readonly sequences: readonly number[];
}

/** What a point read asks. */
export interface KeyCover {
  /**
   * The largest sequence at or below `sequenceMax` of a tombstone that covers the key `source[start, end)`; 0 if none
   * does. Allocates nothing.
   */
  coveringSequence(source: Uint8Array, start: number, end: number, sequenceMax: number): number;
}

/** An immutable set; all it changes is a note of where the last question fell. */
export class RangeTombstoneSet implements KeyCover {
  static readonly EMPTY = new RangeTombstoneSet([]);

  /** Sorted and disjoint. Neighbours that touch differ in their sequences. */
  readonly fragments: readonly TombstoneFragment[];
  /** Index of the first fragment that ends behind the last key asked for: keys are mostly asked for in order. */
  #lastIndex = 0;

  private constructor(fragments: readonly TombstoneFragment[]) {
    this.fragments = fragments;
  }

  /** In any order, overlapping or not. An empty range covers nothing. */
  static of(tombstones: Iterable<RangeTombstone>): RangeTombstoneSet {
    return RangeTombstoneSet.ofFragments(fragment(tombstones));
  }

  static merge(sets: readonly RangeTombstoneSet[]): RangeTombstoneSet {
    const filled = sets.filter((set) => !set.isEmpty);
    if (filled.length === 1) return filled[0];
    return RangeTombstoneSet.of(filled.flatMap((set) => [...tombstonesOf(set.fragments)]));
  }

  /** Of fragments that are what fragments must be: sorted, disjoint, none empty. */
  static ofFragments(fragments: readonly TombstoneFragment[]): RangeTombstoneSet {
    return fragments.length === 0 ? RangeTombstoneSet.EMPTY : new RangeTombstoneSet(fragments);
  }

  /** This set with a newer tombstone over it: of the keys that it covers, nothing older is left. */
  under(tombstone: RangeTombstone): RangeTombstoneSet {
    const { start, end, sequence } = tombstone;
    const fragments = this.fragments.slice();
    const from = this.#search(start, 0, start.length);
    let to = from;
    while (to < fragments.length && compareBytes(fragments[to].start, end) < 0) to++;
    const before = from < to ? (clipFragment(fragments[from], undefined, start) ?? []) : [];
    const behind = from < to ? (clipFragment(fragments[to - 1], end, undefined) ?? []) : [];
    fragments.splice(from, to - from, ...[before, { start, end, sequences: [sequence] }, behind].flat());
    return new RangeTombstoneSet(fragments);
  }

  get isEmpty(): boolean {
    return this.fragments.length === 0;
  }

  coveringSequence(source: Uint8Array, start: number, end: number, sequenceMax: number): number {
    const index = this.firstEndingAfter(source, start, end);
    if (index === this.fragments.length) return 0;
    const { start: from, sequences } = this.fragments[index];
    if (compareRanges(source, start, end, from, 0, from.length) < 0) return 0;
    return largestUpTo(sequences, sequenceMax);
  }

  /** Index of the first fragment that ends behind the key, and so may cover it; the count of fragments if there is none. */
  firstEndingAfter(source: Uint8Array, start: number, end: number): number {
    let index = this.#lastIndex;
    if (!this.#isFirstEndingAfter(index, source, start, end)) {
      index++;
      if (!this.#isFirstEndingAfter(index, source, start, end)) index = this.#search(source, start, end);
      this.#lastIndex = index;
    }
    return index;
  }

  /** The same tombstones within `[start, end)`; a bound left out is none. */
  clip(start: Uint8Array | undefined, end: Uint8Array | undefined): RangeTombstoneSet {
    const clipped = this.fragments.flatMap((whole) => clipFragment(whole, start, end) ?? []);
    const isWhole = clipped.length === this.fragments.length && clipped.every((part, i) => part === this.fragments[i]);
    return isWhole ? this : RangeTombstoneSet.ofFragments(clipped);
  }

  #isFirstEndingAfter(index: number, source: Uint8Array, start: number, end: number): boolean {
    const { fragments } = this;
    if (index > fragments.length) return false;
    return (
      (index === fragments.length || endsAfter(fragments[index], source, start, end)) &&
      (index === 0 || !endsAfter(fragments[index - 1], source, start, end))
    );
  }

  #search(source: Uint8Array, start: number, end: number): number {
    const { fragments } = this;
    let low = 0;
    let high = fragments.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (endsAfter(fragments[middle], source, start, end)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function endsAfter(part: TombstoneFragment, source: Uint8Array, start: number, end: number): boolean {
  return compareRanges(source, start, end, part.end, 0, part.end.length) < 0;
}

/** Of descending sequences the largest at or below `sequenceMax`; 0 if there is none. Mostly the first: few readers look back. */
export function largestUpTo(sequences: readonly number[], sequenceMax: number): number {
  if (sequences[0] <= sequenceMax) return sequences[0];
  let low = 1;
  let high = sequences.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sequences[middle] <= sequenceMax) high = middle;
    else low = middle + 1;
  }
  return low === sequences.length ? 0 : sequences[low];
}

function* tombstonesOf(fragments: readonly TombstoneFragment[]): Generator<RangeTombstone> {
  for (const { start, end, sequences } of fragments) {
    for (const sequence of sequences) yield { start, end, sequence };
  }
}

function clipFragment(
  whole: TombstoneFragment,
  start: Uint8Array | undefined,
  end: Uint8Array | undefined,
): TombstoneFragment | undefined {
  const from = start !== undefined && compareBytes(start, whole.start) > 0 ? start : whole.start;
  const to = end !== undefined && compareBytes(end, whole.end) < 0 ? end : whole.end;
  if (compareBytes(from, to) >= 0) return undefined;
  return from === whole.start && to === whole.end ? whole : { start: from, end: to, sequences: whole.sequences };
}

/** Where tombstones start or end on the way through all keys. */
interface Edge {
  readonly key: Uint8Array;
  readonly sequence: number;
  readonly isStart: boolean;
}

function fragment(tombstones: Iterable<RangeTombstone>): TombstoneFragment[] {
  const edges = edgesOf(tombstones);
  const fragments: TombstoneFragment[] = [];
  /** Sequences of the tombstones over the current edge, descending; one that came in parts may be there twice. */
  const open: number[] = [];
  for (let i = 0; i < edges.length; i++) {
    const { key, sequence, isStart } = edges[i];
    const at = indexOfSequence(open, sequence);
    if (isStart) open.splice(at, 0, sequence);
    else open.splice(at, 1);
    if (open.length === 0 || compareBytes(key, edges[i + 1].key) === 0) continue;
    append(fragments, { start: key, end: edges[i + 1].key, sequences: withoutRepeats(open) });
  }
  return fragments;
}

function edgesOf(tombstones: Iterable<RangeTombstone>): Edge[] {
  const edges: Edge[] = [];
  for (const { start, end, sequence } of tombstones) {
    if (compareBytes(start, end) >= 0) continue;
    edges.push({ key: start, sequence, isStart: true }, { key: end, sequence, isStart: false });
  }
  return edges.sort((a, b) => compareBytes(a.key, b.key));
}

/** Where `sequence` stands among descending ones, or would. */
function indexOfSequence(descending: readonly number[], sequence: number): number {
  let low = 0;
  let high = descending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (descending[middle] > sequence) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Adds the next fragment; where it only goes on with the last one, the two become one. */
function append(fragments: TombstoneFragment[], next: TombstoneFragment): void {
  const last = fragments.at(-1);
  if (last !== undefined && compareBytes(last.end, next.start) === 0 && areEqual(last.sequences, next.sequences)) {
    fragments[fragments.length - 1] = { start: last.start, end: next.end, sequences: last.sequences };
  } else {
    fragments.push(next);
  }
}

function areEqual(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((sequence, i) => sequence === b[i]);
}

function withoutRepeats(sorted: readonly number[]): number[] {
  return sorted.filter((sequence, i) => i === 0 || sequence !== sorted[i - 1]);
}
