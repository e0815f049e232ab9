import { compareBytes, copyRange, EMPTY_BYTES } from '../../src/base/bytes.js';
import { assert } from '../../src/base/errors.js';
import type { InternalIterator } from '../../src/base/internal-iterator.js';

/** One version of one key. */
export interface VersionEntry {
  readonly key: Uint8Array;
  readonly sequence: number;
  readonly kind: number;
  readonly value: Uint8Array;
}

/** The order of internal keys: user key ascending, sequence descending. */
export function compareEntries(a: VersionEntry, b: VersionEntry): number {
  return compareBytes(a.key, b.key) || b.sequence - a.sequence;
}

const PADDING_BYTES = 3;

/**
 * The contract of `InternalIterator` over an array, at its strictest: ranges do not start at 0, keys are overwritten as soon as
 * the iterator moves, and an iterator that is not valid may not be moved or read. The array may gain entries meanwhile (kept
 * sorted by the test), as a memtable does.
 */
export class ArrayIterator implements InternalIterator {
  readonly #entries: readonly VersionEntry[];
  #entry: VersionEntry | undefined;
  #memory = EMPTY_BYTES;
  #value = EMPTY_BYTES;
  moves = 0;
  seeks = 0;

  /** `entries` are sorted by `compareEntries`. */
  constructor(entries: readonly VersionEntry[]) {
    this.#entries = entries;
  }

  get entry(): this {
    return this;
  }

  get valid(): boolean {
    return this.#entry !== undefined;
  }

  get keySource(): Uint8Array {
    return this.#read().memory;
  }

  get keyStart(): number {
    this.#read();
    return PADDING_BYTES;
  }

  get keyEnd(): number {
    return PADDING_BYTES + this.#read().entry.key.length;
  }

  get sequence(): number {
    return this.#read().entry.sequence;
  }

  get kind(): number {
    return this.#read().entry.kind;
  }

  get valueSource(): Uint8Array {
    this.#read();
    return this.#value;
  }

  get valueStart(): number {
    this.#read();
    return PADDING_BYTES;
  }

  get valueEnd(): number {
    return PADDING_BYTES + this.#read().entry.value.length;
  }

  seekToFirst(): void {
    this.seeks++;
    this.#arrive(0);
  }

  seekToLast(): void {
    this.seeks++;
    this.#arrive(this.#entries.length - 1);
  }

  seek(key: Uint8Array): void {
    this.seeks++;
    this.#arrive(this.#countBefore((entry) => compareBytes(entry.key, key) < 0));
  }

  seekBefore(key: Uint8Array): void {
    this.seeks++;
    this.#arrive(this.#countBefore((entry) => compareBytes(entry.key, key) < 0) - 1);
  }

  next(): void {
    const { entry } = this.#read();
    this.moves++;
    this.#arrive(this.#countBefore((other) => compareEntries(other, entry) <= 0));
  }

  prev(): void {
    const { entry } = this.#read();
    this.moves++;
    this.#arrive(this.#countBefore((other) => compareEntries(other, entry) < 0) - 1);
  }

  #read(): { entry: VersionEntry; memory: Uint8Array } {
    assert(this.#entry !== undefined, 'only a valid iterator is read or moved');
    return { entry: this.#entry, memory: this.#memory };
  }

  #countBefore(isBefore: (entry: VersionEntry) => boolean): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(this.#entries[middle])) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #arrive(index: number): void {
    this.#memory.fill(0xee);
    this.#entry = index >= 0 && index < this.#entries.length ? this.#entries[index] : undefined;
    if (this.#entry === undefined) return;
    const { key, value } = this.#entry;
    this.#memory = new Uint8Array(PADDING_BYTES + key.length);
    copyRange(key, 0, key.length, this.#memory, PADDING_BYTES);
    this.#value = new Uint8Array(PADDING_BYTES + value.length);
    copyRange(value, 0, value.length, this.#value, PADDING_BYTES);
  }
}

/** A copy of what an iterator shows, or undefined where it is not valid. */
export function entryAt(iterator: InternalIterator): VersionEntry | undefined {
  if (!iterator.valid) return undefined;
  return {
    key: iterator.keySource.slice(iterator.keyStart, iterator.keyEnd),
    sequence: iterator.sequence,
    kind: iterator.kind,
    value: iterator.valueSource.slice(iterator.valueStart, iterator.valueEnd),
  };
}
