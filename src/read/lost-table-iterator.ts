import { compareBytes, EMPTY_BYTES } from '../base/bytes.js';
import type { InternalIterator } from '../base/internal-iterator.js';
import { endsBefore, isInRange, type KeyRange } from './key-range.js';

/**
 * Stands for a table that cannot be read: whoever comes to its keys gets its error, and no answer from what lies below. Beside them
 * a scan goes on: the iterator stands at the edge of the table, and throws when somebody asks for what is there.
 */
export class LostTableIterator implements InternalIterator {
  readonly #range: KeyRange;
  readonly #error: Error;
  #edge: Uint8Array | undefined;

  constructor(range: KeyRange, error: Error) {
    this.#range = range;
    this.#error = error;
  }

  get valid(): boolean {
    return this.#edge !== undefined;
  }

  get keySource(): Uint8Array {
    return this.#edge ?? EMPTY_BYTES;
  }

  get keyStart(): number {
    return 0;
  }

  get keyEnd(): number {
    return this.#edge?.length ?? 0;
  }

  get sequence(): number {
    throw this.#error;
  }

  get kind(): number {
    throw this.#error;
  }

  get valueSource(): Uint8Array {
    throw this.#error;
  }

  get valueStart(): number {
    throw this.#error;
  }

  get valueEnd(): number {
    throw this.#error;
  }

  get entry(): this {
    return this;
  }

  seekToFirst(): void {
    this.#edge = this.#range.smallestKey;
  }

  seekToLast(): void {
    this.#edge = this.#range.largestKey;
  }

  seek(key: Uint8Array): void {
    if (compareBytes(key, this.#range.smallestKey) <= 0) this.seekToFirst();
    else this.#passBy(key);
  }

  seekBefore(key: Uint8Array): void {
    if (endsBefore(this.#range, key)) this.seekToLast();
    else if (compareBytes(key, this.#range.smallestKey) <= 0) this.#edge = undefined;
    else throw this.#error;
  }

  next(): void {
    throw this.#error;
  }

  prev(): void {
    throw this.#error;
  }

  /** Nothing is known of where among the keys of the table the next one is. */
  #passBy(key: Uint8Array): void {
    this.#edge = undefined;
    if (isInRange(this.#range, key)) throw this.#error;
  }
}
