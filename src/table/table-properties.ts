/**
 * What a table says of itself: a list of (tag varint, length varint, body), tags ascending. A reader skips tags that it
 * does not know. Numbers are varints.
 *
 *     tag  body
 *       1  entries
 *       2  tombstones among them
 *       3  raw bytes: keys and values before prefix truncation and compression
 *       4  data bytes: data blocks as stored, with their trailers
 *       5  data blocks
 *       6  smallest user key
 *       7  largest user key
 *       8  smallest sequence number
 *       9  largest sequence number
 *      10  created at, milliseconds since 1970
 *      11  compression asked for: 0 none, 1 LZ4 (a block that does not shrink is stored plain)
 *      12  filter bits per key, 0 for no filter
 *      13  target size of a data block
 *
 * Tables of version 2 have these too, each only if there is something to say:
 *
 *      14  block of the range deletes: offset
 *      15  block of the range deletes: size
 *      16  range deletes
 *      17  (1) the largest user key is exclusive: the end of a range delete
 *      18  entries that expire
 *      19  when the last of them does, milliseconds since 1970
 *      20  blob files that entries refer to, ascending: number, values, bytes of values, each a varint
 *
 * and tables of either version may have
 *
 *      21  id of the database that wrote it
 */

import { COMPRESSION_LZ4, COMPRESSION_NONE } from '../base/block-trailer.js';
import { CorruptionError } from '../base/errors.js';
import { KEY_BYTES_MAX } from '../base/limits.js';
import { readVarint, VARINT_BYTES_MAX, type VarintCursor, varintBytes, writeVarint } from '../base/varint.js';
import type { BlockHandle, TableCompression } from './table-format.js';
import type { BlobUse } from './table-metadata.js';

export interface TableProperties {
  readonly entryCount: number;
  readonly tombstoneCount: number;
  readonly rawBytes: number;
  readonly dataBytes: number;
  readonly dataBlockCount: number;
  readonly smallestKey: Uint8Array;
  readonly largestKey: Uint8Array;
  readonly smallestSequence: number;
  readonly largestSequence: number;
  readonly createdAtMs: number;
  readonly compression: TableCompression;
  readonly bloomBitsPerKey: number;
  readonly blockBytes: number;
  readonly rangeDeletes: BlockHandle | undefined;
  readonly rangeDeleteCount: number;
  readonly isLargestKeyExclusive: boolean;
  readonly expiringCount: number;
  readonly largestExpiryMs: number;
  readonly blobUses: readonly BlobUse[];
  readonly databaseId: number | undefined;
}

/** Stored on disk, never renumbered. */
const TAG_ENTRY_COUNT = 1;
const TAG_TOMBSTONE_COUNT = 2;
const TAG_RAW_BYTES = 3;
const TAG_DATA_BYTES = 4;
const TAG_DATA_BLOCK_COUNT = 5;
const TAG_SMALLEST_KEY = 6;
const TAG_LARGEST_KEY = 7;
const TAG_SMALLEST_SEQUENCE = 8;
const TAG_LARGEST_SEQUENCE = 9;
const TAG_CREATED_AT_MS = 10;
const TAG_COMPRESSION = 11;
const TAG_BLOOM_BITS_PER_KEY = 12;
const TAG_BLOCK_BYTES = 13;
const TAG_RANGE_DELETES_OFFSET = 14;
const TAG_RANGE_DELETES_SIZE = 15;
const TAG_RANGE_DELETE_COUNT = 16;
const TAG_IS_LARGEST_KEY_EXCLUSIVE = 17;
const TAG_EXPIRING_COUNT = 18;
const TAG_LARGEST_EXPIRY_MS = 19;
const TAG_BLOB_USES = 20;
const TAG_DATABASE_ID = 21;

const FIXED_BYTES_MAX = 512;

