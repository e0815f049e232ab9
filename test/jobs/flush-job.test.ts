import { describe, expect, it } from 'vitest';
import { FaultyFileSystem } from '../../src/fs/faulty-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { TracingFileSystem } from '../../src/fs/tracing-file-system.js';
import { InlineRunner } from '../../src/jobs/inline-runner.js';
import { flushJob, rowsOf, tablesOf } from '../support/job-bench.js';
import { DIRECTORY } from '../support/test-database.js';

async function emptyDisk(): Promise<MemoryFileSystem> {
  const disk = new MemoryFileSystem();
  await disk.makeDirectory(DIRECTORY);
  return disk;
}

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
