/**
 * An index block: an index partition, or the top index over the partitions. The blocks that it names stand back to back
 * in the file, so that one offset and their sizes say where all of them are:
 *
 *     varint   n, number of blocks; 0, and twice 0 behind it, only where a table has nothing but range deletes
 *     varint   offset of the first block
 *     varint   length of the prefix that all separators share
 *     …        that prefix
 *     n times  varint: length of the separator without the prefix; varint: size of the block
 *     …        the n separators without the prefix, one after the other
 *
 * A separator is a user key at or above all keys of its block, and below all keys of the next one; it equals the
 * first key of the next block where versions of one key fill more than a block. Separators are not truncated against
 * each other: decoding takes memory in proportion to the bytes of the block, whatever those are (law 10).
 */
import { BLOCK_TRAILER_BYTES } from '../base/block-trailer.js';
import { compareBytes, compareRanges } from '../base/bytes.js';
import { CorruptionError } from '../base/errors.js';
import { KEY_BYTES_MAX } from '../base/limits.js';
import { readVarint, type VarintCursor } from '../base/varint.js';
import { headOf } from './key-head.js';

/** Beside the content, each block costs a prefix, an offset into the keys and a file offset in memory. */
const DECODED_BYTES_PER_BLOCK = 16;
/** The objects around the arrays. */
const OVERHEAD_BYTES = 1024;
/** Two varints: a larger count cannot be true. */
const ENTRY_BYTES_MIN = 2;

/** The index block of a table without data blocks. */
export const NO_BLOCKS: Uint8Array = Uint8Array.of(0, 0, 0);

/** An index block made for searching. */
export class IndexBlock {
  readonly count: number;
  /** What a cache is charged for it. */
  readonly chargeBytes: number;
  readonly #content: Uint8Array;
  readonly #prefixStart: number;
  readonly #prefixEnd: number;
  /** Where the rest of each separator stands in the content; one more for the end of the last. */
  readonly #keyStarts: Uint32Array;
  /** The head of that rest (key-head.ts): most steps of a search compare these. */
  readonly #heads: Uint32Array;
  /** Offsets in the file; one more for the end of the last block. */
  readonly #offsets: Float64Array;

  /**
   * Reads the index block `content`, found at `offsetBytes` of `file`; the blocks it names must end by `limitBytes`.
   */
  constructor(content: Uint8Array, file: string, offsetBytes: number, limitBytes: number) {
    const fields = new IndexFields(content, file, offsetBytes);
    this.#content = content;
    this.count = fields.readVarint(content.length / ENTRY_BYTES_MIN);
    if (this.count === 0 && compareBytes(content, NO_BLOCKS) !== 0) throw fields.malformed('no blocks');
    let offset = fields.readVarint(limitBytes);
    const prefixBytes = fields.readVarint(KEY_BYTES_MAX);
    this.#prefixStart = fields.position;
    this.#prefixEnd = fields.position + prefixBytes;
    fields.skip(prefixBytes);
    this.#keyStarts = new Uint32Array(this.count + 1);
    this.#heads = new Uint32Array(this.count);
    this.#offsets = new Float64Array(this.count + 1);
    let keyAt = 0;
    for (let i = 0; i < this.count; i++) {
      this.#keyStarts[i] = keyAt;
      keyAt += fields.readVarint(content.length);
      this.#offsets[i] = offset;
      offset += fields.readVarint(limitBytes) + BLOCK_TRAILER_BYTES;
    }
    this.#keyStarts[this.count] = keyAt;
    this.#offsets[this.count] = offset;
    if (fields.position + keyAt !== content.length) throw fields.malformed(`${keyAt} bytes of separators`);
    if (offset > limitBytes) throw fields.malformed(`blocks up to byte ${offset}`);
    for (let i = 0; i <= this.count; i++) this.#keyStarts[i] += fields.position;
    for (let i = 0; i < this.count; i++) this.#heads[i] = headOf(content, this.#keyStarts[i], this.#keyStarts[i + 1]);
    this.chargeBytes = content.length + this.count * DECODED_BYTES_PER_BLOCK + OVERHEAD_BYTES;
  }

