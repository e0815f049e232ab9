import { compareRanges, copyRange, readUint32 } from '../base/bytes.js';
import { CorruptionError } from '../base/errors.js';
import { isTableKind, KIND_DELETE, KIND_PUT, readTrailerKind, readTrailerSequence } from '../base/internal-key.js';
import { KEY_BYTES_MAX } from '../base/limits.js';
import { EXPIRY_BYTES, isBlobKind, isExpiringKind, readExpiryMs } from '../base/stored-value.js';
import { createBlockEntry, decodeBlockEntry, findRestarts, malformedBlock, RESTART_BYTES } from './block-entry.js';
import type { IndexBlock } from './index-block.js';
import { storeKeyHash } from './key-hash.js';
import type { TableReader } from './table-reader.js';

const FILTER_KEYS_AT_ONCE = 64;

/** Gets the reference `source[start, end)` of a value in a blob file; throws a CorruptionError if that is none. */
export type OnBlobReference = (source: Uint8Array, start: number, end: number) => void;

/** Where the index of a table names a block; no partition before the first one. */
export interface IndexedBlock {
  readonly partition: IndexBlock | undefined;
  readonly index: number;
}

/** What the entries of a table add up to. */
export class EntryTotals {
  entryCount = 0;
  keyCount = 0;
  tombstoneCount = 0;
  /** Neither put nor tombstone. */
  otherKindCount = 0;
  expiringCount = 0;
  largestExpiryMs = 0;
  blobValueCount = 0;
  rawBytes = 0;
  smallestSequence = Number.POSITIVE_INFINITY;
  largestSequence = 0;

  noteSequence(sequence: number): void {
    if (sequence < this.smallestSequence) this.smallestSequence = sequence;
    if (sequence > this.largestSequence) this.largestSequence = sequence;
  }
}

/** Walks the entries of a table, block by block, and throws a CorruptionError for the first thing that is wrong in a block. */
export class EntryChecker {
  readonly totals = new EntryTotals();
  readonly #table: TableReader;
  readonly #onBlobReference: OnBlobReference | undefined;
  readonly #entry = createBlockEntry();
  /** The last entry's key is `#key[0, #keyBytes)`. */
  readonly #key = new Uint8Array(KEY_BYTES_MAX);
  #keyBytes = 0;
  #lastSequence = 0;
  /** Of keys that the filter was not asked for yet: asked for one by one, each would wait for memory alone. */
  readonly #hashes = new Uint32Array(FILTER_KEYS_AT_ONCE);
  #firstKey: Uint8Array = new Uint8Array(0);
  #offsetBytes = 0;

  constructor(table: TableReader, onBlobReference: OnBlobReference | undefined) {
    this.#table = table;
    this.#onBlobReference = onBlobReference;
  }

  get firstKey(): Uint8Array {
    return this.#firstKey;
  }

  /** A copy of the key of the last entry that was sound. */
  lastKey(): Uint8Array {
    return this.#key.slice(0, this.#keyBytes);
  }

