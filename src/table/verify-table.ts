import { BLOCK_TRAILER_BYTES } from '../base/block-trailer.js';
import { compareBytes } from '../base/bytes.js';
import { CorruptionError, type Damage, StemeError } from '../base/errors.js';
import { EntryChecker, type OnBlobReference } from './check-entries.js';
import type { IndexBlock } from './index-block.js';
import type { ReadAhead } from './read-ahead.js';
import { tableBounds } from './table-bounds.js';
import { TABLE_FORMAT_VERSION, TABLE_FORMAT_VERSION_PLAIN } from './table-format.js';
import type { TableProperties } from './table-properties.js';
import type { TableReader } from './table-reader.js';

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
  readonly onBlobReference?: OnBlobReference;
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

  readonly #entries: EntryChecker;
  readonly #before: { partition: IndexBlock | undefined; index: number } = { partition: undefined, index: 0 };
  #offsetBytes = 0;
  #dataBytes = 0;
  #dataBlockCount = 0;

  constructor(table: TableReader, options: TableVerifierOptions) {
    this.#table = table;
    this.#options = options;
    this.#entries = new EntryChecker(table, options.onBlobReference);
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
    try {
      this.#entries.check(this.#readBlock(partition, index), this.#offsetBytes, this.#before);
      if (this.#entries.compareSeparator(partition, index) < 0) {
        throw this.#wrong('a separator at or above its block', 'one below');
      }
    } catch (error) {
      this.#noteDamage(error);
    }
    this.#before.partition = partition;
    this.#before.index = index;
    return true;
  }

  /** Compares the whole with the properties. */
  finish(): TableReport {
    this.#offsetBytes = this.#table.propertiesOffsetBytes;
    if (this.#isComplete) this.#reportIfDamaged(() => this.#checkProperties());
    const { entryCount, keyCount, tombstoneCount, rawBytes } = this.#entries.totals;
    return { entryCount, keyCount, tombstoneCount, rawBytes, dataBlockCount: this.#dataBlockCount };
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
      return this.#table.passingBlock(partition, index, this.#readAhead);
    } catch (error) {
      if (this.#readAhead === undefined || !isIoError(error)) throw error;
      return this.#table.passingBlock(partition, index);
    }
  }

  #reportIfDamaged(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#noteDamage(error);
    }
  }

  #noteDamage(error: unknown): void {
    this.#isComplete = false;
    this.#options.onDamage(this.#damageOf(error));
  }

  #damageOf(error: unknown): Damage {
    if (error instanceof CorruptionError) return error.damage;
    if (!isIoError(error)) throw error;
    return this.#damage('bytes that can be read', error.message);
  }

  #checkProperties(): void {
    const { properties } = this.#table;
    const { totals } = this.#entries;
    this.#checkRangeDeletes();
    this.#expectEqual('entries', properties.entryCount, totals.entryCount);
    this.#expectEqual('tombstones', properties.tombstoneCount, totals.tombstoneCount);
    this.#expectEqual('entries that expire', properties.expiringCount, totals.expiringCount);
    this.#expectEqual('as last expiry', properties.largestExpiryMs, totals.largestExpiryMs);
    this.#expectEqual('values in blob files', blobValuesOf(properties), totals.blobValueCount);
    this.#expectEqual('raw bytes', properties.rawBytes, totals.rawBytes);
    this.#expectEqual('data bytes', properties.dataBytes, this.#dataBytes);
    this.#expectEqual('data blocks', properties.dataBlockCount, this.#dataBlockCount);
    this.#expectEqual('as smallest sequence', properties.smallestSequence, totals.smallestSequence);
    this.#expectEqual('as largest sequence', properties.largestSequence, totals.largestSequence);
    this.#checkBounds();
    this.#checkVersion();
  }

  /** Range deletes count in sequences and bounds as entries do. */
  #checkRangeDeletes(): void {
    const { rangeTombstones, properties, globalSequence } = this.#table;
    const { totals } = this.#entries;
    let count = 0;
    for (const { sequences } of rangeTombstones?.fragments ?? []) {
      count += sequences.length;
      // What the file says where there is a global sequence is 0.
      totals.noteSequence(globalSequence === 0 ? sequences[0] : 0);
      totals.noteSequence(globalSequence === 0 ? sequences[sequences.length - 1] : 0);
    }
    this.#expectEqual('range deletes', properties.rangeDeleteCount, count);
  }

  #checkBounds(): void {
    const { properties, rangeTombstones } = this.#table;
    const { firstKey: smallestKey, totals } = this.#entries;
    const points = { smallestKey, largestKey: this.#entries.lastKey(), isLargestKeyExclusive: false };
    const fragments = rangeTombstones?.fragments ?? [];
    if (totals.entryCount === 0 && fragments.length === 0) throw this.#wrong('entries or range deletes', 'neither');
    const bounds = tableBounds(totals.entryCount === 0 ? undefined : points, fragments);
    if (compareBytes(properties.smallestKey, bounds.smallestKey) !== 0) {
      throw this.#wrong('the smallest key', 'another one');
    }
    const isRight = compareBytes(properties.largestKey, bounds.largestKey) === 0;
    if (!isRight || properties.isLargestKeyExclusive !== bounds.isLargestKeyExclusive) {
      throw this.#wrong('the largest key', 'another one');
    }
  }

  #checkVersion(): void {
    const isPlain = this.#entries.totals.otherKindCount === 0 && this.#table.rangeTombstones === undefined;
    const version = isPlain ? TABLE_FORMAT_VERSION_PLAIN : TABLE_FORMAT_VERSION;
    this.#expectEqual('as format version', version, this.#table.formatVersion);
  }

  #expectEqual(what: string, expected: number, found: number): void {
    if (expected !== found) throw this.#wrong(`${expected} ${what}`, String(found));
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
