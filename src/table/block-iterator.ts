import { copyRange, EMPTY_BYTES, readUint32 } from '../base/bytes.js';
import type { InternalIterator } from '../base/internal-iterator.js';
import { readTrailerKind, readTrailerSequence, TRAILER_BYTES } from '../base/internal-key.js';
import { KEY_BYTES_MAX } from '../base/limits.js';
import {
  createBlockEntry,
  decodeBlockEntry,
  findRestartBefore,
  findRestarts,
  malformedBlock,
  RESTART_BYTES,
} from './block-entry.js';

/** Both are 64 bytes: so much V8 allocates with the array itself. More is a block of its own, at ten times the price. */
const KEY_BYTES_INITIAL = 64;
const REGION_ENTRIES_INITIAL = 16;
/** Every sequence number is below it: with it a search stops before the newest version of a key. */
const ABOVE_ALL_SEQUENCES = Number.POSITIVE_INFINITY;

/**
 * Walks one checked block, and then the next one after another `init`. The current user key is put together in the
 * iterator's own memory; the value is a range of the block.
 *
 * Backwards, the entries of a restart region are found once from its start and remembered by their offsets. From one to
 * the entry before it only those bytes of the key change that the later entry did not share.
 */
export class BlockIterator implements InternalIterator {
  valid = false;
  keySource: Uint8Array = new Uint8Array(KEY_BYTES_INITIAL);
  readonly keyStart = 0;
  keyEnd = 0;
  valueSource: Uint8Array = EMPTY_BYTES;
  valueStart = 0;
  /** The value ends where the next entry starts. */
  valueEnd = 0;

  #file = '';
  #offsetBytes = 0;
  #restartsAt = 0;
  #entryAt = 0;
  #sharedBytes = 0;
  readonly #entry = createBlockEntry();
  readonly #earlier = createBlockEntry();
  /** Offsets of the entries before the current one in its restart region; none are known after a step forward. */
  #region = new Int32Array(REGION_ENTRIES_INITIAL);
  #regionCount = 0;

  get sequence(): number {
    return readTrailerSequence(this.valueSource, this.valueStart - TRAILER_BYTES);
  }

  get kind(): number {
    return readTrailerKind(this.valueSource, this.valueStart - TRAILER_BYTES);
  }

  /** Where the current entry stands in the block. */
  get entryAt(): number {
    return this.#entryAt;
  }