export function encodeProperties(properties: TableProperties): Uint8Array {
  const keyBytes = properties.smallestKey.length + properties.largestKey.length;
  const blobUses = encodeBlobUses(properties.blobUses);
  const target = new Uint8Array(FIXED_BYTES_MAX + keyBytes + blobUses.length);
  let at = writeNumber(target, 0, TAG_ENTRY_COUNT, properties.entryCount);
  at = writeNumber(target, at, TAG_TOMBSTONE_COUNT, properties.tombstoneCount);
  at = writeNumber(target, at, TAG_RAW_BYTES, properties.rawBytes);
  at = writeNumber(target, at, TAG_DATA_BYTES, properties.dataBytes);
  at = writeNumber(target, at, TAG_DATA_BLOCK_COUNT, properties.dataBlockCount);
  at = writeBytes(target, at, TAG_SMALLEST_KEY, properties.smallestKey);
  at = writeBytes(target, at, TAG_LARGEST_KEY, properties.largestKey);
  at = writeNumber(target, at, TAG_SMALLEST_SEQUENCE, properties.smallestSequence);
  at = writeNumber(target, at, TAG_LARGEST_SEQUENCE, properties.largestSequence);
  at = writeNumber(target, at, TAG_CREATED_AT_MS, properties.createdAtMs);
  at = writeNumber(target, at, TAG_COMPRESSION, properties.compression === 'lz4' ? COMPRESSION_LZ4 : COMPRESSION_NONE);
  at = writeNumber(target, at, TAG_BLOOM_BITS_PER_KEY, properties.bloomBitsPerKey);
  at = writeNumber(target, at, TAG_BLOCK_BYTES, properties.blockBytes);
  at = writeOptional(target, at, TAG_RANGE_DELETES_OFFSET, properties.rangeDeletes?.offsetBytes);
  at = writeOptional(target, at, TAG_RANGE_DELETES_SIZE, properties.rangeDeletes?.sizeBytes);
  at = writeOptional(target, at, TAG_RANGE_DELETE_COUNT, properties.rangeDeleteCount || undefined);
  at = writeOptional(target, at, TAG_IS_LARGEST_KEY_EXCLUSIVE, properties.isLargestKeyExclusive ? 1 : undefined);
  at = writeOptional(target, at, TAG_EXPIRING_COUNT, properties.expiringCount || undefined);
  at = writeOptional(target, at, TAG_LARGEST_EXPIRY_MS, properties.largestExpiryMs || undefined);
  if (blobUses.length > 0) at = writeBytes(target, at, TAG_BLOB_USES, blobUses);
  at = writeOptional(target, at, TAG_DATABASE_ID, properties.databaseId);
  return target.subarray(0, at);
}

function writeOptional(target: Uint8Array, at: number, tag: number, value: number | undefined): number {
  return value === undefined ? at : writeNumber(target, at, tag, value);
}

function encodeBlobUses(uses: readonly BlobUse[]): Uint8Array {
  const target = new Uint8Array(uses.length * 3 * VARINT_BYTES_MAX);
  let at = 0;
  for (const { number, valueCount, valueBytes } of uses) {
    at = writeVarint(target, at, number);
    at = writeVarint(target, at, valueCount);
    at = writeVarint(target, at, valueBytes);
  }
  return target.subarray(0, at);
}

/** Reads the properties block `content`, found at `offsetBytes` of `file`. */
export function decodeProperties(content: Uint8Array, file: string, offsetBytes: number): TableProperties {
  const fields = new PropertyFields(content, file, offsetBytes);
  return {
    entryCount: fields.number(TAG_ENTRY_COUNT),
    tombstoneCount: fields.number(TAG_TOMBSTONE_COUNT),
    rawBytes: fields.number(TAG_RAW_BYTES),
    dataBytes: fields.number(TAG_DATA_BYTES),
    dataBlockCount: fields.number(TAG_DATA_BLOCK_COUNT),
    smallestKey: fields.key(TAG_SMALLEST_KEY),
    largestKey: fields.key(TAG_LARGEST_KEY),
    smallestSequence: fields.number(TAG_SMALLEST_SEQUENCE),
    largestSequence: fields.number(TAG_LARGEST_SEQUENCE),
    createdAtMs: fields.number(TAG_CREATED_AT_MS),
    compression: fields.number(TAG_COMPRESSION) === COMPRESSION_LZ4 ? 'lz4' : 'none',
    bloomBitsPerKey: fields.number(TAG_BLOOM_BITS_PER_KEY),
    blockBytes: fields.number(TAG_BLOCK_BYTES),
    rangeDeletes: fields.handle(TAG_RANGE_DELETES_OFFSET, TAG_RANGE_DELETES_SIZE),
    rangeDeleteCount: fields.optionalNumber(TAG_RANGE_DELETE_COUNT),
    isLargestKeyExclusive: fields.optionalNumber(TAG_IS_LARGEST_KEY_EXCLUSIVE) === 1,
    expiringCount: fields.optionalNumber(TAG_EXPIRING_COUNT),
    largestExpiryMs: fields.optionalNumber(TAG_LARGEST_EXPIRY_MS),
    blobUses: fields.blobUses(TAG_BLOB_USES),
    databaseId: fields.numberIfThere(TAG_DATABASE_ID),
  };
}

