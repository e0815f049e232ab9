import { assert } from '../base/errors.js';
import type { EvictionPolicy } from './eviction-policy.js';
import { LruPolicy } from './lru-policy.js';

/** Of a small database, and of a merge with few inputs, which have a cache each; it doubles. */
const ENTRIES_INITIAL = 16;
const NONE = -1;
const TWO_32 = 2 ** 32;

/** Words of an entry: half a cache line, so that a hit touches one. */
const ENTRY_WORDS = 8;
const TABLE_LOW = 0;
const TABLE_HIGH = 1;
const OFFSET_LOW = 2;
const OFFSET_HIGH = 3;
const CHARGE = 4;
/** Entries of one table form a list, so that a dropped table costs its own blocks and not a walk over all. */
const TABLE_PREVIOUS = 5;
const TABLE_NEXT = 6;

/**
 * Decoded blocks by table number and offset, within `capacityBytes` of charge (law 8). A hit allocates nothing: entries
 * are rows of one integer array, found through an open-addressing hash of their numbers.
 */
export class BlockCache {
  readonly capacityBytes: number;
  #usedBytes = 0;
  #hits = 0;
  #misses = 0;
  readonly #policy: EvictionPolicy;
  readonly #blocks: (object | undefined)[] = [];
  #entries = new Int32Array(ENTRIES_INITIAL * ENTRY_WORDS);
  #entriesMax = ENTRIES_INITIAL;
  #entryCount = 0;
  readonly #freeEntries: number[] = [];
  /** Entry + 1, or 0 for a free slot; twice as many slots as entries, a power of two. */
  #slots = new Int32Array(ENTRIES_INITIAL * 2);
  readonly #newestEntryOfTable = new Map<number, number>();

  constructor(capacityBytes: number, policy: EvictionPolicy = new LruPolicy()) {
    this.capacityBytes = capacityBytes;
    this.#policy = policy;
    policy.grow(ENTRIES_INITIAL);
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  get hits(): number {
    return this.#hits;
  }

  get misses(): number {
    return this.#misses;
  }

  get blockCount(): number {
    return this.#entryCount;
  }

  get(tableNumber: number, offsetBytes: number): object | undefined {
    const entry = this.#find(tableNumber, offsetBytes);
    if (entry === NONE) {
      this.#misses++;
      return undefined;
    }
    this.#hits++;
    this.#policy.onHit(entry);
    return this.#blocks[entry];
  }

  /** Takes in a block that is not cached, after making room. A block larger than the whole cache stays out. */
  insert(tableNumber: number, offsetBytes: number, block: object, chargeBytes: number): void {
    assert(chargeBytes >= 0 && chargeBytes < TWO_32, 'a charge fits its word');
    if (chargeBytes > this.capacityBytes) return;
    assert(this.#find(tableNumber, offsetBytes) === NONE, 'a block is cached once');
    while (this.#usedBytes + chargeBytes > this.capacityBytes) this.#remove(this.#policy.victim());
    const entry = this.#takeEntry();
    const at = entry * ENTRY_WORDS;
    const entries = this.#entries;
    entries[at + TABLE_LOW] = tableNumber;
    entries[at + TABLE_HIGH] = highWord(tableNumber);
    entries[at + OFFSET_LOW] = offsetBytes;
    entries[at + OFFSET_HIGH] = highWord(offsetBytes);
    entries[at + CHARGE] = chargeBytes;
    this.#blocks[entry] = block;
    this.#usedBytes += chargeBytes;
    this.#linkToTable(entry, tableNumber);
    this.#slots[this.#freeSlot(tableNumber, offsetBytes)] = entry + 1;
    this.#policy.onInsert(entry);
  }

  /** Drops all blocks of a table, for instance because its file is about to be deleted. */
  evictTable(tableNumber: number): void {
    let entry = this.#newestEntryOfTable.get(tableNumber) ?? NONE;
    while (entry !== NONE) {
      const next = this.#entries[entry * ENTRY_WORDS + TABLE_NEXT];
      this.#remove(entry);
      entry = next;
    }
  }

  #find(tableNumber: number, offsetBytes: number): number {
    const slots = this.#slots;
    const entries = this.#entries;
    const mask = slots.length - 1;
    const tableLow = tableNumber | 0;
    const offsetLow = offsetBytes | 0;
    const tableHigh = highWord(tableNumber);
    const offsetHigh = highWord(offsetBytes);
    for (let slot = hashOf(tableLow, offsetLow, offsetHigh) & mask; ; slot = (slot + 1) & mask) {
      const entry = slots[slot] - 1;
      if (entry === NONE) return NONE;
      const at = entry * ENTRY_WORDS;
      if (
        entries[at + OFFSET_LOW] === offsetLow &&
        entries[at + TABLE_LOW] === tableLow &&
        entries[at + OFFSET_HIGH] === offsetHigh &&
        entries[at + TABLE_HIGH] === tableHigh
      ) {
        return entry;
      }
    }
  }

  #freeSlot(tableNumber: number, offsetBytes: number): number {
    const mask = this.#slots.length - 1;
    let slot = hashOf(tableNumber | 0, offsetBytes | 0, highWord(offsetBytes)) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    return slot;
  }

  #takeEntry(): number {
    this.#entryCount++;
    const free = this.#freeEntries.pop();
    if (free !== undefined) return free;
    if (this.#blocks.length === this.#entriesMax) this.#grow();
    this.#blocks.push(undefined);
    return this.#blocks.length - 1;
  }

  #grow(): void {
    this.#entriesMax *= 2;
    const larger = new Int32Array(this.#entriesMax * ENTRY_WORDS);
    larger.set(this.#entries);
    this.#entries = larger;
    this.#policy.grow(this.#entriesMax);
    const oldSlots = this.#slots;
    this.#slots = new Int32Array(this.#entriesMax * 2);
    const mask = this.#slots.length - 1;
    for (const taken of oldSlots) {
      if (taken === 0) continue;
      let slot = this.#homeSlot(taken - 1);
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = taken;
    }
  }

  #remove(entry: number): void {
    const at = entry * ENTRY_WORDS;
    this.#clearSlot(entry);
    this.#unlinkFromTable(entry);
    this.#policy.onRemove(entry);
    this.#usedBytes -= this.#entries[at + CHARGE] >>> 0;
    this.#blocks[entry] = undefined;
    this.#freeEntries.push(entry);
    this.#entryCount--;
  }

  /** Entries behind the cleared slot move up where their search would now end too early. */
  #clearSlot(entry: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let hole = this.#homeSlot(entry);
    while (slots[hole] !== entry + 1) hole = (hole + 1) & mask;
    for (let slot = (hole + 1) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const home = this.#homeSlot(slots[slot] - 1);
      const isReachable = ((slot - home) & mask) < ((slot - hole) & mask);
      if (isReachable) continue;
      slots[hole] = slots[slot];
      hole = slot;
    }
    slots[hole] = 0;
  }

