import { BLOCK_TRAILER_BYTES } from '../base/block-trailer.js';
import { compareBytes, compareRanges } from '../base/bytes.js';
import { CorruptionError } from '../base/errors.js';
import { KIND_DELETE } from '../base/internal-key.js';
import { isExpiringKind } from '../base/stored-value.js';
import { BlockIterator } from './block-iterator.js';
import type { IndexBlock } from './index-block.js';
import { hashKey } from './key-hash.js';
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
  #expiringCount = 0;
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
    this.#expectEqual('raw bytes', properties.rawBytes, this.#rawBytes);
    this.#expectEqual('data bytes', properties.dataBytes, this.#dataBytes);
    this.#expectEqual('data blocks', properties.dataBlockCount, this.#dataBlockCount);
    this.#expectEqual('as smallest sequence', properties.smallestSequence, this.#smallestSequence);
    this.#expectEqual('as largest sequence', properties.largestSequence, this.#largestSequence);
    this.#checkBounds();
    return {
      entryCount: this.#entryCount,
      tombstoneCount: this.#tombstoneCount,
      rawBytes: this.#rawBytes,
      dataBlockCount: this.#dataBlockCount,
    };
  }

  /** Range deletes count in sequences and bounds as entries do; a bound of theirs that is the last is exclusive. */
  #checkRangeDeletes(): void {
    const { rangeTombstones, properties } = this.#table;
    let count = 0;
    for (const { sequences } of rangeTombstones?.fragments ?? []) {
      count += sequences.length;
      this.#largestSequence = Math.max(this.#largestSequence, sequences[0]);
      this.#smallestSequence = Math.min(this.#smallestSequence, sequences[sequences.length - 1]);
    }
    this.#expectEqual('range deletes', properties.rangeDeleteCount, count);
  }

  #checkBounds(): void {
    const { smallestKey, largestKey, isLargestKeyExclusive } = this.#table.properties;
    const fragments = this.#table.rangeTombstones?.fragments ?? [];
    const starts = [
      ...(this.#entryCount > 0 ? [this.#firstKey] : []),
      ...fragments.slice(0, 1).map(({ start }) => start),
    ];
    if (compareBytes(smallestKey, starts.sort(compareBytes)[0]) !== 0)
      throw this.#wrong('the smallest key', 'another one');
    const end = fragments.at(-1)?.end;
    const isExclusive = end !== undefined && (this.#entryCount === 0 || compareBytes(end, this.#lastKey) > 0);
    const isRight = compareBytes(largestKey, isExclusive ? end : this.#lastKey) === 0;
    if (!isRight || isLargestKeyExclusive !== isExclusive) throw this.#wrong('the largest key', 'another one');
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
    if (isExpiringKind(kind)) this.#expiringCount++;
    this.#rawBytes += keyEnd + this.#block.valueEnd - this.#block.valueStart;
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
