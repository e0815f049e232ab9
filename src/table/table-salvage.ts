import { BLOCK_TRAILER_BYTES, COMPRESSION_LZ4, COMPRESSION_NONE } from '../base/block-trailer.js';
import { CorruptionError, StemeError } from '../base/errors.js';
import { KIND_RANGE_DELETE } from '../base/internal-key.js';
import { decompressLz4 } from '../base/lz4.js';
import type { RangeTombstoneSet } from '../base/range-tombstones.js';
import { blockAt, isBlockIntact, nextBlock } from './block-finder.js';
import { BlockIterator } from './block-iterator.js';
import { FILTER_LINE_BYTES } from './bloom-filter.js';
import { IndexBlock } from './index-block.js';
import { decodeRangeDeletes } from './range-delete-block.js';
import { decodeFooter, FOOTER_BYTES, type TableFooter } from './table-footer.js';
import { BLOCK_CONTENT_BYTES_MAX, type BlockHandle, TABLE_FORMAT_VERSION_PLAIN } from './table-format.js';
import { decodeProperties, type TableProperties } from './table-properties.js';

/** Bytes of data blocks that are not as they were written, `[offsetBytes, endBytes)`. */
export interface DamagedSpan {
  readonly offsetBytes: number;
  readonly endBytes: number;
  /** Of the intact block before it, if there is one: keys of the span are at or above it. */
  readonly lastKeyBefore: Uint8Array | undefined;
  /** Of the intact block behind it: keys of the span are at or below it. */
  readonly firstKeyBehind: Uint8Array | undefined;
}

export interface TableSalvage {
  /** Intact data blocks, in order. */
  readonly blocks: readonly BlockHandle[];
  readonly spans: readonly DamagedSpan[];
  readonly rangeDeletes: RangeTombstoneSet | undefined;
  /** `lost`: the table had range deletes, and they cannot be read; `unknown`: whether it had any cannot be told. */
  readonly rangeDeletesState: 'known' | 'lost' | 'unknown';
  /** Undefined where they cannot be read. */
  readonly properties: TableProperties | undefined;
  /** What is not whole beside data blocks, in words. */
  readonly problems: readonly string[];
}

/** A damaged span as it is found: the keys around it are looked up at the end. */
interface Gap {
  readonly offsetBytes: number;
  readonly endBytes: number;
  readonly blocksBefore: number;
}

/** Where the data blocks end, or end at the latest. */
interface DataLimit {
  readonly endBytes: number;
  readonly isExact: boolean;
}

/** A place in a walk over the data blocks: blocks that an index names, or a stretch that none speaks of. */
type Region = { readonly handles: readonly BlockHandle[] } | { readonly from: number; readonly to: number };

/**
 * What is whole in the damaged table file `bytes`. Blocks come from the index where that is intact; what the index does not tell
 * of is looked for by content (block-finder.ts). Errors: STEME_UNSUPPORTED for a table of a newer version.
 */
export function salvageTable(
  bytes: Uint8Array,
  path: string,
  tableNumber: number,
  globalSequence: number,
): TableSalvage {
  return new Salvage(bytes, path, tableNumber, globalSequence).run();
}

/** The content of an intact block. Errors: STEME_CORRUPTION, STEME_UNSUPPORTED. */
export function contentOf(bytes: Uint8Array, { offsetBytes, sizeBytes }: BlockHandle, path: string): Uint8Array {
  const end = offsetBytes + sizeBytes;
  const stored = bytes.subarray(offsetBytes, end);
  if (bytes[end] === COMPRESSION_NONE) return stored;
  if (bytes[end] === COMPRESSION_LZ4) return decompressLz4(stored, BLOCK_CONTENT_BYTES_MAX, path, offsetBytes);
  const message = `${path} has a block with compression ${bytes[end]}; this version knows 0 and 1`;
  throw new StemeError('STEME_UNSUPPORTED', message);
}

class Salvage {
  readonly #bytes: Uint8Array;
  readonly #path: string;
  readonly #number: number;
  readonly #globalSequence: number;
  readonly #walker = new BlockIterator();
  readonly #problems: string[] = [];
  readonly #blocks: BlockHandle[] = [];
  readonly #gaps: Gap[] = [];
  #foundRangeDeletes: RangeTombstoneSet | undefined;

