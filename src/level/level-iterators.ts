/**
 * The three kinds of iterators of Level, thin around one `Scan` each. abstract-level counts, decodes and closes. The scan comes
 * before `super`, which tells the database to close the iterator: one that could not be made is not to be closed.
 */
import { AbstractIterator, AbstractKeyIterator, AbstractValueIterator } from 'abstract-level';
import type { BytesLike, Database } from '../engine/api.js';
import type { ScanOptions } from './scan.js';
import { entryItem, keyItem, Scan, valueItem } from './scan.js';

/** More than there can be: the engine counts against the limit itself. */
const ALL = Number.MAX_SAFE_INTEGER;

type KeyAndValue = [key: BytesLike, value: BytesLike];

export class LevelIterator extends AbstractIterator<object, BytesLike, BytesLike> {
  readonly #scan: Scan<KeyAndValue>;

  constructor(level: object, database: Database, options: ScanOptions) {
    const scan = new Scan(database, options, entryItem);
    super(level, options);
    this.#scan = scan;
  }

  _next(): Promise<KeyAndValue | undefined> {
    return this.#scan.next();
  }

  _nextv(count: number): Promise<KeyAndValue[]> {
    return this.#scan.nextv(count);
  }

  _all(): Promise<KeyAndValue[]> {
    return this.#scan.nextv(ALL);
  }

  _seek(target: BytesLike): void {
    this.#scan.seek(target);
  }

  _close(): Promise<void> {
    return this.#scan.close();
  }
}

export class LevelKeyIterator extends AbstractKeyIterator<object, BytesLike> {
  readonly #scan: Scan<BytesLike>;

  constructor(level: object, database: Database, options: ScanOptions) {
    const scan = new Scan(database, { ...options, keys: true, values: false }, keyItem);
    super(level, options);
    this.#scan = scan;
  }

  _next(): Promise<BytesLike | undefined> {
    return this.#scan.next();
  }

  _nextv(count: number): Promise<BytesLike[]> {
    return this.#scan.nextv(count);
  }

  _all(): Promise<BytesLike[]> {
    return this.#scan.nextv(ALL);
  }

  _seek(target: BytesLike): void {
    this.#scan.seek(target);
  }

  _close(): Promise<void> {
    return this.#scan.close();
  }
}

export class LevelValueIterator extends AbstractValueIterator<object, BytesLike, BytesLike> {
  readonly #scan: Scan<BytesLike>;

  constructor(level: object, database: Database, options: ScanOptions) {
    const scan = new Scan(database, { ...options, keys: false, values: true }, valueItem);
    super(level, options);
    this.#scan = scan;
  }

  _next(): Promise<BytesLike | undefined> {
    return this.#scan.next();
  }

  _nextv(count: number): Promise<BytesLike[]> {
    return this.#scan.nextv(count);
  }

  _all(): Promise<BytesLike[]> {
    return this.#scan.nextv(ALL);
  }

  _seek(target: BytesLike): void {
    this.#scan.seek(target);
  }

  _close(): Promise<void> {
    return this.#scan.close();
  }
}
