import { compareBytes, compareRanges, EMPTY_BYTES } from '../base/bytes.js';
import { StemeError } from '../base/errors.js';
import type { InternalIterator } from '../base/internal-iterator.js';
import { KIND_DELETE } from '../base/internal-key.js';
import { SEQUENCE_MAX } from '../base/limits.js';
import type { PointResult } from '../base/point-result.js';
import { LOOKUP_MISSING } from '../base/point-result.js';
import type { RangeTombstoneSet } from '../base/range-tombstones.js';
import { tombstonesSeenAt } from '../base/tombstone-skyline.js';
import type { HalfOpenRange } from '../read/bounds.js';
import { endsBefore, isInRange } from '../read/key-range.js';
import { hashKey } from '../table/key-hash.js';
import type { TableCache } from '../table/table-cache.js';
import type { TableMetadata } from '../table/table-metadata.js';
import type { ReadSet } from './read-set.js';
import type { ReadState } from './read-state.js';
import { largestSequenceOf } from './read-state.js';
import type { TreeState } from './tree-state.js';

/** Whether a version or a range delete that is newer than a moment touches what was read at that moment. */
export class ConflictCheck {
  readonly #state: TreeState;
  readonly #tables: TableCache;

  constructor(state: TreeState, tables: TableCache) {
    this.#state = state;
    this.#tables = tables;
  }

  /** STEME_CONFLICT for something in `readSet` that has changed since `sequence`; writes that nobody can see yet count. */
  find(readSet: ReadSet, sequence: number): StemeError | undefined {
    const newer = new NewerVersions(this.#state.readState, this.#tables, sequence);
    for (const key of readSet.keys) {
      if (newer.hasKey(key)) return conflict('a key');
    }
    for (const range of readSet.ranges()) {
      if (newer.hasInRange(range)) return conflict('a key of a range');
    }
    return undefined;
  }
}

function conflict(what: string): StemeError {
  const message = `${what} that the transaction has read was written by another since; nothing was written`;
  return new StemeError('STEME_CONFLICT', message);
}

/** What is newer than `sequence`, by way of only those sources that can hold such. */
class NewerVersions {
  readonly #state: ReadState;
  readonly #tables: TableCache;
  readonly #sequence: number;
  readonly #newTables: readonly TableMetadata[];
  /** Of the memtables. */
  readonly #newTombstones: readonly RangeTombstoneSet[];
  readonly #result: PointResult = {
    state: LOOKUP_MISSING,
    source: EMPTY_BYTES,
    start: 0,
    end: 0,
    sequence: 0,
    kind: KIND_DELETE,
  };

  constructor(state: ReadState, tables: TableCache, sequence: number) {
    this.#state = state;
    this.#tables = tables;
    this.#sequence = sequence;
    this.#newTables = state.version.levels.flatMap((level) =>
      level.filter((table) => largestSequenceOf(table) > sequence),
    );
    this.#newTombstones = state.memtables.map(({ memtable }) =>
      tombstonesSeenAt(memtable.rangeDeletesAfter(sequence).reverse(), [SEQUENCE_MAX]),
    );
  }

  hasKey(key: Uint8Array): boolean {
    for (const { memtable } of this.#state.memtables) {
      if (memtable.get(key, 0, SEQUENCE_MAX, this.#result) && this.#result.sequence > this.#sequence) return true;
    }
    if (this.#newTombstones.some((tombstones) => this.#coversKey(tombstones, key))) return true;
    if (this.#newTables.length === 0) return false;
    const keyHash = hashKey(key, 0, key.length);
    return this.#newTables.some((table) => isInRange(table, key) && this.#isKeyInTable(table, key, keyHash));
  }

  hasInRange({ start, end }: HalfOpenRange): boolean {
    if (end !== undefined && compareBytes(start, end) >= 0) return false;
    if (this.#newTombstones.some((tombstones) => this.#touchesRange(tombstones, start, end))) return true;
    for (const { memtable } of this.#state.memtables) {
      if (this.#isOnTheWay(memtable.iterator(), start, end)) return true;
    }
    return this.#newTables.some((table) => overlaps(table, start, end) && this.#isRangeInTable(table, start, end));
  }

  #isKeyInTable(table: TableMetadata, key: Uint8Array, keyHash: number): boolean {
    const reader = this.#tables.get(table);
    if (reader.get(key, keyHash, SEQUENCE_MAX, this.#result) && this.#result.sequence > this.#sequence) return true;
    return this.#coversKey(reader.rangeTombstones, key);
  }

  #isRangeInTable(table: TableMetadata, start: Uint8Array, end: Uint8Array | undefined): boolean {
    const reader = this.#tables.get(table);
    return this.#touchesRange(reader.rangeTombstones, start, end) || this.#isOnTheWay(reader.iterator(), start, end);
  }

  #coversKey(tombstones: RangeTombstoneSet | undefined, key: Uint8Array): boolean {
    return (tombstones?.coveringSequence(key, 0, key.length, SEQUENCE_MAX) ?? 0) > this.#sequence;
  }

  #touchesRange(tombstones: RangeTombstoneSet | undefined, start: Uint8Array, end: Uint8Array | undefined): boolean {
    if (tombstones === undefined) return false;
    const { fragments } = tombstones;
    for (let i = tombstones.firstEndingAfter(start, 0, start.length); i < fragments.length; i++) {
      if (end !== undefined && compareBytes(fragments[i].start, end) >= 0) return false;
      if (fragments[i].sequences[0] > this.#sequence) return true;
    }
    return false;
  }

  #isOnTheWay(source: InternalIterator, start: Uint8Array, end: Uint8Array | undefined): boolean {
    for (source.seek(start); source.valid; source.next()) {
      if (
        end !== undefined &&
        compareRanges(source.keySource, source.keyStart, source.keyEnd, end, 0, end.length) >= 0
      ) {
        return false;
      }
      if (source.sequence > this.#sequence) return true;
    }
    return false;
  }
}

function overlaps(table: TableMetadata, start: Uint8Array, end: Uint8Array | undefined): boolean {
  return !endsBefore(table, start) && (end === undefined || compareBytes(table.smallestKey, end) < 0);
}