  #homeSlot(entry: number): number {
    const at = entry * ENTRY_WORDS;
    const entries = this.#entries;
    const hash = hashOf(entries[at + TABLE_LOW], entries[at + OFFSET_LOW], entries[at + OFFSET_HIGH]);
    return hash & (this.#slots.length - 1);
  }

  #linkToTable(entry: number, tableNumber: number): void {
    const at = entry * ENTRY_WORDS;
    const next = this.#newestEntryOfTable.get(tableNumber) ?? NONE;
    this.#entries[at + TABLE_PREVIOUS] = NONE;
    this.#entries[at + TABLE_NEXT] = next;
    if (next !== NONE) this.#entries[next * ENTRY_WORDS + TABLE_PREVIOUS] = entry;
    this.#newestEntryOfTable.set(tableNumber, entry);
  }

  #unlinkFromTable(entry: number): void {
    const at = entry * ENTRY_WORDS;
    const previous = this.#entries[at + TABLE_PREVIOUS];
    const next = this.#entries[at + TABLE_NEXT];
    if (next !== NONE) this.#entries[next * ENTRY_WORDS + TABLE_PREVIOUS] = previous;
    if (previous !== NONE) {
      this.#entries[previous * ENTRY_WORDS + TABLE_NEXT] = next;
      return;
    }
    const tableNumber = (this.#entries[at + TABLE_LOW] >>> 0) + this.#entries[at + TABLE_HIGH] * TWO_32;
    if (next === NONE) this.#newestEntryOfTable.delete(tableNumber);
    else this.#newestEntryOfTable.set(tableNumber, next);
  }
}

/** Of a number below 2^53. */
function highWord(value: number): number {
  return value < TWO_32 ? 0 : Math.floor(value / TWO_32);
}

function hashOf(tableLow: number, offsetLow: number, offsetHigh: number): number {
  let hash = Math.imul(tableLow ^ Math.imul(offsetHigh, 0x9e3779b1), 0x85ebca6b) ^ offsetLow;
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 12);
}
