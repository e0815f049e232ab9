import { commonPrefixLength, compareRanges } from '../base/bytes.js';
import type { InternalIterator } from '../base/internal-iterator.js';
import type { Arena } from './arena.js';
import { ROOT_SLOT } from './arena.js';
import {
  findSlot,
  NO_SYMBOL,
  nodeDepth,
  SYMBOL_END,
  someRecordBelow,
  symbolAfter,
  symbolAt,
  symbolBefore,
} from './radix-node.js';
import {
  olderRecord,
  recordKeyLength,
  recordKeyStart,
  recordKind,
  recordSequence,
  recordValueLength,
  recordValueStart,
} from './record.js';

/**
 * Walks the tree with the path from the root in hand: `#nodes[i]` is an inner node and `#symbols[i]` the child of it that
 * the path takes. Nodes on the path may be replaced by larger copies meanwhile; the old copies stay readable, and lack only
 * records newer than the reader's sequence.
 */
export class MemtableIterator implements InternalIterator {
  readonly #arena: Arena;
  readonly #nodes: number[] = [];
  readonly #symbols: number[] = [];
  /** Newest version of the current key, as it was when the iterator got here. */
  #newest = 0;
  #record = 0;
  /** How many versions of the current key are newer than `#record`. */
  #versionIndex = 0;
  /** All versions of the current key, newest first, filled when walking backwards needs them. */
  readonly #versions: number[] = [];
  #versionsOf = 0;

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  get valid(): boolean {
    return this.#record !== 0;
  }

  get keySource(): Uint8Array {
    return this.#arena.bytes;
  }

