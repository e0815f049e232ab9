import { KIND_DELETE, KIND_PUT, KIND_PUT_EXPIRING, KIND_RANGE_DELETE } from '../base/internal-key.js';
import { KIB, SEQUENCE_MAX } from '../base/limits.js';
import { LOOKUP_DELETED, LOOKUP_FOUND, type PointResult } from '../base/point-result.js';
import { hashKey } from './key-hash.js';

/** Larger ones cost a copy that outweighs the way through index and block. */
const ROW_BYTES_MAX = 2 * KIB;
/** Rows that were asked for since they came in stay for another round, but at most so many in a row. */
const SECOND_CHANCES_MAX = 4;
/** Slots take an eighth of the memory. Rows of 100 bytes then fill a third of them. */
const MEMORY_BYTES_PER_SLOT = 64;
/** Stamps take another. A write makes the rows of one key in a million doubtful that is not its own. */
const MEMORY_BYTES_PER_STAMP = 32;
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
 *     2     as of: a sequence, counted from the base
 *     3     sequence, low
 *     4     sequence, high (21 bits) | kind (8 bits) << 21 | was asked for << 29
 *     5     bytes of the key (16 bits) | bytes of the stored value << 16
 *     6…    key, then the stored value
 */
const ROW_WORDS = 0;
const ROW_HASH = 1;
const ROW_AS_OF = 2;
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
const NO_STAMPS = new Uint32Array(0);

