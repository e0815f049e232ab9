import { KIND_DELETE, KIND_PUT, KIND_PUT_BLOB, KIND_PUT_EXPIRING } from '../../src/base/internal-key.js';
import { BLOCK_CACHE_BYTES_DEFAULT } from '../../src/base/limits.js';
import { LOOKUP_DELETED, LOOKUP_FOUND, LOOKUP_MISSING, type PointResult } from '../../src/base/point-result.js';
import { Prng } from '../../src/base/prng.js';
import { storedValue } from '../../src/base/stored-value.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { BlockCache } from '../../src/table/block-cache.js';
import { hashKey } from '../../src/table/key-hash.js';
import type { TableMetadata } from '../../src/table/table-metadata.js';
import { TableReader } from '../../src/table/table-reader.js';
import { TableWriter, type TableWriterOptions } from '../../src/table/table-writer.js';
import { compareEntries, type VersionEntry } from '../support/array-iterator.js';

export const TABLE_NUMBER = 7;
export const TABLE_PATH = '/000007.sst';

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function put(key: string, sequence: number, value = ''): VersionEntry {
  return { key: bytesOf(key), sequence, kind: KIND_PUT, value: bytesOf(value) };
}

export function del(key: string, sequence: number): VersionEntry {
  return { key: bytesOf(key), sequence, kind: KIND_DELETE, value: new Uint8Array(0) };
}

export interface WrittenTable {
  readonly fileSystem: FileSystem;
  readonly summary: TableMetadata;
}

export function startTable(fileSystem: FileSystem, options: Partial<TableWriterOptions> = {}): TableWriter {
  return new TableWriter({
    fileSystem,
    path: TABLE_PATH,
    number: TABLE_NUMBER,
    blockBytes: 256,
    bloomBitsPerKey: 10,
    compression: 'none',
    createdAtMs: 1_700_000_000_000,
    ...options,
  });
}

export function addEntry(writer: TableWriter, { key, sequence, kind, value }: VersionEntry): void {
  writer.add(key, 0, key.length, sequence, kind, value, 0, value.length);
}

/** A finished table of sorted `entries`, in memory unless a file system is given. */
export function writeTable(
  entries: readonly VersionEntry[],
  { fileSystem = new MemoryFileSystem(), ...options }: Partial<TableWriterOptions> = {},
): WrittenTable {
  const writer = startTable(fileSystem, options);
  for (const entry of entries) addEntry(writer, entry);
  return { fileSystem, summary: writer.finish() };
}

export interface OpenOptions {
  readonly path?: string;
  readonly readMode?: 'mmap' | 'pread';
  readonly blockCache?: BlockCache;
  readonly globalSequence?: number;
}

export function openTable({ fileSystem, summary }: WrittenTable, options: OpenOptions = {}): TableReader {
  const { path = TABLE_PATH, readMode = 'mmap', blockCache = new BlockCache(BLOCK_CACHE_BYTES_DEFAULT) } = options;
  const { globalSequence } = options;
  return TableReader.openSync({
    fileSystem,
    path,
    number: summary.number,
    fileBytes: summary.fileBytes,
    readMode,
    blockCache,
    globalSequence,
  });
}

export function createResult(): PointResult {
  return { state: LOOKUP_MISSING, source: new Uint8Array(0), start: 0, end: 0, sequence: 0, kind: 0 };
}

const ANSWERS = { [LOOKUP_MISSING]: 'missing', [LOOKUP_FOUND]: 'found', [LOOKUP_DELETED]: 'deleted' };

/** What a lookup says, as text: `found 12 hello`, `deleted 13` or `missing`. */
export function look(table: TableReader, key: Uint8Array, sequenceMax = Number.MAX_SAFE_INTEGER): string {
  const result = createResult();
  const isHere = table.get(key, hashKey(key, 0, key.length), sequenceMax, result);
  return isHere ? describeResult(result) : 'missing';
}

export function describeResult({ state, source, start, end, sequence }: PointResult): string {
  const value = new TextDecoder('latin1').decode(source.subarray(start, end));
  return `${ANSWERS[state]} ${sequence} ${value}`.trim();
}

/** What the lookup should say. */
export function lookInEntries(entries: readonly VersionEntry[], key: Uint8Array, sequenceMax: number): string {
  const probe: VersionEntry = { key, sequence: sequenceMax, kind: KIND_PUT, value: key };
  const found = entries.find((entry) => compareEntries(entry, probe) >= 0);
  if (found === undefined || Buffer.compare(found.key, key) !== 0) return 'missing';
  const value = new TextDecoder('latin1').decode(found.value);
  return `${found.kind === KIND_DELETE ? 'deleted' : 'found'} ${found.sequence} ${value}`.trim();
}

/** Sorted entries with random keys and values, some keys with several versions, some deleted. */
export function randomEntries(seed: number, count: number, keyBytesMax = 24, valueBytesMax = 60): VersionEntry[] {
  const prng = new Prng(seed);
  const entries: VersionEntry[] = [];
  for (let sequence = 1; sequence <= count; sequence++) {
    const isRepeat = entries.length > 0 && prng.chance(0.2);
    const key = isRepeat ? prng.pick(entries).key : prng.fill(new Uint8Array(1 + prng.below(keyBytesMax)));
    const isDelete = prng.chance(0.1);
    const value = isDelete ? new Uint8Array(0) : prng.fill(new Uint8Array(prng.below(valueBytesMax)));
    entries.push({ key, sequence, kind: isDelete ? KIND_DELETE : KIND_PUT, value });
  }
  return entries.sort(compareEntries);
}

/** Of every kind that a table can have. */
export const ODD_ENTRIES: readonly VersionEntry[] = [
  put('apple', 9, 'red red red red red red red red red red red red'),
  put('apple', 4, 'green'),
  { ...put('banana', 2, 'reference'), kind: KIND_PUT_BLOB },
  del('cherry', 7),
  { ...put('date', 1), kind: KIND_PUT_EXPIRING, value: storedValue(5000, bytesOf('brown')) },
];