  constructor(bytes: Uint8Array, path: string, tableNumber: number, globalSequence: number) {
    this.#bytes = bytes;
    this.#path = path;
    this.#number = tableNumber;
    this.#globalSequence = globalSequence;
  }

  run(): TableSalvage {
    const footer = this.#attempt('the footer', () => this.#footer());
    const properties = footer && this.#attempt('the properties', () => this.#properties(footer));
    if (footer?.filter !== undefined && !isBlockIntact(this.#bytes, footer.filter, this.#number)) {
      this.#problems.push('the filter cannot be read');
    }
    const limit = this.#dataLimit(footer, properties);
    for (const region of this.#regions(footer, limit.endBytes)) {
      if ('handles' in region) for (const handle of region.handles) this.#take(handle);
      else this.#scan(region.from, region.to, limit.isExact || region.to < limit.endBytes);
    }
    const { rangeDeletes, rangeDeletesState } = this.#rangeDeletes(footer, properties);
    const spans = this.#gaps.map((gap) => this.#spanOf(gap));
    return { blocks: this.#blocks, spans, rangeDeletes, rangeDeletesState, properties, problems: this.#problems };
  }

  /** Undefined, and a problem noted, where it is damaged. */
  #attempt<T>(what: string, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      this.#problems.push(`${what} cannot be read: ${error.damage.found} in place of ${error.damage.expected}`);
      return undefined;
    }
  }

