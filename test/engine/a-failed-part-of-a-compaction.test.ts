import { expect, it } from 'vitest';
import { StemeError } from '../../src/base/errors.js';
import type { Database } from '../../src/engine/api.js';
import type { Options } from '../../src/engine/options.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { InlineRunner } from '../../src/jobs/inline-runner.js';
import type { JobOutput, JobRunner, OutputOf, WorkerJob } from '../../src/jobs/job.js';
import { openWith, testEnvironment } from '../../src/testing.js';
import { settles } from '../support/settles.js';
import { DIRECTORY, entriesOf, filesOf } from '../support/test-database.js';

const OPTIONS: Options = {
  walSync: 'fdatasync',
  compression: 'none',
  autoCompact: false,
  tableBytes: 4096,
  threads: 4,
  blobThreshold: 300,
};
const KEY_COUNT = 200;

/** Fails the last part of a merge, when the others have come to their end. */
class LastPartFails implements JobRunner {
  readonly #runner: InlineRunner;
  readonly #others: Promise<JobOutput>[] = [];
  isArmed = false;

  constructor(disk: MemoryFileSystem) {
    this.#runner = new InlineRunner(disk);
  }

  get otherPartCount(): number {
    return this.#others.length;
  }

  async run<J extends WorkerJob>(job: J): Promise<OutputOf<J>> {
    const isPart = job.kind === 'compaction' && (job.bounds.start !== undefined || job.bounds.end !== undefined);
    if (!this.isArmed || !isPart) return this.#runner.run(job);
    if (job.bounds.end !== undefined) {
      const other = this.#runner.run(job);
      this.#others.push(other as Promise<JobOutput>);
      return other;
    }
    await Promise.all(this.#others);
    throw new StemeError('STEME_IO', 'no more room for the last part');
  }

  async close(): Promise<void> {}
}

async function fill(db: Database, tag: string): Promise<[string, string][]> {
  const rows = Array.from({ length: KEY_COUNT }, (_, i): [string, string] => [
    `key ${String(i).padStart(4, '0')}`,
    `${tag} ${i}`.padEnd(i % 10 === 0 ? 400 : 250, '.'),
  ]);
  for (const [key, value] of rows) await db.put(key, value, { sync: false });
  await db.flush();
  return rows;
}

async function expectNoStrayFile(disk: MemoryFileSystem, db: Database): Promise<void> {
  const { levels, blobs } = db.stats();
  expect((await filesOf(disk, '.sst')).length).toBe(levels.reduce((sum, { fileCount }) => sum + fileCount, 0));
  expect((await filesOf(disk, '.blob')).length).toBe(blobs.fileCount);
}

it('a part of a compaction that fails takes what the other parts wrote with it, and the next try does all', async () => {
  const disk = new MemoryFileSystem();
  const runner = new LastPartFails(disk);
  await using db = await openWith(DIRECTORY, OPTIONS, testEnvironment(disk, { createRunner: () => runner }));
  // Two that overlap are merged, into tables at whose keys a later merge can be cut.
  await fill(db, 'first');
  await fill(db, 'again');
  await db.compact();
  const rows = await fill(db, 'second');
  runner.isArmed = true;
  await expect(settles('the compaction', db.compact())).rejects.toThrow('no more room');
  expect(runner.otherPartCount).toBeGreaterThan(0);
  await expectNoStrayFile(disk, db);
  expect(await entriesOf(db)).toEqual(rows);
  runner.isArmed = false;
  await settles('the next compaction', db.compact());
  await expectNoStrayFile(disk, db);
  expect(await entriesOf(db)).toEqual(rows);
});
