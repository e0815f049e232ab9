import { BLOCK_TRAILER_BYTES } from '../base/block-trailer.js';
import { compareBytes, compareRanges } from '../base/bytes.js';
import { CorruptionError } from '../base/errors.js';
import { isTableKind, KIND_DELETE, KIND_PUT } from '../base/internal-key.js';
import { EXPIRY_BYTES, isBlobKind, isExpiringKind, readExpiryMs } from '../base/stored-value.js';
import { BlockIterator } from './block-iterator.js';
import type { IndexBlock } from './index-block.js';
import { hashKey } from './key-hash.js';
import { tableBounds } from './table-bounds.js';
import { TABLE_FORMAT_VERSION, TABLE_FORMAT_VERSION_PLAIN } from './table-format.js';
import type { TableProperties } from './table-properties.js';
import type { TableReader } from './table-reader.js';

/** What a walk over a whole table found; it agrees with the table's properties. */
export interface TableReport {
  readonly entryCount: number;
  readonly tombstoneCount: number;
  readonly rawBytes: number;
  readonly dataBlockCount: number;
}

/**
 * Reads every block of a table and checks what single reads take on trust: the order of all entries, the separators,
 * the filter (no key may be missing), and the properties. CorruptionError names the first thing that is wrong. Fills
 * no cache.
 */
export function verifyTable(table: TableReader): TableReport {
  const walk = new TableWalk(table);
  for (let i = 0; i < table.partitionCount; i++) {
    const partition = table.partition(i, false);
    for (let block = 0; block < partition.count; block++) walk.checkBlock(partition, block);
  }
  return walk.finish();
}

class TableWalk {
  readonly #table: TableReader;
  readonly #block = new BlockIterator();
  #firstKey: Uint8Array = new Uint8Array(0);
  #lastKey: Uint8Array = new Uint8Array(0);
  #lastSequence = 0;
  #separator: Uint8Array = new Uint8Array(0);
  #offsetBytes = 0;
  #entryCount = 0;
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

  constructor(table: TableReader) {
    this.#table = table;
  }

  checkBlock(partition: IndexBlock, index: number): void {
    const block = this.#block;
    this.#offsetBytes = partition.offsetBytes(index);
    this.#dataBytes += partition.sizeBytes(index) + BLOCK_TRAILER_BYTES;
    this.#dataBlockCount++;
    block.init(this.#table.dataBlock(partition, index, false).bytes, this.#table.path, this.#offsetBytes);
    for (block.seekToFirst(); block.valid; block.next()) this.#checkEntry();
    const separator = partition.separator(index);
    if (compareBytes(separator, this.#lastKey) < 0) throw this.#wrong('a separator at or above its block', 'one below');
    this.#separator = separator;
  }

  finish(): TableReport {
    const { properties } = this.#table;
    this.#offsetBytes = this.#table.fileBytes;
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
    return {
      entryCount: this.#entryCount,
      tombstoneCount: this.#tombstoneCount,
      rawBytes: this.#rawBytes,
      dataBlockCount: this.#dataBlockCount,
    };
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
    const points = { smallestKey: this.#firstKey, largestKey: this.#lastKey, isLargestKeyExclusive: false };
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

  #checkEntry(): void {
    const { keySource, keyEnd, sequence, kind } = this.#block;
    if (this.#entryCount === 0) this.#firstKey = new Uint8Array(keySource.subarray(0, keyEnd));
    else this.#checkOrder();
    if (!this.#table.mayContain(hashKey(keySource, 0, keyEnd)))
      throw this.#wrong('a filter with every key', 'a key missing');
    this.#lastKey = new Uint8Array(keySource.subarray(0, keyEnd));
    this.#lastSequence = sequence;
    this.#entryCount++;
    if (kind === KIND_DELETE) this.#tombstoneCount++;
    if (kind !== KIND_PUT && kind !== KIND_DELETE) this.#checkOtherKind(kind);
    this.#rawBytes += keyEnd + this.#block.valueEnd - this.#block.valueStart;
    this.#noteSequence(sequence);
    if (this.#table.globalSequence !== 0) this.#expectEqual('as sequence under a global one', 0, sequence);
  }

  #checkOtherKind(kind: number): void {
    const { valueSource, valueStart, valueEnd } = this.#block;
    if (!isTableKind(kind)) throw this.#wrong('a kind that entries can have', `kind ${kind}`);
    this.#otherKindCount++;
    if (isBlobKind(kind)) this.#blobValueCount++;
    if (!isExpiringKind(kind)) return;
    if (valueEnd - valueStart < EXPIRY_BYTES) throw this.#wrong('the time when an entry expires', 'too few bytes');
    this.#expiringCount++;
    this.#largestExpiryMs = Math.max(this.#largestExpiryMs, readExpiryMs(valueSource, valueStart));
  }

  #noteSequence(sequence: number): void {
    this.#smallestSequence = Math.min(this.#smallestSequence, sequence);
    this.#largestSequence = Math.max(this.#largestSequence, sequence);
  }

  #checkOrder(): void {
    const { keySource, keyEnd, sequence } = this.#block;
    const last = this.#lastKey;
    const order = compareRanges(last, 0, last.length, keySource, 0, keyEnd);
    if (order > 0 || (order === 0 && this.#lastSequence <= sequence))
      throw this.#wrong('ascending keys', 'one out of order');
    const separator = this.#separator;
    const isNewKey = order < 0;
    const separatorOrder = compareRanges(separator, 0, separator.length, keySource, 0, keyEnd);
    if (isNewKey ? separatorOrder >= 0 : separatorOrder > 0)
      throw this.#wrong('keys above the separator before', 'one below');
  }

  #expectEqual(what: string, expected: number, found: number): void {
    if (expected !== found) throw this.#wrong(`${expected} ${what}`, String(found));
  }

  #wrong(expected: string, found: string): CorruptionError {
    return new CorruptionError({ file: this.#table.path, offsetBytes: this.#offsetBytes, expected, found });
  }
}

function blobValuesOf({ blobUses }: TableProperties): number {
  return blobUses.reduce((count, { valueCount }) => count + valueCount, 0);
}
