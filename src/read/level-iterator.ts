import { EmptyIterator } from '../base/empty-iterator.js';
import { assert } from '../base/errors.js';
import type { CurrentEntry, InternalIterator } from '../base/internal-iterator.js';
import type { KeyRange } from './key-range.js';
import { firstTableReaching, lastTableStartingBefore } from './key-range.js';

const NO_TABLE = -1;

/**
 * The tables of one level below L0, end to end. They are sorted and share no user key, so one is open at a time, and
 * none before it is needed.
 */
export class LevelIterator implements InternalIterator {
  readonly #tables: readonly KeyRange[];
  readonly #open: (index: number) => InternalIterator;
  readonly #nowhere: InternalIterator = new EmptyIterator();
  #index = NO_TABLE;
  #current: InternalIterator = this.#nowhere;

  /** `open(index)` makes an iterator over `tables[index]`; it may throw, and then this iterator is not valid. */
  constructor(tables: readonly KeyRange[], open: (index: number) => InternalIterator) {
    this.#tables = tables;
    this.#open = open;
  }

  get valid(): boolean {
    return this.#current.valid;
  }

  get keySource(): Uint8Array {
    return this.#current.keySource;
  }

  get keyStart(): number {
    return this.#current.keyStart;
  }

  get keyEnd(): number {
    return this.#current.keyEnd;
  }

  get sequence(): number {
    return this.#current.sequence;
  }

  get kind(): number {
    return this.#current.kind;
  }

  get valueSource(): Uint8Array {
    return this.#current.valueSource;
  }

  get valueStart(): number {
    return this.#current.valueStart;
  }

  get valueEnd(): number {
    return this.#current.valueEnd;
  }

  get entry(): CurrentEntry {
    return this.#current.entry;
  }

  seekToFirst(): void {
    this.#enter(0);
    this.#current.seekToFirst();
    this.#skipForward();
  }

  seekToLast(): void {
    this.#enter(this.#tables.length - 1);
    this.#current.seekToLast();
    this.#skipBackward();
  }

  seek(key: Uint8Array): void {
    this.#enter(firstTableReaching(this.#tables, key));
    this.#current.seek(key);
    this.#skipForward();
  }

  seekBefore(key: Uint8Array): void {
    this.#enter(lastTableStartingBefore(this.#tables, key));
    this.#current.seekBefore(key);
    this.#skipBackward();
  }

  next(): void {
    assert(this.#current.valid, 'only a valid iterator is moved');
    this.#current.next();
    if (!this.#current.valid) this.#skipForward();
  }

  prev(): void {
    assert(this.#current.valid, 'only a valid iterator is moved');
    this.#current.prev();
    if (!this.#current.valid) this.#skipBackward();
  }

  #skipForward(): void {
    while (!this.#current.valid && this.#index !== NO_TABLE) {
      this.#enter(this.#index + 1);
      this.#current.seekToFirst();
    }
  }

  #skipBackward(): void {
    while (!this.#current.valid && this.#index !== NO_TABLE) {
      this.#enter(this.#index - 1);
      this.#current.seekToLast();
    }
  }

  /** Makes `tables[index]` the current one, or none if there is no such table. A table entered again is not opened again. */
  #enter(index: number): void {
    if (index === this.#index) return;
    this.#current = this.#nowhere;
    this.#index = NO_TABLE;
    if (index < 0 || index >= this.#tables.length) return;
    this.#current = this.#open(index);
    this.#index = index;
  }
}
