import { BLOCK_TRAILER_BYTES } from '../base/block-trailer.js';
import { compareBytes, compareRanges, copyRange, readUint32 } from '../base/bytes.js';
import { CorruptionError, type Damage, StemeError } from '../base/errors.js';
import { isTableKind, KIND_DELETE, KIND_PUT, readTrailerKind, readTrailerSequence } from '../base/internal-key.js';
import { KEY_BYTES_MAX } from '../base/limits.js';
import { EXPIRY_BYTES, isBlobKind, isExpiringKind, readExpiryMs } from '../base/stored-value.js';
import { createBlockEntry, decodeBlockEntry, findRestarts, malformedBlock, RESTART_BYTES } from './block-entry.js';
import type { IndexBlock } from './index-block.js';
import { hashKey } from './key-hash.js';
import type { ReadAhead } from './read-ahead.js';
import { tableBounds } from './table-bounds.js';
import { TABLE_FORMAT_VERSION, TABLE_FORMAT_VERSION_PLAIN } from './table-format.js';
import type { TableProperties } from './table-properties.js';
import type { TableReader } from './table-reader.js';

const FILTER_KEYS_AT_ONCE = 64;

/** What a walk over a whole table found; it agrees with the table's properties. */
export interface TableReport {
  readonly entryCount: number;
  readonly keyCount: number;
  readonly tombstoneCount: number;
  readonly rawBytes: number;
  readonly dataBlockCount: number;
}

export interface TableVerifierOptions {
  /** Gets each thing that is wrong; the walk goes on behind it, unless this throws. */
  readonly onDamage: (damage: Damage) => void;
  /** Gets the reference `source[start, end)` of each value in a blob file; throws a CorruptionError if that is none. */
  readonly onBlobReference?: (source: Uint8Array, start: number, end: number) => void;
  /** As of a scan of the table; 0 for block by block. */
  readonly readAheadBytes?: number;
}

/**
 * Reads every block of a table and checks what single reads take on trust: the order of all entries, the separators,
 * the filter (no key may be missing), and the properties. CorruptionError names the first thing that is wrong. Fills
 * no cache.
 */
export function verifyTable(table: TableReader): TableReport {
  const onDamage = (damage: Damage): never => {
    throw new CorruptionError(damage);
  };
  const verifier = new TableVerifier(table, { onDamage });
  while (verifier.checkNextBlock());
  return verifier.finish();
}

/**
 * The same in steps of one block, for all that is wrong and not only the first. Of a block that is damaged one thing is
 * reported, and the walk goes on with the next one; what the properties say of the whole is compared only where all blocks were
 * walked to their end.
 */
export class TableVerifier {
  readonly #table: TableReader;
  readonly #options: TableVerifierOptions;
  readonly #readAhead: ReadAhead | undefined;
  #partitionIndex = 0;
  #partition: IndexBlock | undefined;
  #blockIndex = 0;
  #isComplete = true;

  readonly #entry = createBlockEntry();
  /** The key of the entry before is `#key[0, #keyBytes)`. */
  readonly #key = new Uint8Array(KEY_BYTES_MAX);
  #keyBytes = 0;
  #lastSequence = 0;
  /** Of keys that the filter was not asked for yet: asked for one by one, each would wait for memory alone. */
  readonly #hashes = new Uint32Array(FILTER_KEYS_AT_ONCE);
  #hashCount = 0;
  #firstKey: Uint8Array = new Uint8Array(0);
  #separator: Uint8Array = new Uint8Array(0);
  #offsetBytes = 0;
  #entryCount = 0;
  #keyCount = 0;
  #tombstoneCount = 0;
  #otherKindCount = 0;
  #expiringCount = 0;
  #largestExpiryMs = 0;
  #blobValueCount = 0;
  #rawBytes = 0;
  #dataBytes = 0;
  #dataBlockCount = 0;
  #smallestSequence = Number.POSITIVE_INFINITY;
  #largestSequence = 0;

