import { assert } from '../base/errors.js';
import { isTableKind, KIND_DELETE } from '../base/internal-key.js';
import { KIB } from '../base/limits.js';
import { LOOKUP_DELETED, LOOKUP_FOUND, type PointResult } from '../base/point-result.js';

/** Larger ones cost a copy that outweighs the way through index and block. */
const ROW_BYTES_MAX = 2 * KIB;
/** Rows that were asked for since they came in stay for another round, but at most so many in a row. */
const SECOND_CHANCES_MAX = 4;
/** Slots take an eighth of the memory. Rows of 100 bytes then fill a third of them. */
const MEMORY_BYTES_PER_SLOT = 64;
const TWO_32 = 2 ** 32;

/** Four slots of two words are half a cache line: a lookup touches one. */
const BUCKET_SLOTS = 4;
const SLOT_WORDS = 2;
const BUCKET_WORDS = BUCKET_SLOTS * SLOT_WORDS;
const HASH = 0;
/** The row's first word + 1. */
const PLACE = 1;
const EMPTY = 0;
/** A key that was asked for once: nothing is kept of it but its hash. */
const ASKED_ONCE = -1;

/**
 * A row, in words of 32 bits, starting at an even one:
 *
 *     0     words of the row
 *     1     hash of the key
 *     2     table number
 *     3     sequence, low
 *     4     sequence, high (21 bits) | kind (8 bits) << 21 | was asked for << 29
 *     5     bytes of the key (16 bits) | bytes of the stored value << 16
 *     6…    key, then the stored value
 */
const ROW_WORDS = 0;
const ROW_HASH = 1;
const ROW_TABLE = 2;
const ROW_SEQUENCE_LOW = 3;
const ROW_SEQUENCE_HIGH = 4;
const ROW_LENGTHS = 5;
const ROW_HEADER_WORDS = 6;
const SEQUENCE_HIGH_MASK = 0x1fffff;
const KIND_SHIFT = 21;
const WAS_ASKED = 1 << 29;

const CACHE_LINE_WORDS = 16;
const NO_WORDS = new Int32Array(0);
const NO_BYTES = new Uint8Array(0);

/**
 * The newest version that a table has of a key, for keys that are asked for again and again: one hash and one copy where the
 * way through filter, index and block touches ten cache lines. Tables never change (law 3), so a row is true for ever. Of a key there
 * is one row: when another table answers for it, after a compaction for instance, that one's takes the place (after the row
 * cache of RocksDB).
 *
 * Rows lie in a ring and leave in the order in which they came, with a second chance (CLOCK). A key comes in when it is asked
 * for a second time, so that a walk over many keys pushes nothing out. Allocates nothing but its memory, once, at the first lookup.
 */
export class RowCache {
  readonly capacityBytes: number;
  #hits = 0;
  #misses = 0;
  #rowCount = 0;
  #slots = NO_WORDS;
  #bucketMask = 0;
  #turn = 0;
  /** Means nothing: kept so that the compiler cannot leave out the looks. */
  touched = 0;
  #words = NO_WORDS;
  #bytes = NO_BYTES;
  /** Rows are in [tail, head), or, once the ring has gone round, in [tail, end) and [0, head). */
  #head = 0;
  #tail = 0;
  #end = 0;
  #isRound = false;

  constructor(capacityBytes: number) {
    this.capacityBytes = capacityBytes;
  }

  get hits(): number {
    return this.#hits;
  }