  /** The first block that can hold `key`: the first whose separator is at or above it; `count` if there is none. */
  find(key: Uint8Array): number {
    const prefixOrder = this.#comparePrefix(key);
    if (prefixOrder !== 0) return prefixOrder < 0 ? 0 : this.count;
    const restAt = this.#prefixEnd - this.#prefixStart;
    const head = headOf(key, restAt, key.length);
    const heads = this.#heads;
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const middleHead = heads[middle];
      if (middleHead < head || (middleHead === head && this.#compareRest(middle, key, restAt) < 0)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  offsetBytes(block: number): number {
    return this.#offsets[block];
  }

  /** Of the stored content, as in a handle. */
  sizeBytes(block: number): number {
    return this.#offsets[block + 1] - this.#offsets[block] - BLOCK_TRAILER_BYTES;
  }

  isSeparator(block: number, key: Uint8Array): boolean {
    return this.#comparePrefix(key) === 0 && this.#compareRest(block, key, this.#prefixEnd - this.#prefixStart) === 0;
  }

  /** How the separator of `block` orders to the key `source[0, end)`. */
  compareSeparator(block: number, source: Uint8Array, end: number): number {
    const prefixBytes = this.#prefixEnd - this.#prefixStart;
    const content = this.#content;
    const order = compareRanges(content, this.#prefixStart, this.#prefixEnd, source, 0, Math.min(prefixBytes, end));
    if (order !== 0) return order;
    return compareRanges(content, this.#keyStarts[block], this.#keyStarts[block + 1], source, prefixBytes, end);
  }

  /** A copy of the separator of `block`. */
  separator(block: number): Uint8Array {
    const prefix = this.#content.subarray(this.#prefixStart, this.#prefixEnd);
    const rest = this.#content.subarray(this.#keyStarts[block], this.#keyStarts[block + 1]);
    const whole = new Uint8Array(prefix.length + rest.length);
    whole.set(prefix);
    whole.set(rest, prefix.length);
    return whole;
  }

  /** 0 if `key` starts with the prefix of all separators; else its order before (-1) or after (1) all of them. */
  #comparePrefix(key: Uint8Array): number {
    const content = this.#content;
    const prefixBytes = this.#prefixEnd - this.#prefixStart;
    for (let i = 0; i < prefixBytes; i++) {
      if (i === key.length) return -1;
      const byte = content[this.#prefixStart + i];
      if (key[i] !== byte) return key[i] < byte ? -1 : 1;
    }
    return 0;
  }

  #compareRest(block: number, key: Uint8Array, restAt: number): number {
    return compareRanges(this.#content, this.#keyStarts[block], this.#keyStarts[block + 1], key, restAt, key.length);
  }
}

/** The varints of an index block, each checked against what it may be at most. */
class IndexFields {
  readonly #content: Uint8Array;
  readonly #file: string;
  readonly #offsetBytes: number;
  readonly #cursor: VarintCursor = { position: 0 };

  constructor(content: Uint8Array, file: string, offsetBytes: number) {
    this.#content = content;
    this.#file = file;
    this.#offsetBytes = offsetBytes;
  }

  get position(): number {
    return this.#cursor.position;
  }

  readVarint(max: number): number {
    const at = this.#cursor.position;
    const value = readVarint(this.#content, this.#cursor, this.#content.length);
    if (this.#cursor.position < 0) throw this.malformed(`a cut number at byte ${at}`);
    if (value > max) throw this.malformed(`${value} at byte ${at}, where at most ${max} fits`);
    return value;
  }

  skip(bytes: number): void {
    const end = this.#cursor.position + bytes;
    if (end > this.#content.length) throw this.malformed(`a prefix of ${bytes} bytes`);
    this.#cursor.position = end;
  }

  malformed(found: string): CorruptionError {
    const expected = 'a well-formed index block';
    return new CorruptionError({ file: this.#file, offsetBytes: this.#offsetBytes, expected, found });
  }
}
