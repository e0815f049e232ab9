import { describe, expect, it } from 'vitest';
import { tableName } from '../../src/base/file-names.js';
import { KIND_PUT_EXPIRING, KIND_RANGE_DELETE } from '../../src/base/internal-key.js';
import { MIB } from '../../src/base/limits.js';
import { storedValue } from '../../src/base/stored-value.js';
import { FaultyFileSystem } from '../../src/fs/faulty-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { TracingFileSystem } from '../../src/fs/tracing-file-system.js';
import { InlineRunner } from '../../src/jobs/inline-runner.js';
import type { FlushJob } from '../../src/jobs/job.js';
import { Arena } from '../../src/memtable/arena.js';
import { Memtable } from '../../src/memtable/memtable.js';
import { BlockCache } from '../../src/table/block-cache.js';
import type { TableMetadata } from '../../src/table/table-metadata.js';
import { TableReader } from '../../src/table/table-reader.js';
import { verifyTable } from '../../src/table/verify-table.js';
import { flushJob, rowsOf, tablesOf } from '../support/job-bench.js';
import { DIRECTORY } from '../support/test-database.js';

async function emptyDisk(): Promise<MemoryFileSystem> {
  const disk = new MemoryFileSystem();
  await disk.makeDirectory(DIRECTORY);
  return disk;
}

type RangeRow = readonly [start: string, end: string, sequence: number];

/** A job over a memtable of these range deletes, oldest first, and one expiring put if `expiresAtMs` says when. */
function rangeDeleteJob(ranges: readonly RangeRow[], moments: readonly number[], expiresAtMs?: number): FlushJob {
  const memtable = new Memtable(Arena.create(MIB));
  for (const [start, end, sequence] of ranges) {
    const [from, to] = [Buffer.from(start), Buffer.from(end)];
    memtable.insert(sequence, KIND_RANGE_DELETE, from, 0, from.length, to, 0, to.length);
  }
  if (expiresAtMs !== undefined) {
    const stored = storedValue(expiresAtMs, Buffer.from('soon'));
    memtable.insert(99, KIND_PUT_EXPIRING, Buffer.from('m'), 0, 1, stored, 0, stored.length);
  }
  return { ...flushJob(5, []), memtable: memtable.share(), moments };
}

function tombstonesOf(disk: MemoryFileSystem, { number, fileBytes }: TableMetadata): string[] {
  const path = `${DIRECTORY}/${tableName(number)}`;
  const blockCache = new BlockCache(0);
  const reader = TableReader.openSync({ fileSystem: disk, path, number, fileBytes, readMode: 'pread', blockCache });
  verifyTable(reader);
  const text = (key: Uint8Array): string => Buffer.from(key).toString();
  return (reader.rangeTombstones?.fragments ?? []).map(
    ({ start, end, sequences }) => `[${text(start)}, ${text(end)}) ${sequences.join(' ')}`,
  );
}

describe('a flush of range deletes', () => {
  const RANGES: readonly RangeRow[] = [
    ['a', 'f', 3],
    ['c', 'h', 5],
    ['a', 'z', 8],
  ];

  it('writes a table of them where there is nothing else', async () => {
    const disk = await emptyDisk();
    const [table] = await tablesOf(disk, rangeDeleteJob([['a', 'f', 3]], [9]));
    expect(tombstonesOf(disk, table)).toEqual(['[a, f) 3']);
    expect(table).toMatchObject({ entryCount: 0, rangeDeleteCount: 1, isLargestKeyExclusive: true });
    expect(rowsOf(disk, table)).toEqual([]);
  });

  it.each([
    ['only the newest where nobody looks back', [9], ['[a, z) 8']],
    ['what a reader behind them sees, too', [5, 9], ['[a, c) 8 3', '[c, h) 8 5', '[h, z) 8']],
    ['nothing of what only a reader of before could have seen', [1, 9], ['[a, z) 8']],
    [
      'all above the last moment, which somebody may yet look at',
      [4],
      ['[a, c) 8 3', '[c, f) 8 5 3', '[f, h) 8 5', '[h, z) 8'],
    ],
    ['all where no moment is known', [], ['[a, c) 8 3', '[c, f) 8 5 3', '[f, h) 8 5', '[h, z) 8']],
  ] as const)('keeps %s', async (_what, moments, wanted) => {
    const disk = await emptyDisk();
    const [table] = await tablesOf(disk, rangeDeleteJob(RANGES, moments));
    expect(tombstonesOf(disk, table)).toEqual(wanted);
  });

  it('is no larger for ten thousand trims of one log than for one', async () => {
    const disk = await emptyDisk();
    const trims = Array.from({ length: 10_000 }, (_, i): RangeRow => ['0', String(10_000 + i), i + 1]);
    const [table] = await tablesOf(disk, rangeDeleteJob(trims, [10_000]));
    expect(tombstonesOf(disk, table)).toEqual(['[0, 19999) 10000']);
    expect(table.fileBytes).toBeLessThan(1000);
  });

  it('stands beside puts, which it counts and keeps as they are', async () => {
    const disk = await emptyDisk();
    const [table] = await tablesOf(disk, rangeDeleteJob(RANGES, [100], 5000));
    expect(tombstonesOf(disk, table)).toEqual(['[a, z) 8']);
    expect(table).toMatchObject({ entryCount: 1, expiringCount: 1, largestExpiryMs: 5000, largestSequence: 99 });
  });
});

describe('a flush', () => {
  it('writes all versions of a memtable to one table, in order, and says what is in it', async () => {
    const disk = await emptyDisk();
    const [table, ...others] = await tablesOf(
      disk,
      flushJob(5, [
        ['b', 1, 'x'],
        ['a', 2, 'y'],
        ['b', 3],
        ['c', 4, ''],
      ]),
    );
    expect(others).toEqual([]);
    expect(rowsOf(disk, table)).toEqual([
      ['a', 2, 'y'],
      ['b', 3],
      ['b', 1, 'x'],
      ['c', 4, ''],
    ]);
    expect(table).toMatchObject({
      number: 5,
      entryCount: 4,
      tombstoneCount: 1,
      smallestSequence: 1,
      largestSequence: 4,
      createdAtMs: 7,
      fileBytes: await disk.statBytes(`${DIRECTORY}/000005.sst`),
    });
    expect([table.smallestKey, table.largestKey].map((key) => Buffer.from(key).toString())).toEqual(['a', 'c']);
  });

  it('of an empty memtable writes no table', async () => {
    const disk = await emptyDisk();
    expect(await tablesOf(disk, flushJob(5, []))).toEqual([]);
    expect(await disk.list(DIRECTORY)).toEqual([]);
  });

  it('makes the table durable, and then its name', async () => {
    const tracing = new TracingFileSystem(await emptyDisk(), DIRECTORY, new Set(['open', 'datasync', 'syncDirectory']));
    await tablesOf(tracing, flushJob(5, [['a', 1, 'x']]));
    expect(tracing.lines).toEqual(['open 000005.sst create', 'datasync 000005.sst', 'sync-directory .']);
  });

  it.each(['write', 'datasync', 'open', 'syncDirectory'] as const)(
    'that fails at a %s leaves no file',
    async (kind) => {
      const disk = await emptyDisk();
      const faulty = new FaultyFileSystem(disk, [{ kind, nth: 1, error: 'ENOSPC' }]);
      const failing = new InlineRunner(faulty).run(flushJob(5, [['a', 1, 'x']]));
      await expect(failing).rejects.toMatchObject({ code: 'STEME_IO', cause: { code: 'ENOSPC' } });
      expect(await disk.list(DIRECTORY)).toEqual([]);
    },
  );
});