/**
 * The newest version of keys that are asked for again and again: one hash and one copy where the way through memtables, filters,
 * indexes and blocks touches ten cache lines and more (after the row cache of RocksDB, which has a row for a table and a key).
 *
 * A row says: *as of* sequence n the newest version of the key is this one. That is history, and stays true whatever is flushed,
 * compacted or moved. A reader at n or before, back to the version, can have it at once. A reader behind n can have it if nobody has
 * written the key since; and of that each write leaves a *stamp*, its sequence, under the hash of its key. Two keys may share
 * a stamp, which only costs a look into the tree. A range delete, or tables that were loaded, are a stamp on all keys.
 *
 *     row of k: version 4, as of 9      stamp of k: 7     → good for a reader at 4, 8, 9, 20; not at 3
 *                                       stamp of k: 12    → good at 4, 8, 9; not at 10 or 20
 *
 * A version that lies in a blob file has no row: its place may move.
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
  /** Per hash of keys the largest sequence written since the base, counted from there. 0: none. */
  #stamps = NO_STAMPS;
  #stampMask = 0;
  #stampOfAll = 0;
  /** Writes up to it have left no stamp: no row is as of before. */
  #base = 0;
  #writtenSequence = 0;

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

  /** Whether a version of `key` is here that a reader at `sequenceMax` has to see: `result` then holds it. */
  get(key: Uint8Array, keyHash: number, sequenceMax: number, result: PointResult): boolean {
    const at = this.#find(key, keyHash | 0);
    if (at < 0 || !this.#isNewest(at, keyHash, sequenceMax)) {
      this.#misses++;
      return false;
    }
    this.#hits++;
    const words = this.#words;
    const high = words[at + ROW_SEQUENCE_HIGH];
    if ((high & WAS_ASKED) === 0) words[at + ROW_SEQUENCE_HIGH] = high | WAS_ASKED;
    const lengths = words[at + ROW_LENGTHS];
    const kind = (high >>> KIND_SHIFT) & 0xff;
    result.state = kind === KIND_DELETE ? LOOKUP_DELETED : LOOKUP_FOUND;
    result.source = this.#bytes;
    result.start = (at + ROW_HEADER_WORDS) * 4 + (lengths & 0xffff);
    result.end = result.start + (lengths >>> 16);
    result.sequence = this.#sequenceOf(at);
    result.kind = kind;
    return true;
  }

  /**
   * A reader at `sequenceMax` has found that `found` is the newest version of `key`. It is kept if somebody has asked for the key
   * before, as far as that is remembered.
   */
  offer(key: Uint8Array, keyHash: number, sequenceMax: number, found: PointResult): void {
    // Who sees everything also sees what is taken back if the log fails.
    if (sequenceMax === SEQUENCE_MAX || !hasRow(found.kind)) return;
    if (this.#slots.length === 0 && !this.#begin(sequenceMax)) return;
    const rowWords = wordsOfRow(key.length + found.end - found.start);
    if (sequenceMax < this.#base || rowWords * 4 > this.#rowBytesMax) return;
    const asOf = sequenceMax - this.#base;
    const hash = keyHash | 0;
    const known = this.#find(key, hash);
    if (known >= 0 && this.#keepRow(known, asOf, found.sequence)) return;
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
    this.#writeRow(at, rowWords, hash, asOf, key, found);
  }

  /** Called for each version that is written, before anybody can see it. */
  noteWrite(sequence: number, kind: number, key: Uint8Array): void {
    this.#writtenSequence = sequence;
    if (this.#slots.length === 0) return;
    if (kind === KIND_RANGE_DELETE) this.noteWriteToAny(sequence);
    else this.#stamps[hashKey(key, 0, key.length) & this.#stampMask] = this.#stampAt(sequence);
  }

  /** The same for what may be a version of any key. */
  noteWriteToAny(sequence: number): void {
    this.#writtenSequence = sequence;
    if (this.#slots.length > 0) this.#stampOfAll = this.#stampAt(sequence);
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

  #find(key: Uint8Array, hash: number): number {
    if (this.#slots.length === 0) return -1;
    const slot = this.#slotOf(hash);
    if (slot < 0) return -1;
    const at = this.#slots[slot + PLACE] - 1;
    return at >= 0 && this.#isRowOf(at, key) ? at : -1;
  }

  #isRowOf(at: number, key: Uint8Array): boolean {
    const keyBytes = key.length;
    if ((this.#words[at + ROW_LENGTHS] & 0xffff) !== keyBytes) return false;
    const bytes = this.#bytes;
    const start = (at + ROW_HEADER_WORDS) * 4;
    for (let i = 0; i < keyBytes; i++) {
      if (bytes[start + i] !== key[i]) return false;
    }
    return true;
  }

  #isNewest(at: number, keyHash: number, sequenceMax: number): boolean {
    if (this.#sequenceOf(at) > sequenceMax) return false;
    const asOf = this.#words[at + ROW_AS_OF] >>> 0;
    if (sequenceMax - this.#base <= asOf) return true;
    return this.#stamps[keyHash & this.#stampMask] <= asOf && this.#stampOfAll <= asOf;
  }

  #sequenceOf(at: number): number {
    const words = this.#words;
    return (words[at + ROW_SEQUENCE_LOW] >>> 0) + (words[at + ROW_SEQUENCE_HIGH] & SEQUENCE_HIGH_MASK) * TWO_32;
  }

  /** Whether the row stays: it is as of a later moment, or is that version, and then as of `asOf` from now on. */
  #keepRow(at: number, asOf: number, sequence: number): boolean {
    const words = this.#words;
    const isLater = asOf > words[at + ROW_AS_OF] >>> 0;
    if (isLater && sequence !== this.#sequenceOf(at)) return false;
    if (isLater) words[at + ROW_AS_OF] = asOf;
    return true;
  }

  #stampAt(sequence: number): number {
    if (sequence - this.#base >= TWO_32) this.#restart(sequence);
    // After a failure of the log sequences are given out again; none is before the base that a row could be as of.
    return Math.max(0, sequence - this.#base);
  }

  /** Forgets everything: what is as of `base` or later is to come. */
  #restart(base: number): void {
    this.#slots.fill(EMPTY);
    this.#stamps.fill(0);
    this.#stampOfAll = 0;
    this.#rowCount = 0;
    this.#head = 0;
    this.#tail = 0;
    this.#isRound = false;
    this.#base = base;
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
  #begin(sequence: number): boolean {
    const slotCount = powerOfTwoBelow(this.capacityBytes / MEMORY_BYTES_PER_SLOT);
    const stampCount = powerOfTwoBelow(this.capacityBytes / MEMORY_BYTES_PER_STAMP);
    if (slotCount < BUCKET_SLOTS) return false;
    this.#slots = new Int32Array(slotCount * SLOT_WORDS);
    this.#bucketMask = slotCount / BUCKET_SLOTS - 1;
    this.#stamps = new Uint32Array(stampCount);
    this.#stampMask = stampCount - 1;
    const rowsBytes = this.capacityBytes - this.#slots.byteLength - this.#stamps.byteLength;
    this.#words = new Int32Array(Math.floor(rowsBytes / 8) * 2);
    this.#bytes = new Uint8Array(this.#words.buffer);
    // Of what was written until now there are no stamps.
    this.#base = Math.max(sequence, this.#writtenSequence);
    return true;
  }

  #writeRow(
    at: number,
    rowWords: number,
    hash: number,
    asOf: number,
    key: Uint8Array,
    { source, start, end, sequence, kind }: PointResult,
  ): void {
    const words = this.#words;
    words[at + ROW_WORDS] = rowWords;
    words[at + ROW_HASH] = hash;
    words[at + ROW_AS_OF] = asOf;
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

/** A reference into a blob file is no lasting answer, and a range delete says nothing of one key. */
function hasRow(kind: number): boolean {
  return kind === KIND_PUT || kind === KIND_DELETE || kind === KIND_PUT_EXPIRING;
}

function powerOfTwoBelow(count: number): number {
  return 2 ** Math.floor(Math.log2(count));
}

function wordsOfRow(keyAndValueBytes: number): number {
  return ROW_HEADER_WORDS + 2 * Math.ceil(keyAndValueBytes / 8);
}
