import { setImmediate as nextTurn } from 'node:timers/promises';
import { copyToBuffer } from '../base/bytes.js';
import { StemeError } from '../base/errors.js';
import { boundsOf, isEmptyRange } from '../read/bounds.js';
import { VisibleIterator } from '../read/visible-iterator.js';
import type { BytesLike, Entry, EntryIterator, IteratorOptions } from './api.js';
import type { ReadState } from './read-state.js';
import { boundBytes } from './user-bytes.js';

const EMPTY = Buffer.alloc(0);
/** A long `nextv` gives the event loop a turn at about this pace (law 11). */
const TURN_MS_MAX = 2;
const ENTRIES_PER_CLOCK_READ = 256;

/** A range scan at one moment: it holds its read state, so its memtables and tables stay until it is closed (law 4). */
export class DatabaseIterator implements EntryIterator {
  readonly sequence: number;
  readonly #state: ReadState;
  readonly #onClose: (iterator: DatabaseIterator) => void;
  readonly #entries: VisibleIterator;
  readonly #hasKeys: boolean;
  readonly #hasValues: boolean;
  readonly #isEmptyRange: boolean;
  #remaining: number;
  #isPositioned = false;
  #isClosed = false;

  constructor(
    state: ReadState,
    sequence: number,
    options: IteratorOptions,
    onClose: (iterator: DatabaseIterator) => void,
  ) {
    const bounds = boundsOf({
      gt: boundBytes('gt', options.gt),
      gte: boundBytes('gte', options.gte),
      lt: boundBytes('lt', options.lt),
      lte: boundBytes('lte', options.lte),
    });
    this.sequence = sequence;
    this.#hasKeys = options.keys ?? true;
    this.#hasValues = options.values ?? true;
    this.#remaining = limitOf(options);
    this.#isEmptyRange = isEmptyRange(bounds);
    this.#entries = new VisibleIterator(state.iterator(), sequence, bounds, options.reverse ?? false);
    this.#onClose = onClose;
    this.#state = state;
    state.retain();
  }

  next(): Promise<IteratorResult<Entry>> {
    try {
      this.#assertOpen();
      const entry = this.#take();
      return Promise.resolve(entry === undefined ? { done: true, value: undefined } : { done: false, value: entry });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async nextv(count: number): Promise<Entry[]> {
    this.#assertOpen();
    if (!Number.isInteger(count) || count < 1) {
      throw new StemeError('STEME_INVALID_RANGE', `nextv takes a whole number of entries from 1, got ${count}`);
    }
    const entries: Entry[] = [];
    let turnStartedAtMs = performance.now();
    while (entries.length < count) {
      const entry = this.#take();
      if (entry === undefined) break;
      entries.push(entry);
      if (entries.length % ENTRIES_PER_CLOCK_READ === 0 && performance.now() - turnStartedAtMs > TURN_MS_MAX) {
        await nextTurn();
        this.#assertOpen();
        turnStartedAtMs = performance.now();
      }
    }
    return entries;
  }

  nextvSync(count: number): Entry[] {
    this.#assertOpen();
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
    if (!this.#isEmptyRange) this.#entries.seek(target);
    this.#isPositioned = true;
  }

  /** Called by `for await` when it leaves early. */
  async return(): Promise<IteratorResult<Entry>> {
    await this.close();
    return { done: true, value: undefined };
  }

  close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#state.release();
      this.#onClose(this);
    }
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  [Symbol.asyncIterator](): this {
    return this;
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
    const value = this.#hasValues ? copyToBuffer(entries.valueSource, entries.valueStart, entries.valueEnd) : EMPTY;
    entries.advance();
    return [key, value];
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new StemeError('STEME_CLOSED', 'the iterator is closed, or its database is');
  }
}

export function limitOf({ limit }: IteratorOptions): number {
  if (limit === undefined || limit === -1) return Number.POSITIVE_INFINITY;
  if (Number.isInteger(limit) && limit >= 0) return limit;
  if (limit === Number.POSITIVE_INFINITY) return limit;
  throw new StemeError('STEME_INVALID_RANGE', `limit must be a whole number from 0, got ${limit}`);
}