  /** Turns to `block`, which stands at `offsetBytes` of `file`, and stands nowhere in it yet. */
  init(block: Uint8Array, file: string, offsetBytes: number): void {
    this.valid = false;
    this.valueSource = block;
    this.#file = file;
    this.#offsetBytes = offsetBytes;
    this.#restartsAt = findRestarts(block);
    if (this.#restartsAt < 0) throw this.#malformed(block.length);
  }

  /** Lets go of the block. */
  clear(): void {
    this.valid = false;
    this.valueSource = EMPTY_BYTES;
    this.#restartsAt = 0;
  }

  get entry(): this {
    return this;
  }

  seekToFirst(): void {
    if (this.#restartsAt > 0) this.#startAt(0);
  }

  seekToLast(): void {
    if (this.#restartsAt > 0) this.#walkUpTo(this.#restartsAt);
  }

  seek(key: Uint8Array): void {
    if (this.#restartsAt === 0) return;
    const at = findRestartBefore(this.valueSource, this.#restartsAt, key, ABOVE_ALL_SEQUENCES, this.#entry);
    if (at < 0) throw this.#malformed(this.#restartsAt);
    this.#startAt(at);
    while (this.valid && this.#isBefore(key)) this.next();
  }

  seekBefore(key: Uint8Array): void {
    this.seek(key);
    if (this.valid) this.prev();
    else this.seekToLast();
  }

  next(): void {
    if (!this.valid) return;
    this.#regionCount = 0;
    if (this.valueEnd >= this.#restartsAt) this.valid = false;
    else this.#stepTo(this.valueEnd);
  }

  prev(): void {
    if (!this.valid) return;
    if (this.#entryAt === 0) this.valid = false;
    else if (this.#regionCount === 0) this.#walkUpTo(this.#entryAt);
    else this.#stepBack();
  }

  #startAt(restartAt: number): void {
    this.#regionCount = 0;
    this.keyEnd = 0;
    this.#stepTo(restartAt);
  }

  /** Decodes the entry at `at`; `keySource` holds the key of the entry before it, `keyEnd` bytes long. */
  #stepTo(at: number): void {
    const entry = this.#entry;
    const block = this.valueSource;
    this.valid = false;
    if (!decodeBlockEntry(block, at, this.#restartsAt, entry)) throw this.#malformed(at);
    const shared = entry.sharedBytes;
    const keyEnd = shared + entry.trailerAt - entry.keyAt;
    if (shared > this.keyEnd || keyEnd > KEY_BYTES_MAX) throw this.#malformed(at);
    if (keyEnd > this.keySource.length) this.#growKey(keyEnd);
    copyRange(block, entry.keyAt, entry.trailerAt, this.keySource, shared);
    this.keyEnd = keyEnd;
    this.#settleOn(at);
  }

  #settleOn(at: number): void {
    const entry = this.#entry;
    this.#entryAt = at;
    this.#sharedBytes = entry.sharedBytes;
    this.valueStart = entry.valueAt;
    this.valueEnd = entry.endAt;
    this.valid = true;
  }

  #isBefore(key: Uint8Array): boolean {
    const source = this.keySource;
    const keyEnd = this.keyEnd;
    const limit = keyEnd < key.length ? keyEnd : key.length;
    for (let i = 0; i < limit; i++) {
      if (source[i] !== key[i]) return source[i] < key[i];
    }
    return keyEnd < key.length;
  }

  /** To the last entry that ends at `limitAt`, remembering those before it from its restart point on. */
  #walkUpTo(limitAt: number): void {
    this.#startAt(this.#lastRestartBelow(limitAt));
    while (this.valueEnd < limitAt) {
      this.#remember(this.#entryAt);
      this.#stepTo(this.valueEnd);
    }
    if (this.valueEnd !== limitAt) throw this.#malformed(this.#entryAt);
  }

  #remember(at: number): void {
    if (this.#regionCount === this.#region.length) {
      const larger = new Int32Array(this.#regionCount * 2);
      larger.set(this.#region);
      this.#region = larger;
    }
    this.#region[this.#regionCount++] = at;
  }

  #lastRestartBelow(limitAt: number): number {
    const block = this.valueSource;
    let low = 0;
    let high = ((block.length - this.#restartsAt) >>> 2) - 2;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (readUint32(block, this.#restartsAt + middle * RESTART_BYTES) < limitAt) low = middle;
      else high = middle - 1;
    }
    const at = readUint32(block, this.#restartsAt + low * RESTART_BYTES);
    if (at >= limitAt) throw this.#malformed(this.#restartsAt);
    return at;
  }

  /** To the entry before, within the region: all its lengths were checked when the region was walked. */
  #stepBack(): void {
    const kept = this.#sharedBytes;
    const entry = this.#entry;
    const at = this.#region[--this.#regionCount];
    decodeBlockEntry(this.valueSource, at, this.#restartsAt, entry);
    this.keyEnd = entry.sharedBytes + entry.trailerAt - entry.keyAt;
    const filledFrom = this.#copySuffix(entry, kept, this.keyEnd);
    if (filledFrom > kept) this.#fillFromEarlier(kept, filledFrom);
    this.#settleOn(at);
  }

  /** Key bytes [from, to) of the current entry are those of ever earlier entries. */
  #fillFromEarlier(from: number, to: number): void {
    const earlier = this.#earlier;
    let missingTo = to;
    for (let i = this.#regionCount - 1; i >= 0 && missingTo > from; i--) {
      decodeBlockEntry(this.valueSource, this.#region[i], this.#restartsAt, earlier);
      missingTo = this.#copySuffix(earlier, from, missingTo);
    }
  }

  /** Copies what the suffix of `entry` has of key bytes [from, to) and returns where the bytes still missing end. */
  #copySuffix(entry: { sharedBytes: number; keyAt: number }, from: number, to: number): number {
    const start = entry.sharedBytes > from ? entry.sharedBytes : from;
    if (start >= to) return to;
    const suffixAt = entry.keyAt - entry.sharedBytes;
    copyRange(this.valueSource, suffixAt + start, suffixAt + to, this.keySource, start);
    return start;
  }

  #growKey(bytes: number): void {
    const larger = new Uint8Array(bytes * 2);
    larger.set(this.keySource.subarray(0, this.keyEnd));
    this.keySource = larger;
  }

  #malformed(at: number): Error {
    return malformedBlock(this.#file, this.#offsetBytes, at);
  }
}
