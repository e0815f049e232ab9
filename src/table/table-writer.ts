import { BLOCK_TRAILER_BYTES } from '../base/block-trailer.js';
import { commonPrefixLength, compareRanges, EMPTY_BYTES } from '../base/bytes.js';
import { assert } from '../base/errors.js';
import { isTableKind, KIND_DELETE, KIND_PUT } from '../base/internal-key.js';
import { INDEX_PARTITION_BYTES, KEY_BYTES_MAX, SEQUENCE_MAX, VALUE_BYTES_MAX } from '../base/limits.js';
import { EXPIRY_BYTES, isExpiringKind, readExpiryMs } from '../base/stored-value.js';
import type { FileSystem } from '../fs/file-system.js';
import { BlockIterator } from './block-iterator.js';
import { BlockSink } from './block-sink.js';
import { BlockWriter } from './block-writer.js';
import { FILTER_LINE_BYTES } from './bloom-filter.js';
import { BloomFilterBuilder, filterBytes } from './bloom-filter-builder.js';
import { NO_BLOCKS } from './index-block.js';
import { IndexBlockBuilder } from './index-block-builder.js';
import { hashKey } from './key-hash.js';
import { encodeRangeDeletes } from './range-delete-block.js';
import { RangeDeleteBuilder } from './range-delete-builder.js';
import { shortestSeparator } from './separator.js';
import { type TableBounds, tableBounds } from './table-bounds.js';
import { encodeFooter, FOOTER_BYTES } from './table-footer.js';
import {
  type BlockHandle,
  type StoredBlock,
  TABLE_FORMAT_VERSION,
  TABLE_FORMAT_VERSION_PLAIN,
  type TableCompression,
} from './table-format.js';
import type { BlobUse, TableMetadata } from './table-metadata.js';
import { encodeProperties, type TableProperties } from './table-properties.js';

export interface TableWriterOptions {
  readonly fileSystem: FileSystem;
  readonly path: string;
  /** Names the table and is mixed into its checksums. */
  readonly number: number;
  /** Data blocks are cut before they pass this; one record may be larger. */
  readonly blockBytes: number;
  /** 0 for no filter. */
  readonly bloomBitsPerKey: number;
  readonly compression: TableCompression;
  readonly createdAtMs: number;
  /** Of the database that the table is for. */
  readonly databaseId?: number;
  /** When the oldest of the data was first put into a table. Default: `createdAtMs`. */
  readonly oldestAtMs?: number;
}

const IN_ORDER = 'entries come in internal-key order';

/** What is known at the end. */
interface TableContents extends TableBounds {
  readonly dataBytes: number;
  readonly rangeDeletes: BlockHandle | undefined;
  readonly rangeDeleteCount: number;
}

interface IndexPartition {
  readonly content: Uint8Array;
  readonly separator: Uint8Array;
}

/** What an entry takes beside its key and value, at most, in a block of ordinary records. */
const ENTRY_OVERHEAD_BYTES = 16;
const STORED_VALUE_BYTES_MAX = EXPIRY_BYTES + VALUE_BYTES_MAX;

/**
 * Writes a table, entry by entry in internal-key order. Synchronous: for workers. Ends with `finish`, or with
 * `abandon`, which is also the way out after an error. The caller makes the file's name durable (`syncDirectory`).
 */
export class TableWriter {
  readonly #options: TableWriterOptions;
  readonly #sink: BlockSink;
  readonly #block = new BlockWriter();
  /** Walks blocks that are taken over. */
  readonly #entries = new BlockIterator();
  readonly #filter = new BloomFilterBuilder();
  readonly #index = new IndexBlockBuilder();
  readonly #partitions: IndexPartition[] = [];
  #partitionBytes = 0;

  #entryCount = 0;
  #keyCount = 0;
  #tombstoneCount = 0;
  #rawBytes = 0;
  #dataBlockCount = 0;
  #smallestKey: Uint8Array = EMPTY_BYTES;
  #lastSequence = 0;
  #smallestSequence = SEQUENCE_MAX;
  #largestSequence = 0;
  #hasOtherKinds = false;
  #expiringCount = 0;
  #largestExpiryMs = 0;
  readonly #rangeDeletes = new RangeDeleteBuilder();
  readonly #blobUses = new Map<number, BlobUse>();

