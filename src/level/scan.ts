import { compareBytes } from '../base/bytes.js';
import type { BytesLike, Database, Entry, EntryIterator } from '../engine/api.js';
import type { HalfOpenRange } from '../read/bounds.js';
import { boundsOf, toHalfOpen } from '../read/bounds.js';
import { LevelError, toLevelError } from './level-error.js';
import { fromEngineKey, toEngineKey } from './level-key.js';
import type { LevelRange } from './level-range.js';
import { engineRange } from './level-range.js';
import { LevelSnapshot } from './level-snapshot.js';

export interface ScanOptions extends LevelRange {
  readonly keys: boolean;
  readonly values: boolean;
  readonly keyEncoding: string;
  readonly valueEncoding: string;
  readonly signal?: AbortSignal | undefined;
  readonly fillCache?: boolean | undefined;
}

/** What an iterator yields for an entry of the engine, in the formats that the encodings ask for: text for `utf8`, else bytes. */
export type ItemOf<Item> = (entry: Entry, options: ScanOptions) => Item;

export function keyItem(entry: Entry, { keyEncoding }: ScanOptions): BytesLike {
  const key = fromEngineKey(entry[0]);
  return keyEncoding === 'utf8' ? key.toString('utf8') : key;
}

export function valueItem(entry: Entry, { valueEncoding }: ScanOptions): BytesLike {
  return valueEncoding === 'utf8' ? entry[1].toString('utf8') : entry[1];
}

export function entryItem(entry: Entry, options: ScanOptions): [key: BytesLike, value: BytesLike] {
  return [keyItem(entry, options), valueItem(entry, options)];
}

/** One iterator of the engine, as the three kinds of iterators of Level share it. */
export class Scan<Item> {
  readonly #entries: EntryIterator;
  readonly #options: ScanOptions;
  readonly #itemOf: ItemOf<Item>;
  readonly #range: HalfOpenRange;
  /** After a seek to outside of the range there is nothing, until the next seek. */
  #isOutside = false;

  constructor(database: Database, options: ScanOptions, itemOf: ItemOf<Item>) {
    const { reverse, limit, keys, values, fillCache } = options;
    const signal = options.signal ?? undefined;
    const range = engineRange(options);
    this.#options = options;
    this.#itemOf = itemOf;
    this.#range = toHalfOpen(boundsOf(range));
    const moment = LevelSnapshot.readOptions(options.snapshot);
    try {
      this.#entries = database.iterator({ ...range, reverse, limit, keys, values, signal, fillCache, ...moment });
    } catch (error) {
      throw toLevelError(error);
    }
  }

  async next(): Promise<Item | undefined> {
    if (this.#options.signal !== undefined) await mayBeAborted(this.#options.signal);
    if (this.#isOutside) return undefined;
    try {
      const [entry] = this.#entries.nextvSync(1);
      return entry === undefined ? undefined : this.#itemOf(entry, this.#options);
    } catch (error) {
      throw toLevelError(error);
    }
  }

  async nextv(count: number): Promise<Item[]> {
    if (this.#options.signal !== undefined) await mayBeAborted(this.#options.signal);
    if (this.#isOutside) return [];
    try {
      const entries = await this.#entries.nextv(count);
      return entries.map((entry) => this.#itemOf(entry, this.#options));
    } catch (error) {
      throw toLevelError(error);
    }
  }

  /** Level ends an iterator that is sent out of its range, where the engine would go to the nearest key in it. */
  seek(key: BytesLike): void {
    const target = toEngineKey(key);
    const { start, end } = this.#range;
    this.#isOutside = compareBytes(target, start) < 0 || (end !== undefined && compareBytes(target, end) >= 0);
    if (!this.#isOutside) this.#entries.seek(target);
  }

  close(): Promise<void> {
    return this.#entries.close();
  }
}

/** A read that was asked for is given up if the signal comes in the same turn, as where reads are done by other threads. */
async function mayBeAborted(signal: AbortSignal): Promise<void> {
  await Promise.resolve();
  if (signal.aborted) throw new LevelError('LEVEL_ABORTED', 'Operation has been aborted', { cause: signal.reason });
}
