import type { BlobResolver } from '../base/blob-resolver.js';
import { copyToBuffer } from '../base/bytes.js';
import { StemeError } from '../base/errors.js';
import { MIB } from '../base/limits.js';
import { isEmptyRange } from '../read/bounds.js';
import type { VisibleIterator } from '../read/visible-iterator.js';
import type { BytesLike, Entry, EntryIterator } from './api.js';
import { ClosingWalk } from './closing-walk.js';
import type { IteratorHold } from './iterator-hold.js';
import type { ScanOptions } from './scan-options.js';
import { ScanTurns } from './scan-turns.js';
import { boundBytes } from './user-bytes.js';

const EMPTY = Buffer.alloc(0);
const ENTRIES_PER_CLOCK_READ = 256;
const BYTES_PER_CLOCK_READ = MIB;

/** A range scan at one moment: its hold keeps memtables and tables until it is closed (law 4). */
export class DatabaseIterator implements EntryIterator {
  readonly #hold: IteratorHold;
  readonly #entries: VisibleIterator;
  readonly #blobs: BlobResolver;
  readonly #hasKeys: boolean;
  readonly #hasValues: boolean;
  readonly #isEmptyRange: boolean;
  #remaining: number;
  #isPositioned = false;
  readonly #turns = new ScanTurns();
  /** Taken since the clock was last read. */
  #turnEntries = 0;
  #turnBytes = 0;

  /** Takes over `hold`, and `entries` that look at what it holds. */
  constructor(entries: VisibleIterator, hold: IteratorHold, blobs: BlobResolver, options: ScanOptions) {
    this.#entries = entries;
    this.#hold = hold;
    this.#blobs = blobs;
    this.#hasKeys = options.hasKeys;
    this.#hasValues = options.hasValues;
    this.#remaining = options.limit;
    this.#isEmptyRange = isEmptyRange(options.bounds);
  }

  next(): Promise<IteratorResult<Entry>> {
    try {
      this.#hold.assertOpen();
      const entry = this.#take();
      const result: IteratorResult<Entry> =
        entry === undefined ? { done: true, value: undefined } : { done: false, value: entry };
      return this.#turns.isDueAfterRow ? this.#turns.take().then(() => result) : Promise.resolve(result);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async nextv(count: number): Promise<Entry[]> {
    this.#hold.assertOpen();
    assertCount(count);
    const entries: Entry[] = [];
    do {
      if (!this.#turns.isDue) continue;
      await this.#turns.take();
      this.#hold.assertOpen();
    } while (this.#takeSome(entries, count));
    return entries;
  }

  nextvSync(count: number): Entry[] {
    this.#hold.assertOpen();
    assertCount(count);
    const entries: Entry[] = [];
    while (this.#takeSome(entries, count));
    return entries;
  }

  seek(key: BytesLike): void {
    this.#hold.assertOpen();
    const target = boundBytes('seek', key);
    if (target === undefined) throw new StemeError('STEME_INVALID_RANGE', 'seek needs a key');
    if (!this.#isEmptyRange) this.#entries.seek(target);
    this.#isPositioned = true;
  }

  close(): Promise<void> {
    this.#hold.close();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Entry> {
    return new ClosingWalk(this);
  }

  /** Appends entries up to `count` in all; true if it stopped before that, or the end, to let the clock be read. */
  #takeSome(entries: Entry[], count: number): boolean {
    this.#turnEntries = 0;
    this.#turnBytes = 0;
    while (entries.length < count) {
      const entry = this.#take();
      if (entry === undefined) return false;
      entries.push(entry);
      if (++this.#turnEntries === ENTRIES_PER_CLOCK_READ || this.#turnBytes >= BYTES_PER_CLOCK_READ) return true;
    }
    return false;
  }

  #take(): Entry | undefined {
    if (this.#remaining === 0 || this.#isEmptyRange) return undefined;
    const entries = this.#entries;
    if (!this.#isPositioned) {
      entries.first();
      this.#isPositioned = true;
    }
    if (!entries.valid) return undefined;
    this.#remaining--;
    const key = this.#hasKeys ? copyToBuffer(entries.keySource, entries.keyStart, entries.keyEnd) : EMPTY;
    const value = this.#hasValues ? this.#copyValue() : EMPTY;
    this.#turnBytes += key.length + value.length;
    // Nobody else has the key yet, so it stays as it is.
    entries.advance(this.#hasKeys ? key : undefined);
    return [key, value];
  }

  #copyValue(): Buffer {
    const { valueSource, valueStart, valueEnd, isBlob } = this.#entries;
    if (isBlob) return this.#blobs.readSync(valueSource, valueStart, valueEnd);
    return copyToBuffer(valueSource, valueStart, valueEnd);
  }
}

function assertCount(count: number): void {
  if (Number.isInteger(count) && count >= 1) return;
  throw new StemeError('STEME_INVALID_RANGE', `nextv takes a whole number of entries from 1, got ${count}`);
}