function writeNumber(target: Uint8Array, at: number, tag: number, value: number): number {
  const lengthAt = writeVarint(target, at, tag);
  const bodyAt = writeVarint(target, lengthAt, varintBytes(value));
  return writeVarint(target, bodyAt, value);
}

function writeBytes(target: Uint8Array, at: number, tag: number, body: Uint8Array): number {
  const lengthAt = writeVarint(target, at, tag);
  const bodyAt = writeVarint(target, lengthAt, body.length);
  target.set(body, bodyAt);
  return bodyAt + body.length;
}

/** The bodies of a properties block by their tags. */
class PropertyFields {
  readonly #bodies = new Map<number, Uint8Array>();
  readonly #file: string;
  readonly #offsetBytes: number;

  constructor(content: Uint8Array, file: string, offsetBytes: number) {
    this.#file = file;
    this.#offsetBytes = offsetBytes;
    const cursor: VarintCursor = { position: 0 };
    let previousTag = 0;
    while (cursor.position < content.length) {
      const tag = this.#readVarint(content, cursor);
      const bodyBytes = this.#readVarint(content, cursor);
      const start = cursor.position;
      if (tag <= previousTag || bodyBytes > content.length - start) throw this.#malformed(`property ${tag}`);
      this.#bodies.set(tag, content.subarray(start, start + bodyBytes));
      previousTag = tag;
      cursor.position = start + bodyBytes;
    }
  }

  number(tag: number): number {
    const body = this.#body(tag);
    const cursor: VarintCursor = { position: 0 };
    const value = readVarint(body, cursor, body.length);
    if (cursor.position !== body.length) throw this.#malformed(`property ${tag}`);
    return value;
  }

  /** 0 if it is not there. */
  optionalNumber(tag: number): number {
    return this.numberIfThere(tag) ?? 0;
  }

  numberIfThere(tag: number): number | undefined {
    return this.#bodies.has(tag) ? this.number(tag) : undefined;
  }

  handle(offsetTag: number, sizeTag: number): BlockHandle | undefined {
    if (!this.#bodies.has(offsetTag)) return undefined;
    return { offsetBytes: this.number(offsetTag), sizeBytes: this.number(sizeTag) };
  }

  blobUses(tag: number): BlobUse[] {
    const body = this.#bodies.get(tag);
    if (body === undefined) return [];
    const cursor: VarintCursor = { position: 0 };
    const uses: BlobUse[] = [];
    while (cursor.position < body.length) {
      const number = this.#readVarint(body, cursor);
      const valueCount = this.#readVarint(body, cursor);
      uses.push({ number, valueCount, valueBytes: this.#readVarint(body, cursor) });
    }
    return uses;
  }

  /** A copy: the block's memory may be a mapping. */
  key(tag: number): Uint8Array {
    const body = this.#body(tag);
    if (body.length > KEY_BYTES_MAX) throw this.#malformed(`property ${tag}`);
    return new Uint8Array(body);
  }

  #body(tag: number): Uint8Array {
    const body = this.#bodies.get(tag);
    if (body === undefined) throw this.#malformed(`no property ${tag}`);
    return body;
  }

  #readVarint(content: Uint8Array, cursor: VarintCursor): number {
    const value = readVarint(content, cursor, content.length);
    if (cursor.position < 0) throw this.#malformed('a cut number');
    return value;
  }

  #malformed(found: string): CorruptionError {
    const expected = 'well-formed table properties';
    return new CorruptionError({ file: this.#file, offsetBytes: this.#offsetBytes, expected, found });
  }
}
