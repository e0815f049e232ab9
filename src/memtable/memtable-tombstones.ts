import { compareRanges } from '../base/bytes.js';
import type { KeyCover, RangeTombstone, TombstoneFragment } from '../base/range-tombstones.js';
import { RangeTombstoneSet } from '../base/range-tombstones.js';
import type { Arena } from './arena.js';
import { RANGE_DELETE_SLOT } from './arena.js';
import {
  linkOlder,
  olderRecord,
  recordKeyLength,
  recordKeyStart,
  recordSequence,
  recordValueLength,
} from './record.js';

/** A part that grows past this is cut in two. */
const PART_FRAGMENTS_MAX = 128;
/** Up to so many new ones are put in one by one, whatever else there is. */
const ADDED_ONE_BY_ONE_MAX = 16;

/** Makes `record`, a range delete that is not published yet, the head of the arena's list: one atomic store shows it to every thread. */
export function publishRangeDelete(arena: Arena, record: number): void {
  linkOlder(arena, record, arena.words[RANGE_DELETE_SLOT]);
  Atomics.store(arena.words, RANGE_DELETE_SLOT, record);
}

/**
 * The range deletes of a memtable as one reading thread knows them. The list in the arena runs from new to old; what has come since
 * the last look is taken over on the next.
 *
 * They are kept in parts, sorted and disjoint, of which a new range delete changes those that it touches. So reads between range
 * deletes do not pay for all that are there; who walks them all gets them as one set, made when it is asked for.
 */
export class MemtableTombstones implements KeyCover {
  readonly #arena: Arena;
  #head = 0;
  #parts: RangeTombstoneSet[] = [];
  #fragmentCount = 0;
  #whole: RangeTombstoneSet | undefined;

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /** Takes over what is new. True if there are any; those newer than the reader count: it asks up to a sequence. */
  refresh(): boolean {
    const head = Atomics.load(this.#arena.words, RANGE_DELETE_SLOT);
    if (head !== this.#head) this.#takeOver(head);
    return head !== 0;
  }

  /** All of them as of the last `refresh`. */
  whole(): RangeTombstoneSet {
    this.#whole ??= RangeTombstoneSet.ofFragments(fragmentsOf(this.#parts));
    return this.#whole;
  }

  /** As of the last `refresh`. */
  coveringSequence(source: Uint8Array, start: number, end: number, sequenceMax: number): number {
    const index = this.#partEndingAfter(source, start, end);
    return index === this.#parts.length ? 0 : this.#parts[index].coveringSequence(source, start, end, sequenceMax);
  }

  #takeOver(head: number): void {
    const added: RangeTombstone[] = [];
    for (let record = head; record !== this.#head; record = olderRecord(this.#arena, record)) {
      added.push(readTombstone(this.#arena, record));
    }
    // Past a quarter of what is there, one pass over everything is cheaper.
    if (added.length > Math.max(ADDED_ONE_BY_ONE_MAX, this.#fragmentCount / 4)) this.#rebuild(added);
    else for (const tombstone of added) this.#add(tombstone);
    this.#head = head;
    this.#whole = undefined;
  }

  #rebuild(added: readonly RangeTombstone[]): void {
    const all = RangeTombstoneSet.merge([...this.#parts, RangeTombstoneSet.of(added)]);
    this.#fragmentCount = all.fragments.length;
    this.#parts = cutIntoParts(all);
  }

  #add(tombstone: RangeTombstone): void {
    const { start, end } = tombstone;
    const parts = this.#parts;
    let from = this.#partEndingAfter(start, 0, start.length);
    let to = from;
    while (to < parts.length && startsBefore(parts[to], end)) to++;
    // In the gap between two parts, the one before takes it.
    if (from === to && from > 0) from--;
    const old = RangeTombstoneSet.ofFragments(fragmentsOf(parts.slice(from, to)));
    const grown = old.with(tombstone);
    this.#fragmentCount += grown.fragments.length - old.fragments.length;
    parts.splice(from, to - from, ...cutIntoParts(grown));
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

/** A copy: the set may outlive the arena. */
function readTombstone(arena: Arena, record: number): RangeTombstone {
  const keyStart = recordKeyStart(record);
  const keyEnd = keyStart + recordKeyLength(arena, record);
  const valueEnd = keyEnd + recordValueLength(arena, record);
  return {
    start: Uint8Array.from(arena.bytes.subarray(keyStart, keyEnd)),
    end: Uint8Array.from(arena.bytes.subarray(keyEnd, valueEnd)),
    sequence: recordSequence(arena, record),
  };
}
