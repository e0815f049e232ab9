import type { RangeTombstone } from '../base/range-tombstones.js';
import { TombstoneSkyline } from '../base/tombstone-skyline.js';
import type { Arena } from './arena.js';
import { RANGE_DELETE_SLOT } from './arena.js';
import {
  linkOlder,
  olderRecord,
  recordKeyLength,
  recordKeyStart,
  recordSequence,
  recordValueLength,
  recordValueStart,
} from './record.js';

/** Views of readers who look back. */
const OLDER_VIEWS_MAX = 4;

/** Makes `record`, a range delete that is not published yet, the head of the arena's list: one atomic store shows it to every thread. */
export function publishRangeDelete(arena: Arena, record: number): void {
  linkOlder(arena, record, arena.words[RANGE_DELETE_SLOT]);
  Atomics.store(arena.words, RANGE_DELETE_SLOT, record);
}

/** The range deletes in the arena whose sequence is above `sequence`, newest first. */
export function rangeDeletesAfter(arena: Arena, sequence: number): RangeTombstone[] {
  const tombstones: RangeTombstone[] = [];
  let record = Atomics.load(arena.words, RANGE_DELETE_SLOT);
  for (; record !== 0 && recordSequence(arena, record) > sequence; record = olderRecord(arena, record)) {
    tombstones.push(readTombstone(arena, record));
  }
  return tombstones;
}

/**
 * The range deletes of a memtable as one reading thread knows them. The list in the arena runs from new to old; those that readers
 * may see by now are taken over from it one by one, and the newest over each key is kept. A reader who looks back behind
 * one that was taken over gets a view of their own.
 */
export class MemtableTombstones {
  readonly #arena: Arena;
  readonly #skyline = new TombstoneSkyline();
  /** The head of the list at the last look. */
  #head = 0;
  /** The sequence of the newest that is in the skyline, and of the oldest that is not. */
  #newestTaken = 0;
  #oldestWaiting = Number.POSITIVE_INFINITY;
  readonly #olderViews: { readonly sequenceMax: number; readonly skyline: TombstoneSkyline }[] = [];

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /** What a reader at `sequenceMax` sees; undefined if the memtable has no range delete at all. */
  seenAt(sequenceMax: number): TombstoneSkyline | undefined {
    const head = Atomics.load(this.#arena.words, RANGE_DELETE_SLOT);
    if (head === 0) return undefined;
    if (head !== this.#head || sequenceMax >= this.#oldestWaiting) this.#takeOver(head, sequenceMax);
    return sequenceMax >= this.#newestTaken ? this.#skyline : this.#olderView(sequenceMax);
  }

  #takeOver(head: number, sequenceMax: number): void {
    const waiting = rangeDeletesAfter(this.#arena, this.#newestTaken);
    this.#head = head;
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      this.#oldestWaiting = next.sequence;
      if (next.sequence > sequenceMax) return;
      this.#skyline.add(next);
      this.#newestTaken = next.sequence;
    }
    this.#oldestWaiting = Number.POSITIVE_INFINITY;
  }

  #olderView(sequenceMax: number): TombstoneSkyline {
    const known = this.#olderViews.find((view) => view.sequenceMax === sequenceMax);
    if (known !== undefined) return known.skyline;
    const skyline = new TombstoneSkyline();
    for (const tombstone of rangeDeletesAfter(this.#arena, 0).reverse()) {
      if (tombstone.sequence > sequenceMax) break;
      skyline.add(tombstone);
    }
    if (this.#olderViews.length === OLDER_VIEWS_MAX) this.#olderViews.shift();
    this.#olderViews.push({ sequenceMax, skyline });
    return skyline;
  }
}

/** A copy: the set may outlive the arena. */
function readTombstone(arena: Arena, record: number): RangeTombstone {
  const keyStart = recordKeyStart(record);
  const keyLength = recordKeyLength(arena, record);
  const valueStart = recordValueStart(record, keyLength);
  const valueEnd = valueStart + recordValueLength(arena, record);
  return {
    start: Uint8Array.from(arena.bytes.subarray(keyStart, keyStart + keyLength)),
    end: Uint8Array.from(arena.bytes.subarray(valueStart, valueEnd)),
    sequence: recordSequence(arena, record),
  };
}
