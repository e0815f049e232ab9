import { compareBytes, copyToBuffer } from '../base/bytes.js';
import { KIND_DELETE, KIND_RANGE_DELETE } from '../base/internal-key.js';
import { EXPIRY_BYTES, isExpiringKind } from '../base/stored-value.js';
import { checkBatchSize } from './check-writes.js';
import type { Operation } from './write-queue.js';

/** `[key, value)`: what a range delete covers. */
interface DeletedRange {
  readonly start: Uint8Array;
  readonly end: Uint8Array;
}

/** What a transaction had written at some time; it does not change any more. */
export interface WriteSetView {
  /** Puts and deletes, one a key, in the order of keys. */
  readonly entries: readonly Operation[];
  /** In order, none touches another. The entries are newer. */
  readonly deletedRanges: readonly DeletedRange[];
}

/**
 * What a transaction has written and nobody else can see yet: the last write of each key in the order of keys, so that
 * iterators can merge it with what is stored. A view is the arrays as they are; the next change makes new ones.
 */
export class WriteSet {
  #entries: Operation[] = [];
  #deletedRanges: readonly DeletedRange[] = [];
  #isViewed = false;
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#entries.length === 0 && this.#deletedRanges.length === 0;
  }

  /** A put or a delete. Copied: the caller may reuse its memory. Errors: STEME_INVALID_BATCH when all of it is too much for one batch. */
  add({ kind, key, value }: Operation): void {
    const index = lowerBound(this.#entries, key);
    const former = matchAt(this.#entries, index, key);
    const formerBytes = former === undefined ? 0 : bytesOf(former);
    const bytes = this.#bytes - formerBytes + key.length + value.length;
    checkBatchSize(this.#entries.length + this.#deletedRanges.length + 1, bytes);
    const entry = { kind, key: Uint8Array.from(key), value: Uint8Array.from(value) };
    this.#ownEntries().splice(index, former === undefined ? 0 : 1, entry);
    this.#bytes = bytes;
  }

  /** A range delete, as an operation. */
  deleteRange({ key, value }: Operation): void {
    const start = Uint8Array.from(key);
    const end = Uint8Array.from(value);
    const first = lowerBound(this.#entries, start);
    const removed = this.#ownEntries().splice(first, lowerBound(this.#entries, end) - first);
    for (const entry of removed) this.#bytes -= bytesOf(entry);
    this.#bytes += start.length + end.length;
    this.#deletedRanges = withRange(this.#deletedRanges, start, end);
    checkBatchSize(this.#entries.length + this.#deletedRanges.length, this.#bytes);
  }

  /** The last write of `key` itself, range deletes apart. */
  find(key: Uint8Array): Operation | undefined {
    return matchAt(this.#entries, lowerBound(this.#entries, key), key);
  }

  isInDeletedRange(key: Uint8Array): boolean {
    return isInSome(this.#deletedRanges, key);
  }

  view(): WriteSetView {
    this.#isViewed = true;
    return { entries: this.#entries, deletedRanges: this.#deletedRanges };
  }

  /** Range deletes first: what was put into a range after its delete is newer. */
  operations(): Operation[] {
    const deletes = this.#deletedRanges.map(({ start, end }): Operation => {
      return { kind: KIND_RANGE_DELETE, key: start, value: end };
    });
    return [...deletes, ...this.#entries];
  }

  #ownEntries(): Operation[] {
    if (this.#isViewed) {
      this.#entries = [...this.#entries];
      this.#isViewed = false;
    }
    return this.#entries;
  }
}

/** The user's value of a put; undefined for a delete. */
export function valueOfWrite({ kind, value }: Operation): Buffer | undefined {
  if (kind === KIND_DELETE) return undefined;
  return copyToBuffer(value, isExpiringKind(kind) ? EXPIRY_BYTES : 0, value.length);
}

/** Index of the first entry at or after `key`. */
export function lowerBound(entries: readonly Operation[], key: Uint8Array): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareBytes(entries[middle].key, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function isInSome(ranges: readonly DeletedRange[], key: Uint8Array): boolean {
  const index = firstEndingAfter(ranges, key);
  return index < ranges.length && compareBytes(ranges[index].start, key) <= 0;
}

function matchAt(entries: readonly Operation[], index: number, key: Uint8Array): Operation | undefined {
  return index < entries.length && compareBytes(entries[index].key, key) === 0 ? entries[index] : undefined;
}

function bytesOf({ key, value }: Operation): number {
  return key.length + value.length;
}

function firstEndingAfter(ranges: readonly DeletedRange[], key: Uint8Array): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareBytes(ranges[middle].end, key) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** With all that overlaps or touches the new range made one with it. */
function withRange(ranges: readonly DeletedRange[], start: Uint8Array, end: Uint8Array): DeletedRange[] {
  const touching = ranges.filter((range) => compareBytes(range.end, start) >= 0 && compareBytes(range.start, end) <= 0);
  const before = ranges.filter((range) => compareBytes(range.end, start) < 0);
  const after = ranges.filter((range) => compareBytes(range.start, end) > 0);
  const first = touching.at(0);
  const last = touching.at(-1);
  const joined = {
    start: first !== undefined && compareBytes(first.start, start) < 0 ? first.start : start,
    end: last !== undefined && compareBytes(last.end, end) > 0 ? last.end : end,
  };
  return [...before, joined, ...after];
}
