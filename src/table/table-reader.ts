import { CorruptionError, StemeError } from '../base/errors.js';
import { READ_AHEAD_BYTES_MAX } from '../base/limits.js';
import type { PointResult } from '../base/point-result.js';
import type { RangeTombstoneSet } from '../base/range-tombstones.js';
import type { BlockCache } from './block-cache.js';
import { BlockSource, type BlockSourceOptions } from './block-source.js';
import { type BloomFilter, decodeBloomFilter, mayContain, mayContainAll } from './bloom-filter.js';
import { DataBlock } from './data-block.js';
import { IndexBlock } from './index-block.js';
import { decodeRangeDeletes } from './range-delete-block.js';
import type { ReadAhead } from './read-ahead.js';
import { decodeFooter, type TableFooter } from './table-footer.js';
import type { StoredBlock } from './table-format.js';
import { type TableBlocks, TableIterator } from './table-iterator.js';
import { decodeProperties, type TableProperties } from './table-properties.js';

export interface TableReaderOptions extends BlockSourceOptions {
  readonly blockCache: BlockCache;
  /** If there and not 0, the sequence of every entry, whatever the file says (TableMetadata). */
  readonly globalSequence?: number;
  /** Of the database that wrote it, as far as that is known: the table of another one is refused. */
  readonly databaseId?: number;
  /** Counted up by all tables of a database; left out, nobody asks. */
  readonly counters?: ReadCounters;
}

export interface TableScan {
  readonly fillCache?: boolean;
  readonly readAheadBytes?: number;
}

export interface ReadCounters {
  /** Lookups that a filter let through and that found nothing. */
  filterFalsePositives: number;
}

/**
 * One open table. Footer, top index, filter and properties are read and checked at the open and stay; index
 * partitions and data blocks are checked when they are first read, and then live in the block cache.
 */
export class TableReader implements TableBlocks {
  readonly number: number;
  readonly properties: TableProperties;
  readonly usesMmap: boolean;
  /** Undefined without any. */
  readonly rangeTombstones: RangeTombstoneSet | undefined;
  readonly formatVersion: number;
  readonly propertiesOffsetBytes: number;
  /** 0 for none. */
  readonly globalSequence: number;
  readonly #counters: ReadCounters;
  readonly #source: BlockSource;
  readonly #cache: BlockCache;
  readonly #filter: BloomFilter | undefined;
  readonly #topIndex: IndexBlock;
  readonly #hasPartitions: boolean;
  /** Where the index starts: every data block ends by it. */
  readonly #dataLimitBytes: number;
  #isClosed = false;

  /** CorruptionError where the file is not the table that was written, STEME_UNSUPPORTED where it is a newer one. */
  static openSync(options: TableReaderOptions): TableReader {
    const source = new BlockSource(options);
    try {
      return new TableReader(options, source);
    } catch (error) {
      source.close();
      throw error;
    }
  }

  private constructor(options: TableReaderOptions, source: BlockSource) {
    const { number, blockCache, globalSequence = 0, databaseId, counters } = options;
    const footer = decodeFooter(source.readFooter(), source.path, source.fileBytes, number);
    this.number = number;
    this.globalSequence = globalSequence;
    this.formatVersion = footer.formatVersion;
    this.#counters = counters ?? { filterFalsePositives: 0 };
    this.usesMmap = source.usesMmap;
    this.#source = source;
    this.#cache = blockCache;
    this.#filter = readFilter(source, footer);
    this.properties = readProperties(source, footer);
    checkDatabase(source, footer, this.properties, databaseId);
    this.propertiesOffsetBytes = footer.properties.offsetBytes;
    this.rangeTombstones = readRangeDeletes(source, this.properties, globalSequence);
    this.#hasPartitions = footer.indexLevels === 2;
    this.#topIndex = readTopIndex(source, footer, this.properties);
    this.#dataLimitBytes = this.#hasPartitions ? this.#topIndex.offsetBytes(0) : footer.topIndex.offsetBytes;
  }

  get path(): string {
    return this.#source.path;
  }

  get fileBytes(): number {
    return this.#source.fileBytes;
  }

  /** Stored bytes of all blocks that were read so far. */
  get readBytes(): number {
    return this.#source.readBytes;
  }

  /** Whether a filter lookup with `keyHash` says that the key may be here. */
  mayContain(keyHash: number): boolean {
    return this.#filter === undefined || mayContain(this.#filter, keyHash);
  }

