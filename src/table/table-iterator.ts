import type { CurrentEntry, InternalIterator } from '../base/internal-iterator.js';
import { BlockIterator } from './block-iterator.js';
import type { DataBlock } from './data-block.js';
import type { IndexBlock } from './index-block.js';
import type { ReadAhead } from './read-ahead.js';
import type { StoredBlock } from './table-format.js';

const NOWHERE = -1;

/** What an iterator needs of its table. */
export interface TableBlocks {
  readonly path: string;
  readonly partitionCount: number;
  findPartition(key: Uint8Array): number;
  partition(index: number, fillCache: boolean): IndexBlock;
  dataBlock(partition: IndexBlock, index: number, fillCache: boolean, readAhead: ReadAhead | undefined): DataBlock;
  storedBlock(partition: IndexBlock, index: number, readAhead: ReadAhead | undefined): StoredBlock;
}

/** Walks a table: a place in the index, and a block iterator in the data block there. */
export class TableIterator implements InternalIterator {
  readonly #table: TableBlocks;
  readonly #fillCache: boolean;
  readonly #globalSequence: number;
  readonly #readAhead: ReadAhead | undefined;
  readonly #block = new BlockIterator();
  #partition: IndexBlock | undefined;
  #partitionIndex = NOWHERE;
  #blockIndex = NOWHERE;

  /** `globalSequence`: if not 0, the sequence of every entry. */
  constructor(table: TableBlocks, fillCache: boolean, globalSequence: number, readAhead: ReadAhead | undefined) {
    this.#table = table;
    this.#fillCache = fillCache;
    this.#globalSequence = globalSequence;
    this.#readAhead = readAhead;
  }

  get valid(): boolean {
    return this.#block.valid;
  }

  get keySource(): Uint8Array {
    return this.#block.keySource;
  }

  get keyStart(): number {
    return 0;
  }

  get keyEnd(): number {
    return this.#block.keyEnd;
  }

  get sequence(): number {
    return this.#globalSequence === 0 ? this.#block.sequence : this.#globalSequence;
  }

  get kind(): number {
    return this.#block.kind;
  }

  get valueSource(): Uint8Array {
    return this.#block.valueSource;
  }

  get valueStart(): number {
    return this.#block.valueStart;
  }

  get valueEnd(): number {
    return this.#block.valueEnd;
  }

  get entry(): CurrentEntry {
    return this.#globalSequence === 0 ? this.#block : this;
  }

  /** Whether it stands at the first entry of a block: the block can then be taken over whole. */
  get isAtBlockStart(): boolean {
    return this.#block.valid && this.#block.entryAt === 0;
  }

  /** The content of the block in which it stands. */
  get blockContent(): Uint8Array {
    return this.#block.valueSource;
  }

  /** That block as it is stored; good until the table's next read. */
  storedBlock(): StoredBlock {
    return this.#table.storedBlock(this.#openPartition(this.#partitionIndex), this.#blockIndex, this.#readAhead);
  }

  /**
   * A key at or above all of the block that is `blocksAhead` behind the one in which it stands, and below those of the
   * next; undefined if that block is not in the same partition.
   */
  separatorAhead(blocksAhead: number): Uint8Array | undefined {
    const partition = this.#openPartition(this.#partitionIndex);
    const index = this.#blockIndex + blocksAhead;
    return index < partition.count ? partition.separator(index) : undefined;
  }

  /** To the last entry of the block in which it stands. */
  seekToBlockEnd(): void {
    this.#block.seekToLast();
  }

  seekToFirst(): void {
    if (this.#openPartition(0).count === 0) return;
    this.#openBlock(0);
    this.#block.seekToFirst();
  }

  seekToLast(): void {
    const partition = this.#openPartition(this.#table.partitionCount - 1);
    if (partition.count === 0) return;
    this.#openBlock(partition.count - 1);
    this.#block.seekToLast();
  }

  seek(key: Uint8Array): void {
    if (!this.#openBlockFor(key)) return;
    this.#block.seek(key);
    // The separator can lie above the block's last key, and `key` between the two.
    if (!this.#block.valid) this.#enterNextBlock();
  }

  seekBefore(key: Uint8Array): void {
    if (!this.#openBlockFor(key)) {
      this.seekToLast();
      return;
    }
    this.#block.seekBefore(key);
    if (!this.#block.valid) this.#enterPreviousBlock();
  }

  next(): void {
    const block = this.#block;
    if (!block.valid) return;
    block.next();
    if (!block.valid) this.#enterNextBlock();
  }

  prev(): void {
    const block = this.#block;
    if (!block.valid) return;
    block.prev();
    if (!block.valid) this.#enterPreviousBlock();
  }

  /** Opens the first block that can hold `key`. False, and nowhere, if all keys of the table are below it. */
  #openBlockFor(key: Uint8Array): boolean {
    const index = this.#table.findPartition(key);
    if (index < this.#table.partitionCount) {
      const partition = this.#openPartition(index);
      const blockIndex = partition.find(key);
      if (blockIndex < partition.count) {
        this.#openBlock(blockIndex);
        return true;
      }
    }
    this.#block.clear();
    this.#blockIndex = NOWHERE;
    return false;
  }

  #enterNextBlock(): void {
    const partition = this.#openPartition(this.#partitionIndex);
    if (this.#blockIndex + 1 < partition.count) {
      this.#openBlock(this.#blockIndex + 1);
    } else if (this.#partitionIndex + 1 < this.#table.partitionCount) {
      this.#openPartition(this.#partitionIndex + 1);
      this.#openBlock(0);
    } else {
      return;
    }
    this.#block.seekToFirst();
  }

  #enterPreviousBlock(): void {
    if (this.#blockIndex > 0) {
      this.#openBlock(this.#blockIndex - 1);
    } else if (this.#partitionIndex > 0) {
      const partition = this.#openPartition(this.#partitionIndex - 1);
      this.#openBlock(partition.count - 1);
    } else {
      return;
    }
    this.#block.seekToLast();
  }

  #openPartition(index: number): IndexBlock {
    if (this.#partition !== undefined && index === this.#partitionIndex) return this.#partition;
    this.#block.clear();
    this.#blockIndex = NOWHERE;
    this.#partition = this.#table.partition(index, this.#fillCache);
    this.#partitionIndex = index;
    return this.#partition;
  }

  /** Opens a block of the open partition; it then stands nowhere. */
  #openBlock(index: number): void {
    if (index === this.#blockIndex) return;
    this.#block.clear();
    this.#blockIndex = NOWHERE;
    const partition = this.#openPartition(this.#partitionIndex);
    const { bytes } = this.#table.dataBlock(partition, index, this.#fillCache, this.#readAhead);
    this.#block.init(bytes, this.#table.path, partition.offsetBytes(index));
    this.#blockIndex = index;
  }
}
