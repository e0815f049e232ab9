import { describe, expect, it } from 'vitest';
import { MIB, REPLAY_BYTES_PER_SECOND_DEFAULT, WAL_BATCH_BYTES, WAL_BATCH_SLOTS } from '../../src/base/limits.js';
import { ReplayPace } from '../../src/engine/replay-pace.js';
import { FaultyFileSystem } from '../../src/fs/faulty-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { InlineRunner } from '../../src/jobs/inline-runner.js';
import type { OutputOf, WorkerJob } from '../../src/jobs/job.js';
import { openWith, testEnvironment } from '../../src/testing.js';
import { settles } from '../support/settles.js';
import { DIRECTORY, filesOf, openOn, readWhole, withDatabase } from '../support/test-database.js';

const SECONDS = 0.1;
const LOG_BYTES_MAX = SECONDS * REPLAY_BYTES_PER_SECOND_DEFAULT;
/** What is in the ring when the last decision is taken still gets in, and so does what is let in on it. */
const ON_THEIR_WAY_BYTES = 2 * WAL_BATCH_BYTES * WAL_BATCH_SLOTS;
const VALUE = Buffer.alloc(100_000, 'v');
/** As many as fill the log twice over; the memtable would hold them all. */
const RECORDS = Math.ceil((2 * LOG_BYTES_MAX) / VALUE.length);

describe('a log that may be replayed for so long', () => {
  it('is kept short by flushes before the memtable is full', async () => {
    await withDatabase(new MemoryFileSystem(), { maxRecoverySeconds: SECONDS }, async (db) => {
      for (let i = 0; i < RECORDS; i++) {
        await db.put(`key ${i}`, VALUE, { sync: false });
        const { liveLogBytes, predictedMs } = db.stats().recovery;
        expect(liveLogBytes).toBeLessThanOrEqual(LOG_BYTES_MAX + ON_THEIR_WAY_BYTES);
        expect(predictedMs).toBeCloseTo((liveLogBytes / REPLAY_BYTES_PER_SECOND_DEFAULT) * 1000);
      }
      expect(db.stats().flushes.count).toBeGreaterThan(1);
      expect(db.stats().memtables.activeBytes).toBeLessThan(LOG_BYTES_MAX);
    });
  });

  it('stops writers where no flush comes to its end, says why, and lets them on when one does', async () => {
    const disk = new MemoryFileSystem();
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const inline = new InlineRunner(disk);
    const createRunner = () => ({
      run: async <J extends WorkerJob>(job: J): Promise<OutputOf<J>> => {
        await released;
        return inline.run(job);
      },
      close: () => inline.close(),
    });
    const options = { maxRecoverySeconds: SECONDS, walSync: 'fdatasync' as const };
    const db = await openWith(DIRECTORY, options, testEnvironment(disk, { createRunner }));
    const writes = Array.from({ length: RECORDS }, (_, i) => db.put(`key ${i}`, VALUE, { sync: false }));
    await settles('the first write', writes[0]);
    while (!db.stats().stalls.cause?.startsWith('recovery time'))
      await new Promise((resolve) => setTimeout(resolve, 1));
    expect(db.stats().recovery.liveLogBytes).toBeLessThanOrEqual(LOG_BYTES_MAX + ON_THEIR_WAY_BYTES);
    release();
    await settles('the writes', Promise.all(writes));
    await db.close();
  });

  it('is not needed at all after a clean close', async () => {
    const disk = new MemoryFileSystem();
    await withDatabase(disk, {}, (db) => db.put('a', 'A'));
    await withDatabase(disk, {}, (db) => {
      expect(db.stats().recovery).toMatchObject({ replayedRecords: 0, lastMs: 0 });
      expect(db.getSync('a')?.toString()).toBe('A');
    });
  });

  it('is kept by a close that finds the disk full: it warns and releases the directory', async () => {
    const disk = new MemoryFileSystem();
    const full = new FaultyFileSystem(disk, [{ path: /\.sst$/, nth: 1, times: 1000, error: 'ENOSPC' }]);
    const warnings: string[] = [];
    const onWarning = ({ message }: Error) => warnings.push(message);
    const db = await openWith(DIRECTORY, { walSync: 'fdatasync' }, testEnvironment(full, { onWarning }));
    await db.put('a', 'A', { sync: false });
    await settles('the close', db.close());
    expect(full.injected.length).toBeGreaterThan(0);
    expect(warnings.some((warning) => warning.includes('the next open replays it'))).toBe(true);
    await withDatabase(disk.crashClone(1), {}, (again) => {
      expect(again.stats().recovery.replayedRecords).toBe(1);
      expect(again.getSync('a')?.toString()).toBe('A');
    });
  });

  it('is kept by a close that is told to', async () => {
    const disk = new MemoryFileSystem();
    const db = await openOn(disk, { flushOnClose: false });
    await db.put('a', 'A');
    await db.close();
    await withDatabase(disk, {}, (again) => expect(again.stats().recovery.replayedRecords).toBe(1));
  });
});

describe('the log of a database that is only read', () => {
  it('is told of, with the time that its replay takes, and left as it is', async () => {
    const disk = new MemoryFileSystem();
    await withDatabase(disk, { flushOnClose: false }, (db) => db.put('a', VALUE));
    const before = disk.clone();
    await withDatabase(disk, { readOnly: true }, (db) => {
      const { liveLogBytes, predictedMs } = db.stats().recovery;
      expect(liveLogBytes).toBeGreaterThan(VALUE.length);
      expect(predictedMs).toBeGreaterThan(0);
    });
    expect(await disk.list(DIRECTORY)).toEqual(await before.list(DIRECTORY));
    for (const name of await filesOf(disk)) expect(await readWhole(disk, name)).toEqual(await readWhole(before, name));
  });
});

describe('the pace of replays', () => {
  it('is a low guess, then what was timed, then the mean of both', () => {
    const pace = new ReplayPace();
    expect(pace.bytesPerSecond).toBe(REPLAY_BYTES_PER_SECOND_DEFAULT);
    pace.note(100 * MIB, 500);
    expect(pace.bytesPerSecond).toBe(200 * MIB);
    pace.note(100 * MIB, 1000);
    expect(pace.bytesPerSecond).toBe(150 * MIB);
    expect(pace.predictMs(75 * MIB)).toBe(500);
  });

  it('does not go by a replay of next to nothing', () => {
    const pace = new ReplayPace();
    pace.note(MIB, 1000);
    expect(pace.bytesPerSecond).toBe(REPLAY_BYTES_PER_SECOND_DEFAULT);
  });
});