  /** How the separator of block `index` orders to the last key. */
  compareSeparator(partition: IndexBlock, index: number): number {
    return partition.compareSeparator(index, this.#key, this.#keyBytes);
  }

  /** The block at `offsetBytes`, which stands behind `before`. */
  check(block: Uint8Array, offsetBytes: number, before: IndexedBlock): void {
    this.#offsetBytes = offsetBytes;
    const restartsAt = findRestarts(block);
    if (restartsAt < 0) throw this.#malformed(block.length);
    const { totals } = this;
    const entry = this.#entry;
    const key = this.#key;
    const hashes = this.#hashes;
    const isSequenceFree = this.#table.globalSequence === 0;
    let restartAt = restartsAt;
    let nextRestart = readUint32(block, restartAt);
    // What each entry changes is in variables until the end of the block: fields would make the loop half as fast.
    let keyBytes = this.#keyBytes;
    let lastSequence = this.#lastSequence;
    let hasKey = totals.entryCount > 0;
    let { smallestSequence, largestSequence } = totals;
    let entryCount = 0;
    let keyCount = 0;
    let rawBytes = 0;
    let hashCount = 0;
    try {
      for (let at = 0; at < restartsAt; at = entry.endAt) {
        if (!decodeBlockEntry(block, at, restartsAt, entry)) throw this.#malformed(at);
        const { sharedBytes, keyAt, trailerAt, valueAt, endAt } = entry;
        const isRestart = nextRestart === at;
        const isWhole = isRestart ? sharedBytes === 0 : at > 0 && sharedBytes <= keyBytes;
        const newKeyBytes = sharedBytes + trailerAt - keyAt;
        if (!isWhole || newKeyBytes > KEY_BYTES_MAX) throw this.#malformed(at);
        if (isRestart) {
          restartAt += RESTART_BYTES;
          nextRestart = readUint32(block, restartAt);
        }
        const sequence = readTrailerSequence(block, trailerAt);
        // The two keys are compared from where they are said to differ; only that part is copied.
        const order = hasKey ? compareRanges(key, sharedBytes, keyBytes, block, keyAt, trailerAt) : -1;
        if (order > 0 || (order === 0 && lastSequence <= sequence)) {
          throw this.#wrong('ascending keys', 'one out of order');
        }
        copyRange(block, keyAt, trailerAt, key, sharedBytes);
        keyBytes = newKeyBytes;
        lastSequence = sequence;
        if (at === 0) this.#checkFirst(keyBytes, hasKey, order !== 0, before);
        hasKey = true;
        if (order !== 0) {
          keyCount++;
          if (hashCount === FILTER_KEYS_AT_ONCE) {
            this.#checkFilter(hashCount);
            hashCount = 0;
          }
          storeKeyHash(hashes, hashCount++, key, 0, keyBytes);
        }
        entryCount++;
        rawBytes += keyBytes + endAt - valueAt;
        if (sequence < smallestSequence) smallestSequence = sequence;
        if (sequence > largestSequence) largestSequence = sequence;
        if (!isSequenceFree && sequence !== 0) throw this.#wrong('0 as sequence under a global one', String(sequence));
        const kind = readTrailerKind(block, trailerAt);
        if (kind !== KIND_PUT) this.#checkOtherKind(kind, block, valueAt, endAt);
      }
    } finally {
      this.#keyBytes = keyBytes;
      this.#lastSequence = lastSequence;
      totals.smallestSequence = smallestSequence;
      totals.largestSequence = largestSequence;
      totals.entryCount += entryCount;
      totals.keyCount += keyCount;
      totals.rawBytes += rawBytes;
    }
    this.#checkFilter(hashCount);
    if (restartAt !== block.length - RESTART_BYTES) throw this.#malformed(restartAt);
  }

  #checkFirst(keyBytes: number, hasKeyBefore: boolean, isNewKey: boolean, before: IndexedBlock): void {
    if (!hasKeyBefore) {
      this.#firstKey = this.#key.slice(0, keyBytes);
      return;
    }
    const order = before.partition?.compareSeparator(before.index, this.#key, keyBytes) ?? -1;
    if (isNewKey ? order >= 0 : order > 0) throw this.#wrong('keys above the separator before', 'one below');
  }

  #checkFilter(count: number): void {
    if (!this.#table.mayContainAll(this.#hashes, count)) throw this.#wrong('a filter with every key', 'a key missing');
  }

  #checkOtherKind(kind: number, block: Uint8Array, valueAt: number, endAt: number): void {
    const { totals } = this;
    if (kind === KIND_DELETE) {
      totals.tombstoneCount++;
      return;
    }
    if (!isTableKind(kind)) throw this.#wrong('a kind that entries can have', `kind ${kind}`);
    totals.otherKindCount++;
    let storedAt = valueAt;
    if (isExpiringKind(kind)) {
      if (endAt - valueAt < EXPIRY_BYTES) throw this.#wrong('the time when an entry expires', 'too few bytes');
      totals.expiringCount++;
      totals.largestExpiryMs = Math.max(totals.largestExpiryMs, readExpiryMs(block, valueAt));
      storedAt += EXPIRY_BYTES;
    }
    if (!isBlobKind(kind)) return;
    totals.blobValueCount++;
    this.#noteBlobReference(block, storedAt, endAt);
  }

  /** Whoever reads the reference does not know where it stands. */
  #noteBlobReference(block: Uint8Array, start: number, end: number): void {
    try {
      this.#onBlobReference?.(block, start, end);
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      throw this.#wrong(error.damage.expected, error.damage.found);
    }
  }

  #malformed(at: number): CorruptionError {
    return malformedBlock(this.#table.path, this.#offsetBytes, at);
  }

  #wrong(expected: string, found: string): CorruptionError {
    return new CorruptionError({ file: this.#table.path, offsetBytes: this.#offsetBytes, expected, found });
  }
}
