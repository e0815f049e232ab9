import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { StemeError } from '../../src/base/errors.js';
import { SCRUB_FIRST_DELAY_MS, SCRUB_RETRY_MS } from '../../src/base/limits.js';
import { SimulatedTime } from '../../src/base/simulated-time.js';
import { BLOB_HEADER_BYTES } from '../../src/blob/blob-format.js';
import type { Database, DatabaseStats } from '../../src/engine/api.js';
import type { Options } from '../../src/engine/options.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { InlineRunner } from '../../src/jobs/inline-runner.js';
import type { JobRunner, OutputOf, WorkerJob } from '../../src/jobs/job.js';
import { openWith, testEnvironment } from '../../src/testing.js';
import { outcomeOf, settles } from '../support/settles.js';
import { DIRECTORY, filesOf, flipBit, withDatabase } from '../support/test-database.js';

const HOUR_MS = 3_600_000;
const OPTIONS: Options = { blobThreshold: 1024, compression: 'none', autoCompact: false, scrubPeriodHours: 4 };

/** Three tables of about one size, the first with a value in a blob file. */
async function filledDisk(): Promise<MemoryFileSystem> {
  const disk = new MemoryFileSystem();
  await withDatabase(disk, OPTIONS, async (db) => {
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 20; i++) await db.put(`${round} ${i}`, 'v'.repeat(100));
      if (round === 0) await db.put('large', 'L'.repeat(1100));
      await db.flush();
    }
  });
  return disk;
}

/** Runs jobs when they are told to, and remembers them. */
class HeldRunner implements JobRunner {
  readonly jobs: WorkerJob[] = [];
  readonly #inner: InlineRunner;
  #release: (() => void)[] = [];
  isHeld = false;

  constructor(disk: MemoryFileSystem) {
    this.#inner = new InlineRunner(disk);
  }

  get scrubbed(): number[] {
    return this.jobs.flatMap((job) => (job.kind === 'verify-table' ? [job.table.number] : []));
  }