  constructor(options: TableWriterOptions) {
    this.#options = options;
    this.#sink = new BlockSink(options.fileSystem, options.path, options.number);
  }

  /** The key added last is `lastKey[0, lastKeyBytes)`: good as long as the writer takes no other. */
  get lastKey(): Uint8Array {
    return this.#block.lastKey;
  }

  get lastKeyBytes(): number {
    return this.#block.lastKeyBytes;
  }

  /** What stands in the block that is being filled; 0 between two blocks. */
  get openBlockBytes(): number {
    return this.#block.isEmpty ? 0 : this.#block.rawBytes;
  }

  /** How many data blocks are behind it. */
  get dataBlockCount(): number {
    return this.#dataBlockCount;
  }

  get entryCount(): number {
    return this.#entryCount;
  }

  /** What the file would have if it were finished now: exact for the data that is written, not less for the rest. */
  get fileBytes(): number {
    const { bloomBitsPerKey } = this.#options;
    const filter = bloomBitsPerKey > 0 ? filterBytes(this.#filter.keyCount, bloomBitsPerKey) : 0;
    const index = this.#partitionBytes + this.#index.rawBytes;
    const pending = this.#block.rawBytes + this.#rangeDeletes.rawBytes;
    return this.#sink.sizeBytes + pending + filter + index + FOOTER_BYTES;
  }

  /** Appends an entry; each internal key must be above the one before. */
  add(
    keySource: Uint8Array,
    keyStart: number,
    keyEnd: number,
    sequence: number,
    kind: number,
    valueSource: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): void {
    const keyBytes = keyEnd - keyStart;
    const valueBytes = valueEnd - valueStart;
    assert(
      keyBytes > 0 && keyBytes <= KEY_BYTES_MAX && valueBytes <= STORED_VALUE_BYTES_MAX,
      'a record is within the limits',
    );
    assert(isTableKind(kind) && sequence <= SEQUENCE_MAX, 'a record has a known kind and a sequence number');
    const block = this.#block;
    const isFirst = this.#entryCount === 0;
    const shared = commonPrefixLength(block.lastKey, 0, block.lastKeyBytes, keySource, keyStart, keyEnd);
    const isNewKey = isFirst || shared < keyBytes || shared < block.lastKeyBytes;
    assert(isNewKey ? this.#isAfterLast(keySource, keyStart, keyEnd, shared) : sequence < this.#lastSequence, IN_ORDER);
    const addedBytes = keyBytes + valueBytes + ENTRY_OVERHEAD_BYTES;
    if (!block.isEmpty && block.rawBytes + addedBytes > this.#options.blockBytes) {
      this.#cutBlock(keySource.subarray(keyStart, keyEnd));
    }
    block.add(keySource, keyStart, keyEnd, shared, sequence, kind, valueSource, valueStart, valueEnd);
    if (isFirst) this.#smallestKey = new Uint8Array(keySource.subarray(keyStart, keyEnd));
    if (isNewKey) this.#addKey(keySource, keyStart, keyEnd);
    this.#count(keyBytes + valueBytes, sequence, kind);
    if (kind > KIND_PUT) this.#noteOtherKind(kind, valueSource, valueStart, valueEnd);
  }

  /**
   * Takes over a block of another table as it is stored there. `content` is what it holds: one put each of keys above the
   * last one, below all that will come. `separator` is at or above the last of them, and below all that will come.
   */
  addBlock(stored: StoredBlock, content: Uint8Array, separator: Uint8Array): void {
    const entries = this.#entries;
    entries.init(content, this.#options.path, this.#sink.sizeBytes);
    entries.seekToFirst();
    const firstKey = new Uint8Array(entries.keySource.subarray(0, entries.keyEnd));
    const { lastKey, lastKeyBytes } = this.#block;
    const isInOrder = compareRanges(lastKey, 0, lastKeyBytes, firstKey, 0, firstKey.length) < 0;
    assert(isInOrder || this.#entryCount === 0, IN_ORDER);
    if (!this.#block.isEmpty) this.#cutBlock(firstKey);
    if (this.#entryCount === 0) this.#smallestKey = firstKey;
    this.#addEntries(entries);
    this.#indexBlock(this.#sink.appendStored(stored), separator);
    entries.clear();
  }

  /** Adds a range delete, at any time before the end: every version of a key in `[start, end)` below `sequence` is hidden. */
  addRangeTombstone(start: Uint8Array, end: Uint8Array, sequence: number): void {
    this.#rangeDeletes.add(start, end, sequence);
    this.#noteSequence(sequence);
  }

  /** Counts an entry's reference to a value in a blob file. */
  noteBlobUse(number: number, valueBytes: number): void {
    const { valueCount, valueBytes: bytes } = this.#blobUses.get(number) ?? { valueCount: 0, valueBytes: 0 };
    this.#blobUses.set(number, { number, valueCount: valueCount + 1, valueBytes: bytes + valueBytes });
  }

  /** Writes the rest, makes the file durable and closes it. */
  finish(): TableMetadata {
    const { fragments, count: rangeDeleteCount } = this.#rangeDeletes.finish();
    const bounds = tableBounds(this.#pointBounds(), fragments);
    if (!this.#block.isEmpty) this.#cutBlock(undefined);
    if (!this.#index.isEmpty) this.#cutPartition(this.#index.lastSeparator);
    const dataBytes = this.#sink.sizeBytes;
    const filter = this.#writeFilter();
    const indexLevels = this.#partitions.length > 1 ? 2 : 1;
    const topIndex = this.#writeIndex();
    const rangeDeletes = fragments.length === 0 ? undefined : this.#sink.append(encodeRangeDeletes(fragments));
    const contents = { ...bounds, dataBytes, rangeDeletes, rangeDeleteCount };
    const properties = this.#sink.append(encodeProperties(this.#properties(contents)));
    const tableNumber = this.#options.number;
    const isPlain = !this.#hasOtherKinds && rangeDeletes === undefined;
    const formatVersion = isPlain ? TABLE_FORMAT_VERSION_PLAIN : TABLE_FORMAT_VERSION;
    this.#sink.appendBare(encodeFooter({ topIndex, filter, properties, indexLevels, tableNumber, formatVersion }));
    this.#sink.finish();
    return this.#summary(contents);
  }

  /** Closes and removes the unfinished file. */
  abandon(): void {
    this.#sink.close();
    this.#options.fileSystem.removeSync(this.#options.path);
  }

  /** Whether a key stands behind the last one, with which it shares its first `shared` bytes and no more. */
  #isAfterLast(source: Uint8Array, start: number, end: number, shared: number): boolean {
    const { lastKey, lastKeyBytes } = this.#block;
    if (shared === lastKeyBytes) return true;
    return shared < end - start && lastKey[shared] < source[start + shared];
  }

  #addKey(source: Uint8Array, start: number, end: number): void {
    this.#keyCount++;
    if (this.#options.bloomBitsPerKey > 0) this.#filter.addHash(hashKey(source, start, end));
  }

  #count(rawBytes: number, sequence: number, kind: number): void {
    this.#entryCount++;
    if (kind === KIND_DELETE) this.#tombstoneCount++;
    this.#rawBytes += rawBytes;
    this.#lastSequence = sequence;
    this.#noteSequence(sequence);
  }

  #noteSequence(sequence: number): void {
    if (sequence < this.#smallestSequence) this.#smallestSequence = sequence;
    if (sequence > this.#largestSequence) this.#largestSequence = sequence;
  }

  /** Of an entry that is neither a put nor a delete. */
  #noteOtherKind(kind: number, source: Uint8Array, start: number, end: number): void {
    this.#hasOtherKinds = true;
    if (!isExpiringKind(kind)) return;
    assert(end - start >= EXPIRY_BYTES, 'an entry that expires says when');
    this.#expiringCount++;
    this.#largestExpiryMs = Math.max(this.#largestExpiryMs, readExpiryMs(source, start));
  }

  /** First and last key of the entries. */
  #pointBounds(): TableBounds | undefined {
    if (this.#entryCount === 0) return undefined;
    const largestKey = this.#block.lastKey.slice(0, this.#block.lastKeyBytes);
    return { smallestKey: this.#smallestKey, largestKey, isLargestKeyExclusive: false };
  }

  /** Writes the data block; `nextKey` is the first key behind it, if there is one. */
  #cutBlock(nextKey: Uint8Array | undefined): void {
    const block = this.#block;
    const content = block.finish();
    const isCompressed = this.#options.compression === 'lz4';
    const handle = isCompressed ? this.#sink.appendCompressed(content) : this.#sink.append(content);
    const lastKey = block.lastKey.subarray(0, block.lastKeyBytes);
    const separator = nextKey === undefined ? new Uint8Array(lastKey) : shortestSeparator(lastKey, nextKey);
    block.reset();
    this.#indexBlock(handle, separator);
  }

  #indexBlock({ offsetBytes, sizeBytes }: BlockHandle, separator: Uint8Array): void {
    this.#index.add(separator, offsetBytes, sizeBytes);
    this.#dataBlockCount++;
    if (this.#index.rawBytes >= INDEX_PARTITION_BYTES) this.#cutPartition(separator);
  }

  /** Counts the entries of a whole block, and puts their keys into the filter. */
  #addEntries(entries: BlockIterator): void {
    for (; entries.valid; entries.next()) {
      assert(entries.kind === KIND_PUT, 'a block that is taken over has puts');
      this.#addKey(entries.keySource, 0, entries.keyEnd);
      this.#count(entries.keyEnd + entries.valueEnd - entries.valueStart, entries.sequence, KIND_PUT);
    }
    // The key stays there behind the end.
    this.#block.setLastKey(entries.keySource, 0, entries.keyEnd);
  }

  #cutPartition(separator: Uint8Array): void {
    const content = this.#index.finish();
    this.#partitions.push({ content, separator });
    this.#partitionBytes += content.length + separator.length + BLOCK_TRAILER_BYTES;
  }

  #writeFilter(): BlockHandle | undefined {
    const { bloomBitsPerKey } = this.#options;
    if (bloomBitsPerKey === 0 || this.#keyCount === 0) return undefined;
    this.#sink.padTo(FILTER_LINE_BYTES);
    return this.#sink.append(this.#filter.finish(bloomBitsPerKey));
  }

  /** A lone partition is the top index itself. */
  #writeIndex(): BlockHandle {
    if (this.#partitions.length < 2) return this.#sink.append(this.#partitions.at(0)?.content ?? NO_BLOCKS);
    for (const { content, separator } of this.#partitions) {
      const handle = this.#sink.append(content);
      this.#index.add(separator, handle.offsetBytes, handle.sizeBytes);
    }
    return this.#sink.append(this.#index.finish());
  }

  #properties(contents: TableContents): TableProperties {
    const { createdAtMs, compression, bloomBitsPerKey, blockBytes, databaseId } = this.#options;
    return {
      ...contents,
      ...this.#counts(),
      dataBlockCount: this.#dataBlockCount,
      createdAtMs,
      compression,
      bloomBitsPerKey,
      blockBytes,
      databaseId,
    };
  }

  #summary({ dataBytes, rangeDeletes, ...contents }: TableContents): TableMetadata {
    const { number, createdAtMs, oldestAtMs, databaseId } = this.#options;
    return {
      number,
      fileBytes: this.#sink.sizeBytes,
      ...contents,
      ...this.#counts(),
      keyCount: this.#keyCount,
      createdAtMs,
      oldestAtMs: oldestAtMs ?? createdAtMs,
      globalSequence: 0,
      ...(databaseId !== undefined && { databaseId }),
    };
  }

  #counts() {
    return {
      entryCount: this.#entryCount,
      tombstoneCount: this.#tombstoneCount,
      rawBytes: this.#rawBytes,
      smallestSequence: this.#smallestSequence,
      largestSequence: this.#largestSequence,
      expiringCount: this.#expiringCount,
      largestExpiryMs: this.#largestExpiryMs,
      blobUses: [...this.#blobUses.values()].sort((a, b) => a.number - b.number),
    };
  }
}
