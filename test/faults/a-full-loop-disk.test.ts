import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemCodeOf } from '../../src/base/errors.js';
import { KIB, MIB } from '../../src/base/limits.js';
import type { Database } from '../../src/engine/api.js';
import type { Options } from '../../src/engine/options.js';
import { settles } from '../support/settles.js';
import { type BatchPlan, batchAt, countBatches } from './batch-plan.js';
import { expectNoLeftovers } from './expect-no-leftovers.js';
import { createLoopDisk, fillUp, type SmallDisk } from './small-disk.js';

const DISK_BYTES = 48 * MIB;
const PLAN: BatchPlan = { seed: 31, valueBytesMax: 4000 };
const OPTIONS: Options = { memtableBytes: MIB, tableBytes: MIB, baseLevelBytes: 2 * MIB, compression: 'none' };
/** Longer than any stall but one that waits for room. */
const PATIENCE_MS = 5000;
/** Asked once: the title says why the tests are skipped. */
const probe = await createLoopDisk(16 * MIB);
await probe?.remove();
const title =
  probe === undefined
    ? 'a full ext4 (not run: no loop device can be mounted here, which takes root and mkfs.ext4)'
    : 'a full ext4';

// laws 1, 7, 8
describe.skipIf(probe === undefined)(title, () => {
  let disk: Omit<SmallDisk, 'resize'>;
  let directory: string;

  beforeEach(async () => {
    const created = await createLoopDisk(DISK_BYTES);
    if (created === undefined) throw new Error('a loop device could be mounted before, and now it cannot');
    disk = created;
    directory = join(disk.directory, 'db');
  });
  afterEach(() => disk.remove());

  /** Puts batches from `first` to before `end` one after the other; how many are acknowledged then, and why it ended if it ended early. */
  async function ingest(db: Database, first: number, end: number): Promise<{ acknowledged: number; error?: unknown }> {
    for (let index = first; index < end; index++) {
      try {
        await settles('a batch', db.batch(batchAt(PLAN, index), { maxDelayMs: PATIENCE_MS }));
      } catch (error) {
        return { acknowledged: index, error };
      }
    }
    return { acknowledged: end };
  }

  /** With room again all is there, all goes on, and nothing is left over. */
  async function expectSound(acknowledged: number): Promise<void> {
    const db = await settles('the open', disk.open(directory, OPTIONS));
    const found = await countBatches(db, PLAN);
    expect(found).toBeGreaterThanOrEqual(acknowledged);
    expect(await ingest(db, found, found + 20)).toEqual({ acknowledged: found + 20 });
    await settles('the compaction', db.compact());
    expect(await countBatches(db, PLAN)).toBe(found + 20);
    await settles('the close', db.close());
    await expectNoLeftovers(directory);
  }

  it.each([0, 100 * KIB, 1.5 * MIB])(
    'met by an ingest with %i bytes left takes back nothing acknowledged',
    async (left) => {
      const db = await disk.open(directory, OPTIONS);
      const before = await ingest(db, 0, 100);
      expect(before).toEqual({ acknowledged: 100 });
      const giveBack = await fillUp(disk, left);
      const { acknowledged, error } = await ingest(db, 100, 100_000);
      // A log that cannot grow ends in STEME_BACKGROUND; where only flushes lack room, writers wait.
      expect(['STEME_BACKGROUND', 'STEME_BUSY']).toContain((error as { code?: string }).code);
      expect(String(error)).toContain('the disk is full');
      expect(await countBatches(db, PLAN)).toBeGreaterThanOrEqual(acknowledged);
      await settles('the close', db.close());
      await giveBack();
      await expectSound(acknowledged);
    },
  );

  it('met by a compaction fails the call and leaves no part of its tables; it is made when there is room', async () => {
    const db = await disk.open(directory, { ...OPTIONS, autoCompact: false });
    for (let first = 0; first < 300; first += 100) {
      expect(await ingest(db, first, first + 100)).toEqual({ acknowledged: first + 100 });
      // So that the tables overlap, and have to be merged.
      await db.batch(batchAt(PLAN, 0));
      await db.flush();
    }
    const giveBack = await fillUp(disk, 64 * KIB);
    const compaction = settles('the compaction', db.compact()).catch((error: unknown) => error);
    const error = await compaction;
    expect(error).toMatchObject({ code: 'STEME_IO', message: expect.stringContaining('the disk is full') });
    expect(await countBatches(db, PLAN)).toBe(300);
    const { levels } = db.stats();
    const tables = (await disk.fileSystem.list(directory)).filter((name) => name.endsWith('.sst'));
    expect(tables).toHaveLength(levels.reduce((sum, { fileCount }) => sum + fileCount, 0));
    await giveBack();
    await settles('the compaction', db.compact());
    expect(await countBatches(db, PLAN)).toBe(300);
    await settles('the close', db.close());
    await expectSound(300);
  });

  it('met by a checkpoint leaves nothing under its name, and the same call makes it when there is room', async () => {
    const db = await disk.open(directory, OPTIONS);
    expect(await ingest(db, 0, 100)).toEqual({ acknowledged: 100 });
    await db.flush();
    const copy = join(disk.directory, 'copies', 'copy');
    const giveBack = await fillUp(disk, 0);
    const error: unknown = await settles('the checkpoint', db.checkpoint(copy)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'STEME_IO' });
    expect(systemCodeOf(error)).toBe('ENOSPC');
    expect(existsSync(copy)).toBe(false);
    await giveBack();
    await settles('the checkpoint', db.checkpoint(copy));
    await using opened = await disk.open(copy, OPTIONS);
    expect(await countBatches(opened, PLAN)).toBe(100);
    await settles('the close', db.close());
    await expectSound(100);
  });
});