  async run<J extends WorkerJob>(job: J): Promise<OutputOf<J>> {
    this.jobs.push(job);
    if (this.isHeld) await new Promise<void>((resolve) => this.#release.push(resolve));
    return this.#inner.run(job);
  }

  release(): void {
    this.isHeld = false;
    for (const release of this.#release.splice(0)) release();
  }

  async close(): Promise<void> {}
}

interface Rig {
  readonly db: Database;
  readonly time: SimulatedTime;
  readonly runner: HeldRunner;
  readonly warnings: StemeError[];
}

async function openRig(disk: MemoryFileSystem, options: Options = {}): Promise<Rig> {
  const time = new SimulatedTime();
  const runner = new HeldRunner(disk);
  const warnings: StemeError[] = [];
  const environment = testEnvironment(disk, {
    clock: time,
    timers: time,
    createRunner: () => runner,
    onWarning: (warning) => warnings.push(warning),
  });
  const db = await settles(
    'the open',
    openWith(DIRECTORY, { walSync: 'fdatasync', ...OPTIONS, ...options }, environment),
  );
  onTestFinished(() => db.close());
  return { db, time, runner, warnings };
}

function scrubOf(db: Database): DatabaseStats['scrub'] {
  return db.stats().scrub;
}

/** Moves time on, and waits until so many tables have been read. */
async function advanceUntil({ db, time }: Rig, ms: number, checkedFiles: number): Promise<void> {
  time.advance(ms);
  await vi.waitFor(() => expect(scrubOf(db).checkedFiles).toBe(checkedFiles));
}

describe('the scrub', () => {
  it('reads every table once a period, evenly, the oldest first', async () => {
    const rig = await openRig(await filledDisk());
    const { db, time, runner } = rig;
    time.advance(SCRUB_FIRST_DELAY_MS - 1);
    expect(runner.jobs).toEqual([]);
    await advanceUntil(rig, 1, 1);
    time.advance(HOUR_MS);
    expect(scrubOf(db).checkedFiles).toBe(1);
    await advanceUntil(rig, HOUR_MS, 2);
    await advanceUntil(rig, 2 * HOUR_MS, 3);
    expect(runner.scrubbed).toEqual(runner.scrubbed.toSorted((a, b) => a - b));
    expect(scrubOf(db)).toMatchObject({ periodHours: 4, damagedFiles: [], passCount: 1 });
    expect(scrubOf(db).lastPassMs).toBeLessThanOrEqual(4 * HOUR_MS + SCRUB_FIRST_DELAY_MS);
    await advanceUntil(rig, 2 * HOUR_MS, 4);
    expect(runner.scrubbed[3]).toBe(runner.scrubbed[0]);
    expect(scrubOf(db).checkedBytes).toBeGreaterThan(20 * 100 * 4 + 1100);
  });

  it('reports damage of a table and of a value once, and the database goes on', async () => {
    const disk = await filledDisk();
    const [first, second] = await filesOf(disk, '.sst');
    const [blob] = await filesOf(disk, '.blob');
    const rig = await openRig(disk);
    const { db, warnings } = rig;
    await flipBit(disk, second, 20);
    await flipBit(disk, blob, 30);
    await advanceUntil(rig, SCRUB_FIRST_DELAY_MS, 1);
    for (let count = 2; count <= 6; count++) await advanceUntil(rig, 2 * HOUR_MS, count);
    expect(scrubOf(db).damagedFiles).toEqual([blob, second].sort());
    expect(warnings).toMatchObject([
      { code: 'STEME_CORRUPTION', damage: { file: expect.stringContaining(blob), offsetBytes: BLOB_HEADER_BYTES } },
      { code: 'STEME_CORRUPTION', damage: { file: expect.stringContaining(second), offsetBytes: 0 } },
    ]);
    expect(first).not.toBe(second);
    expect(db.getSync('0 1')?.length).toBe(100);
    expect(() => db.getSync('1 1')).toThrow(expect.objectContaining({ code: 'STEME_CORRUPTION' }));
    await db.put('new', 'value');
  });

  it('waits while a flush is under way', async () => {
    const rig = await openRig(await filledDisk());
    const { db, time, runner } = rig;
    await db.put('more', 'data');
    runner.isHeld = true;
    const flushed = db.flush();
    await vi.waitFor(() => expect(runner.jobs.map(({ kind }) => kind)).toEqual(['flush']));
    time.advance(SCRUB_FIRST_DELAY_MS);
    time.advance(SCRUB_RETRY_MS);
    expect(runner.scrubbed).toEqual([]);
    runner.release();
    await settles('the flush', flushed);
    // What a flush has to tidy up goes on for a moment.
    await vi.waitFor(() => {
      time.advance(SCRUB_RETRY_MS);
      expect(runner.scrubbed).toHaveLength(1);
    });
  });

  it('does not wait for ever', async () => {
    const rig = await openRig(await filledDisk());
    const { db, time, runner } = rig;
    await db.put('more', 'data');
    runner.isHeld = true;
    const flushed = db.flush();
    await vi.waitFor(() => expect(runner.jobs).toHaveLength(1));
    time.advance(4 * HOUR_MS + SCRUB_RETRY_MS);
    expect(runner.scrubbed).toHaveLength(1);
    runner.release();
    await settles('the flush', flushed);
  });

  it('hurries when another job wants a thread, and keeps its table until it has ended', async () => {
    const disk = await filledDisk();
    const { db, time, runner } = await openRig(disk);
    const tables = await filesOf(disk, '.sst');
    runner.isHeld = true;
    time.advance(SCRUB_FIRST_DELAY_MS);
    await vi.waitFor(() => expect(runner.scrubbed).toHaveLength(1));
    const [job] = runner.jobs;
    const word = job.kind === 'verify-table' ? job.control : undefined;
    expect(word?.[0]).toBe(0);
    runner.isHeld = false;
    await settles('the compaction', db.compact());
    expect(word?.[0]).toBe(1);
    const left = await filesOf(disk, '.sst');
    expect(tables.filter((name) => left.includes(name))).toEqual(tables);
    runner.release();
    await vi.waitFor(async () => expect(await filesOf(disk, '.sst')).toHaveLength(1));
  });

  it('ends with its database', async () => {
    const disk = await filledDisk();
    const { db, time, runner, warnings } = await openRig(disk);
    runner.isHeld = true;
    time.advance(SCRUB_FIRST_DELAY_MS);
    await vi.waitFor(() => expect(runner.scrubbed).toHaveLength(1));
    const closing = outcomeOf('the close', db.close());
    const [job] = runner.jobs;
    await vi.waitFor(() => expect(job.kind === 'verify-table' && job.control?.[0]).toBe(2));
    runner.release();
    await closing;
    expect(time.timerCount).toBe(0);
    expect(warnings).toEqual([]);
  });

  it.each([
    ['with a period of 0', { scrubPeriodHours: 0 }],
    ['read-only', { readOnly: true }],
  ])('is off %s', async (_case, options) => {
    const { db, time, runner } = await openRig(await filledDisk(), options);
    time.advance(1000 * HOUR_MS);
    expect(runner.jobs).toEqual([]);
    expect(scrubOf(db)).toMatchObject({ periodHours: 0, checkedFiles: 0 });
  });
});