  get misses(): number {
    return this.#misses;
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  /** Of rows, dead ones included. */
  get usedBytes(): number {
    return 4 * (this.#isRound ? this.#end - this.#tail + this.#head : this.#head);
  }

  /** Whether the newest version of `key` in table `tableNumber` is here, and at or below `sequenceMax`: `result` then holds it. */
  get(tableNumber: number, key: Uint8Array, keyHash: number, sequenceMax: number, result: PointResult): boolean {
    const at = this.#find(tableNumber, key, keyHash);
    if (at < 0) {
      this.#misses++;
      return false;
    }
    const words = this.#words;
    const high = words[at + ROW_SEQUENCE_HIGH];
    const sequence = (words[at + ROW_SEQUENCE_LOW] >>> 0) + (high & SEQUENCE_HIGH_MASK) * TWO_32;
    if (sequence > sequenceMax) {
      this.#misses++;
      return false;
    }
    this.#hits++;
    if ((high & WAS_ASKED) === 0) words[at + ROW_SEQUENCE_HIGH] = high | WAS_ASKED;
    const lengths = words[at + ROW_LENGTHS];
    const kind = (high >>> KIND_SHIFT) & 0xff;
    result.state = kind === KIND_DELETE ? LOOKUP_DELETED : LOOKUP_FOUND;
    result.source = this.#bytes;
    result.start = (at + ROW_HEADER_WORDS) * 4 + (lengths & 0xffff);
    result.end = result.start + (lengths >>> 16);
    result.sequence = sequence;
    result.kind = kind;
    return true;
  }

  /**
   * `found` is the newest version of `key` in table `tableNumber`. It is kept if somebody has asked for the key before, as far
   * as that is remembered.
   */
  offer(tableNumber: number, key: Uint8Array, keyHash: number, found: PointResult): void {
    if (this.#slots.length === 0 && !this.#begin()) return;
    const rowWords = wordsOfRow(key.length + found.end - found.start);
    if (rowWords * 4 > this.#rowBytesMax || tableNumber >= TWO_32) return;
    assert(isTableKind(found.kind), 'a lookup ends at an entry of a table');
    const hash = keyHash | 0;
    const asked = this.#slotOf(hash);
    if (asked < 0) {
      this.#noteAsked(hash);
      return;
    }
    // First of all: it may push out the row that the slot has.
    const at = this.#place(rowWords);
    if (this.#slots[asked + PLACE] <= 0) this.#rowCount++;
    this.#slots[asked + HASH] = hash;
    this.#slots[asked + PLACE] = at + 1;
    this.#writeRow(at, rowWords, hash, tableNumber, key, found);
  }

  /**
   * Looks at the rows of keys that are about to be asked for, of any table: they come out of memory together, and not one after
   * the other.
   */
  touch(keyHashes: Uint32Array, count: number): void {
    if (this.#slots.length === 0) return;
    const slots = this.#slots;
    const words = this.#words;
    const mask = this.#bucketMask;
    let sum = 0;
    for (let i = 0; i < count; i++) sum += slots[(keyHashes[i] & mask) * BUCKET_WORDS];
    for (let i = 0; i < count; i++) {
      const slot = this.#slotOf(keyHashes[i] | 0);
      if (slot < 0) continue;
      const place = slots[slot + PLACE];
      if (place > 0) sum += words[place] + words[place + CACHE_LINE_WORDS] + words[place + 2 * CACHE_LINE_WORDS];
    }
    this.touched = sum;
  }

  get #rowBytesMax(): number {
    return Math.min(ROW_BYTES_MAX, this.#words.length / 2);
  }

  #find(tableNumber: number, key: Uint8Array, keyHash: number): number {
    if (this.#slots.length === 0) return -1;
    const slot = this.#slotOf(keyHash | 0);
    if (slot < 0) return -1;
    const at = this.#slots[slot + PLACE] - 1;
    return at >= 0 && this.#isRowOf(at, tableNumber, key) ? at : -1;
  }

  #isRowOf(at: number, tableNumber: number, key: Uint8Array): boolean {
    const words = this.#words;
    const keyBytes = key.length;
    if (words[at + ROW_TABLE] >>> 0 !== tableNumber || (words[at + ROW_LENGTHS] & 0xffff) !== keyBytes) return false;
    const bytes = this.#bytes;
    const start = (at + ROW_HEADER_WORDS) * 4;
    for (let i = 0; i < keyBytes; i++) {
      if (bytes[start + i] !== key[i]) return false;
    }
    return true;
  }

  #bucketOf(hash: number): number {
    return (hash & this.#bucketMask) * BUCKET_WORDS;
  }

  /** The slot for `hash`, of which there is one at most, or -1: two keys of one hash take turns. */
  #slotOf(hash: number): number {
    const slots = this.#slots;
    const bucket = this.#bucketOf(hash);
    for (let slot = bucket; slot < bucket + BUCKET_WORDS; slot += SLOT_WORDS) {
      if (slots[slot + HASH] === hash && slots[slot + PLACE] !== EMPTY) return slot;
    }
    return -1;
  }

  /**
   * In a free slot, or else in one of the four in turn, unless that has a row. So keys that meet in a bucket do not push each
   * other out for ever.
   */
  #noteAsked(hash: number): void {
    const slots = this.#slots;
    const bucket = this.#bucketOf(hash);
    let slot = bucket;
    while (slot < bucket + BUCKET_WORDS && slots[slot + PLACE] !== EMPTY) slot += SLOT_WORDS;
    if (slot === bucket + BUCKET_WORDS) {
      this.#turn = (this.#turn + 1) % BUCKET_SLOTS;
      slot = bucket + this.#turn * SLOT_WORDS;
      if (slots[slot + PLACE] > 0) return;
    }
    slots[slot + HASH] = hash;
    slots[slot + PLACE] = ASKED_ONCE;
  }

  /** Takes the memory, which the system fills with pages only as it is used. False where there is to be no cache. */
  #begin(): boolean {
    const slotCount = 2 ** Math.floor(Math.log2(this.capacityBytes / MEMORY_BYTES_PER_SLOT));
    if (slotCount < BUCKET_SLOTS) return false;
    this.#slots = new Int32Array(slotCount * SLOT_WORDS);
    this.#bucketMask = slotCount / BUCKET_SLOTS - 1;
    const rowsBytes = this.capacityBytes - this.#slots.byteLength;
    this.#words = new Int32Array(Math.floor(rowsBytes / 8) * 2);
    this.#bytes = new Uint8Array(this.#words.buffer);
    return true;
  }

  #writeRow(
    at: number,
    rowWords: number,
    hash: number,
    tableNumber: number,
    key: Uint8Array,
    { source, start, end, sequence, kind }: PointResult,
  ): void {
    const words = this.#words;
    words[at + ROW_WORDS] = rowWords;
    words[at + ROW_HASH] = hash;
    words[at + ROW_TABLE] = tableNumber;
    words[at + ROW_SEQUENCE_LOW] = sequence;
    words[at + ROW_SEQUENCE_HIGH] = Math.floor(sequence / TWO_32) | (kind << KIND_SHIFT);
    words[at + ROW_LENGTHS] = key.length | ((end - start) << 16);
    const keyAt = (at + ROW_HEADER_WORDS) * 4;
    this.#bytes.set(key, keyAt);
    this.#bytes.set(source.subarray(start, end), keyAt + key.length);
  }

  /** Room for a row of `rowWords`, where the oldest rows make way. */
  #place(rowWords: number): number {
    let chances = SECOND_CHANCES_MAX;
    for (;;) {
      const limit = this.#isRound ? this.#tail : this.#words.length;
      if (this.#head + rowWords <= limit) break;
      if (!this.#isRound) {
        this.#end = this.#head;
        this.#head = 0;
        this.#isRound = true;
      } else if (this.#leaveOldest(chances > 0)) {
        chances--;
      }
    }
    const at = this.#head;
    this.#head += rowWords;
    return at;
  }

  /** Gives up the oldest row; or, if it was asked for and may stay, moves it to the newest, which is true. */
  #leaveOldest(mayStay: boolean): boolean {
    const words = this.#words;
    const at = this.#tail;
    const rowWords = words[at + ROW_WORDS];
    const slot = this.#slotOf(words[at + ROW_HASH]);
    // Another row of the key may have come in its place.
    const isOwn = slot >= 0 && this.#slots[slot + PLACE] === at + 1;
    const stays = isOwn && mayStay && (words[at + ROW_SEQUENCE_HIGH] & WAS_ASKED) !== 0;
    if (stays) {
      words[at + ROW_SEQUENCE_HIGH] &= ~WAS_ASKED;
      words.copyWithin(this.#head, at, at + rowWords);
      this.#slots[slot + PLACE] = this.#head + 1;
      this.#head += rowWords;
    } else if (isOwn) {
      this.#slots[slot + PLACE] = EMPTY;
      this.#rowCount--;
    }
    this.#tail += rowWords;
    if (this.#tail === this.#end) {
      this.#tail = 0;
      this.#isRound = false;
    }
    return stays;
  }
}

function wordsOfRow(keyAndValueBytes: number): number {
  return ROW_HEADER_WORDS + 2 * Math.ceil(keyAndValueBytes / 8);
}
