import { join } from 'node:path';
import { commonPrefixLength, EMPTY_BYTES } from '../../src/base/bytes.js';
import { tableName } from '../../src/base/file-names.js';
import { KIND_DELETE, KIND_PUT } from '../../src/base/internal-key.js';
import { BLOCK_BYTES_DEFAULT, BLOOM_BITS_PER_KEY_DEFAULT, GIB, SEQUENCE_MAX } from '../../src/base/limits.js';
import { LOOKUP_MISSING, type PointResult } from '../../src/base/point-result.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { realFileSystem } from '../../src/fs/real-file-system.js';
import { BlockCache } from '../../src/table/block-cache.js';
import { BlockWriter } from '../../src/table/block-writer.js';
import { hashKey } from '../../src/table/key-hash.js';
import { TableReader } from '../../src/table/table-reader.js';
import { TableWriter, type TableWriterOptions } from '../../src/table/table-writer.js';
import { KEY_BYTES, KeyFeed, makeKeys, makeValues, sortKeys, VALUE_BYTES } from './micro-records.js';

export const SEQUENCES_PER_TABLE = 1e7;
/** Entries that fit a block beside its restart points. */
const ENTRY_BYTES = KEY_BYTES + VALUE_BYTES + 11;

/** Finished blocks of random records in key order, each in memory of its own. */
export function makeBlocks(blockBytes: number, count: number): Uint8Array[] {
  const entriesPerBlock = Math.floor(blockBytes / ENTRY_BYTES);
  const keys = sortKeys(makeKeys('random', entriesPerBlock * count));
  const values = makeValues();
  const writer = new BlockWriter();
  return Array.from({ length: count }, (_, block) => {
    for (let i = 0; i < entriesPerBlock; i++) addEntry(writer, keys, block * entriesPerBlock + i, values);
    const content = writer.finish().slice();
    writer.reset();
    return content;
  });
}

function addEntry(writer: BlockWriter, keys: Uint8Array, index: number, values: readonly Uint8Array[]): void {
  const start = index * KEY_BYTES;
  const end = start + KEY_BYTES;
  const { lastKey, lastKeyBytes } = writer;
  const shared = writer.isEmpty ? 0 : commonPrefixLength(lastKey, 0, lastKeyBytes, keys, start, end);
  writer.add(keys, start, end, shared, index + 1, KIND_PUT, values[index % values.length], 0, VALUE_BYTES);
}

export function tableWriterOptions(fileSystem: FileSystem, path: string, number: number): TableWriterOptions {
  return {
    fileSystem,
    path,
    number,
    blockBytes: BLOCK_BYTES_DEFAULT,
    bloomBitsPerKey: BLOOM_BITS_PER_KEY_DEFAULT,
    compression: 'none',
    createdAtMs: 0,
  };
}

/** A mapped table of sorted `keys`, whose blocks all fit its cache. */
export function makeTable(directory: string, number: number, keys: Uint8Array): TableReader {
  const path = join(directory, tableName(number));
  const writer = new TableWriter(tableWriterOptions(realFileSystem, path, number));
  const values = makeValues();
  for (let i = 0; i < keys.length / KEY_BYTES; i++) {
    const value = values[i % values.length];
    // No two tables have a sequence in common.
    const sequence = number * SEQUENCES_PER_TABLE + i;
    writer.add(keys, i * KEY_BYTES, (i + 1) * KEY_BYTES, sequence, KIND_PUT, value, 0, VALUE_BYTES);
  }
  const { fileBytes } = writer.finish();
  const blockCache = new BlockCache(GIB);
  return TableReader.openSync({ fileSystem: realFileSystem, path, number, fileBytes, readMode: 'mmap', blockCache });
}

/** Reads every key, and so every block many times: all are in the cache then, with their directories. */
export function warmTable(table: TableReader, keys: Uint8Array): void {
  const feed = new KeyFeed(keys);
  const result = emptyResult();
  for (let i = 0; i < keys.length / KEY_BYTES; i++) {
    const key = feed.next();
    table.get(key, hashKey(key, 0, KEY_BYTES), SEQUENCE_MAX, result);
  }
}

export function emptyResult(): PointResult {
  return { state: LOOKUP_MISSING, source: EMPTY_BYTES, start: 0, end: 0, sequence: 0, kind: KIND_DELETE };
}