  /** The same of the first `count` hashes together. */
  mayContainAll(keyHashes: Uint32Array, count: number): boolean {
    return this.#filter === undefined || mayContainAll(this.#filter, keyHashes, count);
  }

  /**
   * Looks for the newest version of `key` at or below `sequenceMax`; range deletes are the caller's matter. True if this table
   * has one: `result` then holds it, FOUND or DELETED. `keyHash` is `hashKey(key)`. Allocates nothing while the blocks are cached.
   */
  get(key: Uint8Array, keyHash: number, sequenceMax: number, result: PointResult): boolean {
    if (this.#isClosed) throw this.#closedError();
    if (this.#filter !== undefined && !mayContain(this.#filter, keyHash)) return false;
    const { globalSequence } = this;
    if (globalSequence > sequenceMax) return false;
    if (this.#find(key, sequenceMax, result)) {
      if (globalSequence > 0) result.sequence = globalSequence;
      return true;
    }
    if (this.#filter !== undefined) this.#counters.filterFalsePositives++;
    return false;
  }

  #find(key: Uint8Array, sequenceMax: number, result: PointResult): boolean {
    const top = this.#topIndex;
    if (!this.#hasPartitions) return this.#findInPartition(top, key, sequenceMax, result) === FOUND;
    for (let i = top.find(key); i < top.count; i++) {
      const answer = this.#findInPartition(this.partition(i, true), key, sequenceMax, result);
      if (answer !== GO_ON) return answer === FOUND;
    }
    return false;
  }

  /**
   * Over all versions of all keys. With `fillCache` off, blocks that it has to read do not push others out of the
   * cache. A long walk reads pieces of up to `readAheadBytes` at once; 0 for block by block.
   */
  iterator({ fillCache = true, readAheadBytes = READ_AHEAD_BYTES_MAX }: TableScan = {}): TableIterator {
    if (this.#isClosed) throw this.#closedError();
    return new TableIterator(this, fillCache, this.globalSequence, this.createReadAhead(readAheadBytes));
  }

  /** For `dataBlock`, by whoever walks the table; undefined where that needs none. */
  createReadAhead(pieceBytesMax: number): ReadAhead | undefined {
    return this.#source.createReadAhead(pieceBytesMax);
  }

  get partitionCount(): number {
    return this.#hasPartitions ? this.#topIndex.count : 1;
  }

  /** The first partition that can hold `key`; `partitionCount` if there is none. */
  findPartition(key: Uint8Array): number {
    return this.#hasPartitions ? this.#topIndex.find(key) : 0;
  }

  partition(index: number, fillCache: boolean): IndexBlock {
    if (!this.#hasPartitions) return this.#topIndex;
    if (this.#isClosed) throw this.#closedError();
    const offsetBytes = this.#topIndex.offsetBytes(index);
    const cached = this.#cache.get(this.number, offsetBytes);
    // Partitions and data blocks never share an offset: the one kind ends where the other starts.
    if (cached !== undefined) return cached as IndexBlock;
    return this.#readPartition(index, offsetBytes, fillCache);
  }

  dataBlock(partition: IndexBlock, index: number, fillCache: boolean, readAhead?: ReadAhead): DataBlock {
    if (this.#isClosed) throw this.#closedError();
    const offsetBytes = partition.offsetBytes(index);
    const cached = this.#cache.get(this.number, offsetBytes);
    if (cached !== undefined) return cached as DataBlock;
    return this.#readDataBlock(offsetBytes, partition.sizeBytes(index), fillCache, readAhead);
  }

  /** The content of a data block, out of no cache and into none; good until the table's next read. */
  passingBlock(partition: IndexBlock, index: number, readAhead?: ReadAhead): Uint8Array {
    if (this.#isClosed) throw this.#closedError();
    return this.#source.readPassing(partition.offsetBytes(index), partition.sizeBytes(index), readAhead);
  }

  /** A data block as it is stored; good until the table's next read. */
  storedBlock(partition: IndexBlock, index: number, readAhead?: ReadAhead): StoredBlock {
    if (this.#isClosed) throw this.#closedError();
    return this.#source.readStored(partition.offsetBytes(index), partition.sizeBytes(index), readAhead);
  }

  /** Gives the file descriptor back until further notice; reads go on, only slower. For a cache of open tables. */
  rest(): void {
    this.#source.rest();
  }

  /** For good: later reads throw STEME_CLOSED. Values handed out of a mapping stay good. */
  close(): void {
    this.#isClosed = true;
    this.#source.close();
  }

  #findInPartition(partition: IndexBlock, key: Uint8Array, sequenceMax: number, result: PointResult): number {
    for (let i = partition.find(key); i < partition.count; i++) {
      const block = this.dataBlock(partition, i, true);
      if (block.find(key, sequenceMax, result)) return FOUND;
      // Only where the cut went through the versions of this very key can the next block have more of them.
      if (!partition.isSeparator(i, key)) return MISSING;
    }
    return GO_ON;
  }

  #readPartition(index: number, offsetBytes: number, fillCache: boolean): IndexBlock {
    const content = this.#source.readBlock(offsetBytes, this.#topIndex.sizeBytes(index));
    const partition = new IndexBlock(content, this.#source.path, offsetBytes, this.#dataLimitBytes);
    if (partition.count === 0) throw noDataBlocks(this.#source.path, offsetBytes);
    if (fillCache) this.#cache.insert(this.number, offsetBytes, partition, partition.chargeBytes);
    return partition;
  }

  #readDataBlock(
    offsetBytes: number,
    sizeBytes: number,
    fillCache: boolean,
    readAhead: ReadAhead | undefined,
  ): DataBlock {
    const content = this.#source.readBlock(offsetBytes, sizeBytes, readAhead);
    const block = new DataBlock(content, this.#source.path, offsetBytes);
    if (fillCache) this.#cache.insert(this.number, offsetBytes, block, block.chargeBytes);
    return block;
  }

  #closedError(): StemeError {
    return new StemeError('STEME_CLOSED', `the table ${this.#source.path} is closed`);
  }
}

/**
 * What a partition says of a key: it is here, it is nowhere in the table, or the next partition may have older
 * versions.
 */
const FOUND = 1;
const MISSING = 2;
const GO_ON = 3;

function readFilter(source: BlockSource, footer: TableFooter): BloomFilter | undefined {
  if (footer.filter === undefined) return undefined;
  const { offsetBytes, sizeBytes } = footer.filter;
  return decodeBloomFilter(source.readBlock(offsetBytes, sizeBytes), source.path, offsetBytes);
}

function readProperties(source: BlockSource, footer: TableFooter): TableProperties {
  const { offsetBytes, sizeBytes } = footer.properties;
  return decodeProperties(source.readBlock(offsetBytes, sizeBytes), source.path, offsetBytes);
}

/** Number, size and checksums may all be right: a table of another database has them too. */
function checkDatabase(
  source: BlockSource,
  { properties: { offsetBytes } }: TableFooter,
  { databaseId: found }: TableProperties,
  databaseId: number | undefined,
): void {
  if (databaseId === undefined || found === databaseId) return;
  const expected = `a table of database ${databaseId}`;
  throw new CorruptionError({ file: source.path, offsetBytes, expected, found: `one of ${found ?? 'no known one'}` });
}

/** The top index names no blocks where the table has only range deletes, and nowhere else. */
function readTopIndex(source: BlockSource, footer: TableFooter, { dataBlockCount }: TableProperties): IndexBlock {
  const { offsetBytes, sizeBytes } = footer.topIndex;
  const index = new IndexBlock(source.readBlock(offsetBytes, sizeBytes), source.path, offsetBytes, offsetBytes);
  const isEmpty = index.count === 0;
  if (isEmpty !== (dataBlockCount === 0) || (isEmpty && footer.indexLevels > 1)) {
    throw noDataBlocks(source.path, offsetBytes);
  }
  return index;
}

function noDataBlocks(file: string, offsetBytes: number): CorruptionError {
  const expected = 'an index of as many data blocks as the properties say';
  return new CorruptionError({ file, offsetBytes, expected, found: 'another one' });
}

function readRangeDeletes(
  source: BlockSource,
  { rangeDeletes }: TableProperties,
  globalSequence: number,
): RangeTombstoneSet | undefined {
  if (rangeDeletes === undefined) return undefined;
  const { offsetBytes, sizeBytes } = rangeDeletes;
  return decodeRangeDeletes(source.readBlock(offsetBytes, sizeBytes), source.path, offsetBytes, globalSequence);
}