  #footer(): TableFooter {
    const size = this.#bytes.length;
    if (size < FOOTER_BYTES) {
      throw new CorruptionError({ file: this.#path, offsetBytes: 0, expected: 'a footer', found: `${size} bytes` });
    }
    return decodeFooter(this.#bytes.subarray(size - FOOTER_BYTES), this.#path, size, this.#number);
  }

  #read(handle: BlockHandle): Uint8Array {
    if (isBlockIntact(this.#bytes, handle, this.#number)) return contentOf(this.#bytes, handle, this.#path);
    const { offsetBytes } = handle;
    throw new CorruptionError({ file: this.#path, offsetBytes, expected: 'a block', found: 'another checksum' });
  }

  #properties({ properties }: TableFooter): TableProperties {
    return decodeProperties(this.#read(properties), this.#path, properties.offsetBytes);
  }

  #dataLimit(footer: TableFooter | undefined, properties: TableProperties | undefined): DataLimit {
    if (properties !== undefined) return { endBytes: properties.dataBytes, isExact: true };
    if (footer === undefined) return { endBytes: this.#bytes.length, isExact: false };
    const behind = footer.filter ?? footer.topIndex;
    return { endBytes: behind.offsetBytes, isExact: footer.filter !== undefined || footer.indexLevels === 1 };
  }

  #regions(footer: TableFooter | undefined, limit: number): Region[] {
    const whole = [{ from: 0, to: limit }];
    if (footer === undefined) return whole;
    const top = this.#attempt('the index', () => this.#index(footer.topIndex, footer.topIndex.offsetBytes));
    if (top === undefined) return whole;
    if (footer.indexLevels === 1) return [{ handles: handlesOf(top) }];
    const dataEnd = top.offsetBytes(0);
    const partitions = handlesOf(top).map((handle) =>
      this.#attempt('a part of the index', () => this.#index(handle, dataEnd)),
    );
    return regionsOf(partitions, Math.min(limit, dataEnd));
  }

  #index(handle: BlockHandle, limitBytes: number): IndexBlock {
    return new IndexBlock(this.#read(handle), this.#path, handle.offsetBytes, limitBytes);
  }

  #take(handle: BlockHandle): void {
    if (isBlockIntact(this.#bytes, handle, this.#number)) this.#blocks.push(handle);
    else this.#note(handle.offsetBytes, handle.offsetBytes + handle.sizeBytes + BLOCK_TRAILER_BYTES);
  }

  /** `isEndKnown`: all up to `to` is data; else what stands behind the last block is the rest of the table. */
  #scan(from: number, to: number, isEndKnown: boolean): void {
    for (let at = from; at < to; ) {
      const block = nextBlock(this.#bytes, at, to, this.#number);
      if (block === undefined) {
        const isPadding = to - at < FILTER_LINE_BYTES && this.#bytes.subarray(at, to).every((byte) => byte === 0);
        if (isEndKnown && !isPadding) this.#note(at, to);
        return;
      }
      const end = block.offsetBytes + block.sizeBytes + BLOCK_TRAILER_BYTES;
      // The range deletes stand behind the filter and the index, in the layout of data.
      if (this.#firstKindOf(block) === KIND_RANGE_DELETE) {
        this.#foundRangeDeletes = this.#decodeRangeDeletes(block);
      } else {
        if (block.offsetBytes > at) this.#note(at, block.offsetBytes);
        this.#blocks.push(block);
      }
      at = end;
    }
  }

  #note(offsetBytes: number, endBytes: number): void {
    this.#gaps.push({ offsetBytes, endBytes, blocksBefore: this.#blocks.length });
  }

  #rangeDeletes(
    footer: TableFooter | undefined,
    properties: TableProperties | undefined,
  ): Pick<TableSalvage, 'rangeDeletes' | 'rangeDeletesState'> {
    const handle = properties?.rangeDeletes;
    if (handle !== undefined) {
      const rangeDeletes = this.#attempt('the range deletes', () => this.#decodeRangeDeletes(handle));
      return { rangeDeletes, rangeDeletesState: rangeDeletes === undefined ? 'lost' : 'known' };
    }
    if (properties !== undefined) return { rangeDeletes: undefined, rangeDeletesState: 'known' };
    const found = this.#foundRangeDeletes ?? (footer && this.#rangeDeletesBehindIndex(footer));
    // Tables of the first version have none.
    const isKnown = found !== undefined || footer?.formatVersion === TABLE_FORMAT_VERSION_PLAIN;
    return { rangeDeletes: found, rangeDeletesState: isKnown ? 'known' : 'unknown' };
  }

  /** They are written between the index and the properties. */
  #rangeDeletesBehindIndex({ topIndex, properties }: TableFooter): RangeTombstoneSet | undefined {
    const at = topIndex.offsetBytes + topIndex.sizeBytes + BLOCK_TRAILER_BYTES;
    const block = blockAt(this.#bytes, at, properties.offsetBytes, this.#number);
    return block && this.#decodeRangeDeletes(block);
  }

  #decodeRangeDeletes(handle: BlockHandle): RangeTombstoneSet {
    return decodeRangeDeletes(this.#read(handle), this.#path, handle.offsetBytes, this.#globalSequence);
  }

  #firstKindOf(handle: BlockHandle): number {
    return this.#keyOf(handle, 'first').kind;
  }

  #spanOf({ offsetBytes, endBytes, blocksBefore }: Gap): DamagedSpan {
    const before = this.#blocks.at(blocksBefore - 1);
    const behind = this.#blocks.at(blocksBefore);
    return {
      offsetBytes,
      endBytes,
      lastKeyBefore: blocksBefore === 0 || before === undefined ? undefined : this.#keyOf(before, 'last').key,
      firstKeyBehind: behind === undefined ? undefined : this.#keyOf(behind, 'first').key,
    };
  }

  #keyOf(handle: BlockHandle, which: 'first' | 'last'): { key: Uint8Array; kind: number } {
    const walker = this.#walker;
    walker.init(contentOf(this.#bytes, handle, this.#path), this.#path, handle.offsetBytes);
    if (which === 'first') walker.seekToFirst();
    else walker.seekToLast();
    const found = { key: walker.keySource.slice(0, walker.keyEnd), kind: walker.kind };
    walker.clear();
    return found;
  }
}

function handlesOf(index: IndexBlock): BlockHandle[] {
  return Array.from({ length: index.count }, (_, i) => ({
    offsetBytes: index.offsetBytes(i),
    sizeBytes: index.sizeBytes(i),
  }));
}

/** Partitions stand in the order of their blocks: what a lost one named lies between those of its neighbours. */
function regionsOf(partitions: readonly (IndexBlock | undefined)[], dataEnd: number): Region[] {
  const regions: Region[] = [];
  let at = 0;
  for (const partition of partitions) {
    if (partition === undefined) continue;
    const handles = handlesOf(partition);
    if (handles[0].offsetBytes > at) regions.push({ from: at, to: handles[0].offsetBytes });
    regions.push({ handles });
    const last = handles[handles.length - 1];
    at = last.offsetBytes + last.sizeBytes + BLOCK_TRAILER_BYTES;
  }
  if (at < dataEnd) regions.push({ from: at, to: dataEnd });
  return regions;
}