  constructor(table: TableReader, options: TableVerifierOptions) {
    this.#table = table;
    this.#options = options;
    this.#readAhead = table.createReadAhead(options.readAheadBytes ?? 0);
  }

  /** False where there is no further block: then `finish`. */
  checkNextBlock(): boolean {
    const partition = this.#partitionWithNext();
    if (partition === undefined) return false;
    const index = this.#blockIndex++;
    this.#offsetBytes = partition.offsetBytes(index);
    this.#dataBytes += partition.sizeBytes(index) + BLOCK_TRAILER_BYTES;
    this.#dataBlockCount++;
    const separator = partition.separator(index);
    this.#reportIfDamaged(() => {
      this.#checkEntries(this.#readBlock(partition, index));
      if (compareRanges(separator, 0, separator.length, this.#key, 0, this.#keyBytes) < 0) {
        throw this.#wrong('a separator at or above its block', 'one below');
      }
    });
    this.#hashCount = 0;
    this.#separator = separator;
    return true;
  }

  /** Compares the whole with the properties. */
  finish(): TableReport {
    this.#offsetBytes = this.#table.propertiesOffsetBytes;
    if (this.#isComplete) this.#reportIfDamaged(() => this.#checkProperties());
    return {
      entryCount: this.#entryCount,
      keyCount: this.#keyCount,
      tombstoneCount: this.#tombstoneCount,
      rawBytes: this.#rawBytes,
      dataBlockCount: this.#dataBlockCount,
    };
  }

  #partitionWithNext(): IndexBlock | undefined {
    while (this.#partition === undefined || this.#blockIndex === this.#partition.count) {
      if (this.#partitionIndex === this.#table.partitionCount) return undefined;
      const index = this.#partitionIndex++;
      this.#blockIndex = 0;
      this.#partition = undefined;
      this.#reportIfDamaged(() => {
        this.#partition = this.#table.partition(index, false);
      });
    }
    return this.#partition;
  }

  /** A piece of many blocks that cannot be read may have one bad sector: then each block is read alone. */
  #readBlock(partition: IndexBlock, index: number): Uint8Array {
    try {
      return this.#table.dataBlock(partition, index, false, this.#readAhead).bytes;
    } catch (error) {
      if (this.#readAhead === undefined || !isIoError(error)) throw error;
      return this.#table.dataBlock(partition, index, false).bytes;
    }
  }

  #reportIfDamaged(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#isComplete = false;
      this.#options.onDamage(this.#damageOf(error));
    }
  }

  #damageOf(error: unknown): Damage {
    if (error instanceof CorruptionError) return error.damage;
    if (!isIoError(error)) throw error;
    return this.#damage('bytes that can be read', error.message);
  }

  #checkEntries(block: Uint8Array): void {
    const entry = this.#entry;
    const restartsAt = findRestarts(block);
    if (restartsAt < 0) throw this.#malformed(block.length);
    let restartAt = restartsAt;
    for (let at = 0; at < restartsAt; at = entry.endAt) {
      if (!decodeBlockEntry(block, at, restartsAt, entry)) throw this.#malformed(at);
      const isRestart = readUint32(block, restartAt) === at;
      const shared = entry.sharedBytes;
      const isWhole = isRestart ? shared === 0 : at > 0 && shared <= this.#keyBytes;
      if (!isWhole || shared + entry.trailerAt - entry.keyAt > KEY_BYTES_MAX) throw this.#malformed(at);
      if (isRestart) restartAt += RESTART_BYTES;
      this.#checkEntry(block, at === 0);
    }
    this.#checkFilter();
    if (restartAt !== block.length - RESTART_BYTES) throw this.#malformed(restartAt);
  }

  /** The entry in `#entry`, whose lengths fit. */
  #checkEntry(block: Uint8Array, isFirstOfBlock: boolean): void {
    const { trailerAt, valueAt, endAt } = this.#entry;
    const sequence = readTrailerSequence(block, trailerAt);
    const kind = readTrailerKind(block, trailerAt);
    const isNewKey = this.#takeKey(block, sequence);
    if (isFirstOfBlock && this.#entryCount > 0) this.#checkAgainstSeparator(isNewKey);
    if (this.#entryCount === 0) this.#firstKey = this.#key.slice(0, this.#keyBytes);
    if (isNewKey) this.#noteKey();
    this.#lastSequence = sequence;
    this.#entryCount++;
    if (kind === KIND_DELETE) this.#tombstoneCount++;
    if (kind !== KIND_PUT && kind !== KIND_DELETE) this.#checkOtherKind(kind, block, valueAt, endAt);
    this.#rawBytes += this.#keyBytes + endAt - valueAt;
    this.#noteSequence(sequence);
    if (sequence !== 0 && this.#table.globalSequence !== 0) {
      throw this.#wrong('0 as sequence under a global one', String(sequence));
    }
  }

  /**
   * Makes the key of `#entry` the current one; returns whether it is another one than that before. The two are compared from where
   * they are said to differ: no key is copied but for that part.
   */
  #takeKey(block: Uint8Array, sequence: number): boolean {
    const { sharedBytes, keyAt, trailerAt } = this.#entry;
    const key = this.#key;
    const before = this.#keyBytes;
    const order = compareRanges(key, sharedBytes, before, block, keyAt, trailerAt);
    const isFirst = this.#entryCount === 0;
    if (!isFirst && (order > 0 || (order === 0 && this.#lastSequence <= sequence))) {
      throw this.#wrong('ascending keys', 'one out of order');
    }
    copyRange(block, keyAt, trailerAt, key, sharedBytes);
    this.#keyBytes = sharedBytes + trailerAt - keyAt;
    return isFirst || order !== 0;
  }

  #noteKey(): void {
    this.#keyCount++;
    if (this.#hashCount === this.#hashes.length) this.#checkFilter();
    this.#hashes[this.#hashCount++] = hashKey(this.#key, 0, this.#keyBytes);
  }

  #checkFilter(): void {
    const count = this.#hashCount;
    this.#hashCount = 0;
    if (!this.#table.mayContainAll(this.#hashes, count)) throw this.#wrong('a filter with every key', 'a key missing');
  }

  #checkAgainstSeparator(isNewKey: boolean): void {
    const separator = this.#separator;
    const order = compareRanges(separator, 0, separator.length, this.#key, 0, this.#keyBytes);
    if (isNewKey ? order >= 0 : order > 0) throw this.#wrong('keys above the separator before', 'one below');
  }

  #checkOtherKind(kind: number, block: Uint8Array, valueAt: number, endAt: number): void {
    if (!isTableKind(kind)) throw this.#wrong('a kind that entries can have', `kind ${kind}`);
    this.#otherKindCount++;
    let storedAt = valueAt;
    if (isExpiringKind(kind)) {
      if (endAt - valueAt < EXPIRY_BYTES) throw this.#wrong('the time when an entry expires', 'too few bytes');
      this.#expiringCount++;
      this.#largestExpiryMs = Math.max(this.#largestExpiryMs, readExpiryMs(block, valueAt));
      storedAt += EXPIRY_BYTES;
    }
    if (!isBlobKind(kind)) return;
    this.#blobValueCount++;
    this.#noteBlobReference(block, storedAt, endAt);
  }

  /** Whoever reads the reference does not know where it stands. */
  #noteBlobReference(block: Uint8Array, start: number, end: number): void {
    try {
      this.#options.onBlobReference?.(block, start, end);
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      throw this.#wrong(error.damage.expected, error.damage.found);
    }
  }

  #noteSequence(sequence: number): void {
    if (sequence < this.#smallestSequence) this.#smallestSequence = sequence;
    if (sequence > this.#largestSequence) this.#largestSequence = sequence;
  }

  #checkProperties(): void {
    const { properties } = this.#table;
    this.#checkRangeDeletes();
    this.#expectEqual('entries', properties.entryCount, this.#entryCount);
    this.#expectEqual('tombstones', properties.tombstoneCount, this.#tombstoneCount);
    this.#expectEqual('entries that expire', properties.expiringCount, this.#expiringCount);
    this.#expectEqual('as last expiry', properties.largestExpiryMs, this.#largestExpiryMs);
    this.#expectEqual('values in blob files', blobValuesOf(properties), this.#blobValueCount);
    this.#expectEqual('raw bytes', properties.rawBytes, this.#rawBytes);
    this.#expectEqual('data bytes', properties.dataBytes, this.#dataBytes);
    this.#expectEqual('data blocks', properties.dataBlockCount, this.#dataBlockCount);
    this.#expectEqual('as smallest sequence', properties.smallestSequence, this.#smallestSequence);
    this.#expectEqual('as largest sequence', properties.largestSequence, this.#largestSequence);
    this.#checkBounds();
    this.#checkVersion();
  }

  /** Range deletes count in sequences and bounds as entries do. */
  #checkRangeDeletes(): void {
    const { rangeTombstones, properties, globalSequence } = this.#table;
    let count = 0;
    for (const { sequences } of rangeTombstones?.fragments ?? []) {
      count += sequences.length;
      // What the file says where there is a global sequence is 0.
      this.#noteSequence(globalSequence === 0 ? sequences[0] : 0);
      this.#noteSequence(globalSequence === 0 ? sequences[sequences.length - 1] : 0);
    }
    this.#expectEqual('range deletes', properties.rangeDeleteCount, count);
  }

  #checkBounds(): void {
    const { properties, rangeTombstones } = this.#table;
    const largestKey = this.#key.slice(0, this.#keyBytes);
    const points = { smallestKey: this.#firstKey, largestKey, isLargestKeyExclusive: false };
    const fragments = rangeTombstones?.fragments ?? [];
    if (this.#entryCount === 0 && fragments.length === 0) throw this.#wrong('entries or range deletes', 'neither');
    const bounds = tableBounds(this.#entryCount === 0 ? undefined : points, fragments);
    if (compareBytes(properties.smallestKey, bounds.smallestKey) !== 0) {
      throw this.#wrong('the smallest key', 'another one');
    }
    const isRight = compareBytes(properties.largestKey, bounds.largestKey) === 0;
    if (!isRight || properties.isLargestKeyExclusive !== bounds.isLargestKeyExclusive) {
      throw this.#wrong('the largest key', 'another one');
    }
  }

  #checkVersion(): void {
    const isPlain = this.#otherKindCount === 0 && this.#table.rangeTombstones === undefined;
    const version = isPlain ? TABLE_FORMAT_VERSION_PLAIN : TABLE_FORMAT_VERSION;
    this.#expectEqual('as format version', version, this.#table.formatVersion);
  }

  #expectEqual(what: string, expected: number, found: number): void {
    if (expected !== found) throw this.#wrong(`${expected} ${what}`, String(found));
  }

  #malformed(at: number): CorruptionError {
    return malformedBlock(this.#table.path, this.#offsetBytes, at);
  }

  #wrong(expected: string, found: string): CorruptionError {
    return new CorruptionError(this.#damage(expected, found));
  }

  #damage(expected: string, found: string): Damage {
    return { file: this.#table.path, offsetBytes: this.#offsetBytes, expected, found };
  }
}

function blobValuesOf({ blobUses }: TableProperties): number {
  return blobUses.reduce((count, { valueCount }) => count + valueCount, 0);
}

function isIoError(error: unknown): error is StemeError {
  return error instanceof StemeError && error.code === 'STEME_IO';
}
