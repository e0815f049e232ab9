import { compareBytes } from '../base/bytes.js';
import { StemeError } from '../base/errors.js';
import type { HalfOpenRange } from '../read/bounds.js';
import { earlierKey, laterKey, successorOf } from '../read/bounds.js';
import type { BytesLike, Entry, EntryIterator } from './api.js';
import { ScanCoverage } from './scan-coverage.js';
import { ScanTurns } from './scan-turns.js';
import { boundBytes } from './user-bytes.js';
import type { Operation } from './write-queue.js';
import type { WriteSetView } from './write-set.js';
import { isInSome, lowerBound, valueOfWrite } from './write-set.js';

const EMPTY = Buffer.alloc(0);
const STORED_ENTRIES_AT_ONCE = 64;
const ENTRIES_PER_CLOCK_READ = 256;

export interface TransactionIteratorOptions {
  /** What is stored, over the same range in the same direction, with keys and without a limit. It becomes this iterator's own. */
  readonly stored: EntryIterator;
  readonly writes: WriteSetView;
  readonly range: HalfOpenRange;
  readonly isReverse: boolean;
  readonly limit: number;
  readonly hasKeys: boolean;
  readonly hasValues: boolean;
  /** Throws once the transaction has ended. */
  readonly assertOpen: () => void;
  /** From here on it counts as read what this covers. */
  readonly onScan: (coverage: ScanCoverage) => void;
  readonly onClose: (iterator: TransactionIterator) => void;
}

/** What is stored and what the transaction has written, as one: at equal keys its own write hides the stored one. */
export class TransactionIterator implements EntryIterator {
  readonly #options: TransactionIteratorOptions;
  readonly #entries: readonly Operation[];
  /** Of the next own write in `#entries`, which ends at `#ownEnd` in this direction. */
  #ownIndex: number;
  readonly #ownEnd: number;
  #stored: readonly Entry[] = [];
  #storedIndex = 0;
  #isStoredOver = false;
  #coverage: ScanCoverage | undefined;
  #remaining: number;
  #isClosed = false;
  readonly #turns = new ScanTurns();

  constructor(options: TransactionIteratorOptions) {
    this.#options = options;
    const { range, isReverse, writes } = options;
    this.#entries = writes.entries;
    this.#remaining = options.limit;
    const first = lowerBound(this.#entries, range.start);
    const end = range.end === undefined ? this.#entries.length : lowerBound(this.#entries, range.end);
    const last = Math.max(first, end) - 1;
    this.#ownIndex = isReverse ? last : first;
    this.#ownEnd = isReverse ? first - 1 : last + 1;
  }

  next(): Promise<IteratorResult<Entry>> {
    try {
      this.#assertOpen();
      const entry = this.#take();
      const result: IteratorResult<Entry> =
        entry === undefined ? { done: true, value: undefined } : { done: false, value: entry };
      return this.#turns.isDueAfterRow ? this.#turns.take().then(() => result) : Promise.resolve(result);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async nextv(count: number): Promise<Entry[]> {
    checkCount(count);
    const entries: Entry[] = [];
    for (;;) {
      if (this.#turns.isDue) await this.#turns.take();
      const part = this.nextvSync(Math.min(count - entries.length, ENTRIES_PER_CLOCK_READ));
      entries.push(...part);
      if (entries.length === count || part.length < ENTRIES_PER_CLOCK_READ) return entries;
    }
  }

  nextvSync(count: number): Entry[] {
    this.#assertOpen();
    checkCount(count);
    const entries: Entry[] = [];
    while (entries.length < count) {
      const entry = this.#take();
      if (entry === undefined) break;
      entries.push(entry);
    }
    return entries;
  }

  seek(key: BytesLike): void {
    this.#assertOpen();
    const target = boundBytes('seek', key);
    if (target === undefined) throw new StemeError('STEME_INVALID_RANGE', 'seek needs a key');
    const { range, isReverse, stored } = this.#options;
    stored.seek(target);
    this.#stored = [];
    this.#storedIndex = 0;
    this.#isStoredOver = false;
    if (isReverse) {
      const end = range.end === undefined ? successorOf(target) : earlierKey(successorOf(target), range.end);
      this.#ownIndex = Math.max(lowerBound(this.#entries, end) - 1, this.#ownEnd);
      this.#startScan({ start: range.start, end });
    } else {
      const start = laterKey(target, range.start);
      this.#ownIndex = Math.min(lowerBound(this.#entries, start), this.#ownEnd);
      this.#startScan({ start, end: range.end });
    }
  }

  async return(): Promise<IteratorResult<Entry>> {
    await this.close();
    return { done: true, value: undefined };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#options.onClose(this);
    await this.#options.stored.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(): Entry | undefined {
    if (this.#remaining === 0) return undefined;
    const coverage = this.#coverage ?? this.#startScan(this.#options.range);
    const entry = this.#takeMerged();
    if (entry === undefined) {
      coverage.reachEnd();
      return undefined;
    }
    coverage.reach(entry[0]);
    this.#remaining--;
    const [key, value] = entry;
    const { hasKeys, hasValues } = this.#options;
    return [hasKeys ? key : EMPTY, hasValues ? value : EMPTY];
  }

  #startScan(range: HalfOpenRange): ScanCoverage {
    const coverage = new ScanCoverage(range, this.#options.isReverse);
    this.#coverage = coverage;
    this.#options.onScan(coverage);
    return coverage;
  }

  #takeMerged(): Entry | undefined {
    for (;;) {
      const own = this.#ownIndex === this.#ownEnd ? undefined : this.#entries[this.#ownIndex];
      const stored = this.#peekStored();
      const order = this.#orderOf(own, stored);
      if (order >= 0 && stored !== undefined) this.#storedIndex++;
      if (order <= 0 && own !== undefined) {
        this.#ownIndex += this.#options.isReverse ? -1 : 1;
        const value = valueOfWrite(own);
        if (value !== undefined) return [Buffer.from(own.key), value];
        continue;
      }
      if (stored === undefined) return undefined;
      if (!isInSome(this.#options.writes.deletedRanges, stored[0])) return stored;
    }
  }

  /** Negative when the own write comes first, positive when the stored entry does, 0 for the same key. */
  #orderOf(own: Operation | undefined, stored: Entry | undefined): number {
    if (own === undefined) return 1;
    if (stored === undefined) return -1;
    const order = compareBytes(own.key, stored[0]);
    return this.#options.isReverse ? -order : order;
  }

  #peekStored(): Entry | undefined {
    if (this.#storedIndex === this.#stored.length && !this.#isStoredOver) {
      this.#stored = this.#options.stored.nextvSync(STORED_ENTRIES_AT_ONCE);
      this.#storedIndex = 0;
      this.#isStoredOver = this.#stored.length < STORED_ENTRIES_AT_ONCE;
    }
    return this.#storedIndex < this.#stored.length ? this.#stored[this.#storedIndex] : undefined;
  }

  #assertOpen(): void {
    this.#options.assertOpen();
    if (this.#isClosed) throw new StemeError('STEME_CLOSED', 'the iterator is closed');
  }
}

function checkCount(count: number): void {
  if (Number.isInteger(count) && count >= 1) return;
  throw new StemeError('STEME_INVALID_RANGE', `nextv takes a whole number of entries from 1, got ${count}`);
}
