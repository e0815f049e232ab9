import { KIND_DELETE, KIND_PUT } from '../../src/base/internal-key.js';
import { MIB } from '../../src/base/limits.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { unwrapReply } from '../../src/jobs/inline-runner.js';
import type { CompactionJob, FlushJob, Job, TableSettings } from '../../src/jobs/job.js';
import { runJob } from '../../src/jobs/run-job.js';
import { Arena } from '../../src/memtable/arena.js';
import { Memtable } from '../../src/memtable/memtable.js';
import type { KeyRange } from '../../src/read/key-range.js';
import { BlockCache } from '../../src/table/block-cache.js';
import type { TableMetadata } from '../../src/table/table-metadata.js';
import { TableReader } from '../../src/table/table-reader.js';
import { DIRECTORY } from './test-database.js';

/** A version of a key; without a value it is a tombstone. */
export type Row = readonly [key: string, sequence: number, value?: string];

export function settingsWith(overrides: Partial<TableSettings> = {}): TableSettings {
  const defaults = { blockBytes: 256, bloomBitsPerKey: 10, compression: 'none' as const, createdAtMs: 7 };
  return { directory: DIRECTORY, ...defaults, ...overrides };
}

/** Every key there is. */
export const EVERYWHERE: KeyRange = {
  smallestKey: Uint8Array.of(0),
  largestKey: new Uint8Array(70).fill(255),
  isLargestKeyExclusive: false,
};

/** A job that flushes `rows`, which may come in any order of keys but in the order of their sequences. */
export function flushJob(number: number, rows: readonly Row[], settings = settingsWith()): FlushJob {
  const userBytes = rows.reduce((sum, [key, , value = '']) => sum + key.length + value.length, 0);
  const memtable = new Memtable(Arena.create(MIB + 2 * userBytes));
  for (const [key, sequence, value] of rows) {
    const keyBytes = Buffer.from(key);
    const valueBytes = Buffer.from(value ?? '');
    const kind = value === undefined ? KIND_DELETE : KIND_PUT;
    memtable.insert(sequence, kind, keyBytes, 0, keyBytes.length, valueBytes, 0, valueBytes.length);
  }
  return { kind: 'flush', memtable: memtable.share(), moments: [], number, settings };
}

export function compactionJob(inputs: readonly TableMetadata[], overrides: Partial<CompactionJob> = {}): CompactionJob {
  const numbers = Array.from({ length: 20 }, (_, i) => 100 + i);
  return {
    kind: 'compaction',
    inputs,
    outputLevel: 6,
    bounds: {},
    snapshots: [],
    expiryCutoffMs: 0,
    deeperRanges: [],
    grandparents: [],
    grandparentBytesMax: Number.MAX_SAFE_INTEGER,
    numbers,
    tableBytesTarget: 1_000_000,
    readMode: 'pread',
    settings: settingsWith(),
    ...overrides,
  };
}

/** Runs a job to its end; throws what it threw. */
export async function tablesOf(fileSystem: FileSystem, job: Job): Promise<readonly TableMetadata[]> {
  return unwrapReply<Job>(await runJob(fileSystem, job)).tables;
}

/** Everything in a table, in its order. */
export function rowsOf(fileSystem: FileSystem, { number, fileBytes }: TableMetadata): Row[] {
  const path = `${DIRECTORY}/${String(number).padStart(6, '0')}.sst`;
  const blockCache = new BlockCache(0);
  const reader = TableReader.openSync({ fileSystem, path, number, fileBytes, readMode: 'pread', blockCache });
  const rows: Row[] = [];
  const source = reader.iterator();
  for (source.seekToFirst(); source.valid; source.next()) {
    const key = Buffer.from(source.keySource.subarray(source.keyStart, source.keyEnd)).toString();
    const value = Buffer.from(source.valueSource.subarray(source.valueStart, source.valueEnd)).toString();
    rows.push(source.kind === KIND_DELETE ? [key, source.sequence] : [key, source.sequence, value]);
  }
  reader.close();
  return rows;
}
