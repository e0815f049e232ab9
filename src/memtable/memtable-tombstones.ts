import type { RangeTombstone } from '../base/range-tombstones.js';
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

/** More new ones than this are cheaper to sort with all others than to put in one by one. */
const ADDED_ONE_BY_ONE_MAX = 16;

/** Makes `record`, a range delete that is not published yet, the head of the arena's list: one atomic store shows it to every thread. */
export function publishRangeDelete(arena: Arena, record: number): void {
  linkOlder(arena, record, arena.words[RANGE_DELETE_SLOT]);
  Atomics.store(arena.words, RANGE_DELETE_SLOT, record);
}

/**
 * The range deletes of a memtable as one reading thread knows them. The list in the arena runs from new to old; what has come since
 * the last look is taken over on the next, so that a reader between two range deletes pays for the new one only.
 */
export class MemtableTombstones {
  readonly #arena: Arena;
  #head = 0;
  #set: RangeTombstoneSet | undefined;

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /** Undefined without any. Those newer than the reader are there too: it asks up to a sequence. */
  current(): RangeTombstoneSet | undefined {
    const head = Atomics.load(this.#arena.words, RANGE_DELETE_SLOT);
    if (head !== this.#head) this.#takeOver(head);
    return this.#set;
  }

  #takeOver(head: number): void {
    const added: RangeTombstone[] = [];
    for (let record = head; record !== this.#head; record = olderRecord(this.#arena, record)) {
      added.push(readTombstone(this.#arena, record));
    }
    const known = this.#set ?? RangeTombstoneSet.EMPTY;
    this.#set =
      added.length > ADDED_ONE_BY_ONE_MAX
        ? RangeTombstoneSet.merge([known, RangeTombstoneSet.of(added)])
        : added.reduce((set, tombstone) => set.with(tombstone), known);
    this.#head = head;
  }
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