  get keyStart(): number {
    return recordKeyStart(this.#record);
  }

  get keyEnd(): number {
    return recordKeyStart(this.#record) + recordKeyLength(this.#arena, this.#record);
  }

  get sequence(): number {
    return recordSequence(this.#arena, this.#record);
  }

  get kind(): number {
    return recordKind(this.#arena, this.#record);
  }

  get valueSource(): Uint8Array {
    return this.#arena.bytes;
  }

  get valueStart(): number {
    return recordValueStart(this.#record, recordKeyLength(this.#arena, this.#record));
  }

  get valueEnd(): number {
    return this.valueStart + recordValueLength(this.#arena, this.#record);
  }

  get entry(): this {
    return this;
  }

  seekToFirst(): void {
    this.#clear();
    this.#descendFirst(Atomics.load(this.#arena.words, ROOT_SLOT));
  }

  seekToLast(): void {
    this.#clear();
    this.#descendLast(Atomics.load(this.#arena.words, ROOT_SLOT));
  }

  next(): void {
    const older = olderRecord(this.#arena, this.#record);
    if (older === 0) {
      this.#nextKey();
      return;
    }
    this.#record = older;
    this.#versionIndex++;
  }

  prev(): void {
    if (this.#versionIndex === 0) {
      this.#prevKey();
      return;
    }
    // The link runs from new to old only, so the way back goes by the collected list.
    this.#versionIndex--;
    this.#record = this.#collectVersions()[this.#versionIndex];
  }

  seek(key: Uint8Array): void {
    this.#clear();
    const { words } = this.#arena;
    let child = Atomics.load(words, ROOT_SLOT);
    while (child > 0) {
      const symbol = symbolAt(key, 0, key.length, nodeDepth(this.#arena, child));
      const slot = findSlot(this.#arena, child, symbol);
      if (slot === 0) break;
      this.#push(child, symbol);
      child = Atomics.load(words, slot);
    }
    if (child !== 0) this.#settle(child, key);
  }

  seekBefore(key: Uint8Array): void {
    this.seek(key);
    if (this.valid) this.#prevKey();
    else this.seekToLast();
  }

  /**
   * The descent for `key` ended at `child`: a record, or a node without the wanted symbol. Skipped positions were not
   * compared, so one record below tells where `key` really leaves the tree.
   */
  #settle(child: number, key: Uint8Array): void {
    const arena = this.#arena;
    const sample = child < 0 ? -child : someRecordBelow(arena, child);
    const start = recordKeyStart(sample);
    const end = start + recordKeyLength(arena, sample);
    const mismatch = commonPrefixLength(arena.bytes, start, end, key, 0, key.length);
    // First of all: the sample may be the key itself, inserted since the descent, and then the path here does not lead to
    // it. It is newer than the reader's sequence, so it is passed over.
    if (child > 0 && nodeDepth(arena, child) <= mismatch) {
      this.#push(child, symbolAt(key, 0, key.length, nodeDepth(arena, child)));
      this.#nextKey();
      return;
    }
    const order = compareRanges(arena.bytes, start, end, key, 0, key.length);
    if (order === 0) {
      this.#arrive(sample);
      return;
    }
    // Everything below the position where the key leaves the tree is on one side of it.
    let subtree = child;
    while (this.#nodes.length > 0 && nodeDepth(arena, this.#nodes[this.#nodes.length - 1]) > mismatch) {
      subtree = this.#nodes[this.#nodes.length - 1];
      this.#pop();
    }
    if (order > 0) this.#descendFirst(subtree);
    else this.#nextKey();
  }

  #nextKey(): void {
    const arena = this.#arena;
    for (let top = this.#nodes.length - 1; top >= 0; top--) {
      const node = this.#nodes[top];
      const symbol = symbolAfter(arena, node, this.#symbols[top]);
      if (symbol !== NO_SYMBOL) {
        this.#symbols[top] = symbol;
        this.#descendFirst(Atomics.load(arena.words, findSlot(arena, node, symbol)));
        return;
      }
      this.#pop();
    }
    this.#arrive(0);
  }

  #prevKey(): void {
    const arena = this.#arena;
    for (let top = this.#nodes.length - 1; top >= 0; top--) {
      const node = this.#nodes[top];
      const symbol = symbolBefore(arena, node, this.#symbols[top]);
      if (symbol !== NO_SYMBOL) {
        this.#symbols[top] = symbol;
        this.#descendLast(Atomics.load(arena.words, findSlot(arena, node, symbol)));
        return;
      }
      this.#pop();
    }
    this.#arrive(0);
  }

  #descendFirst(from: number): void {
    const arena = this.#arena;
    let child = from;
    while (child > 0) {
      const symbol = symbolAfter(arena, child, NO_SYMBOL);
      this.#push(child, symbol);
      child = Atomics.load(arena.words, findSlot(arena, child, symbol));
    }
    this.#arrive(child === 0 ? 0 : -child);
  }

  #descendLast(from: number): void {
    const arena = this.#arena;
    let child = from;
    while (child > 0) {
      const symbol = symbolBefore(arena, child, SYMBOL_END);
      this.#push(child, symbol);
      child = Atomics.load(arena.words, findSlot(arena, child, symbol));
    }
    this.#arrive(child === 0 ? 0 : -child);
    if (child === 0 || olderRecord(arena, this.#record) === 0) return;
    const versions = this.#collectVersions();
    this.#versionIndex = versions.length - 1;
    this.#record = versions[this.#versionIndex];
  }

  #collectVersions(): number[] {
    const versions = this.#versions;
    if (this.#versionsOf === this.#newest) return versions;
    versions.length = 0;
    for (let record = this.#newest; record !== 0; record = olderRecord(this.#arena, record)) versions.push(record);
    this.#versionsOf = this.#newest;
    return versions;
  }

  #arrive(record: number): void {
    this.#newest = record;
    this.#record = record;
    this.#versionIndex = 0;
  }

  #push(node: number, symbol: number): void {
    this.#nodes.push(node);
    this.#symbols.push(symbol);
  }

  #pop(): void {
    this.#nodes.pop();
    this.#symbols.pop();
  }

  #clear(): void {
    this.#nodes.length = 0;
    this.#symbols.length = 0;
    this.#arrive(0);
  }
}
