import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, type Options, open } from '../../src/index.js';
import { settles } from '../support/settles.js';

const BATCH_COUNT = 300;
const BATCH_RECORDS = 100;
const VALUE = 'v'.repeat(1000);
/** About 30 MB of log, in one memtable: more than is inserted on the opening thread. */
const OPTIONS: Options = { walSync: 'fdatasync', threads: 2, flushOnClose: false, blobThreshold: 0 };

function operations(batch: number) {
  return Array.from({ length: BATCH_RECORDS }, (_, i) => ({
    type: 'put' as const,
    // Some of them again and again: the order of the log is in their versions.
    key: i < 5 ? `same ${i}` : `key ${batch} ${i}`,
    value: `${batch} ${VALUE}`,
  }));
}

function checkAll(db: Database): void {
  for (let batch = 0; batch < BATCH_COUNT; batch++) {
    for (const { key, value } of operations(batch).slice(5)) {
      if (db.getSync(key)?.toString() !== value) throw new Error(`${key} of batch ${batch} is not there`);
    }
  }
  for (let i = 0; i < 5; i++) expect(db.getSync(`same ${i}`)?.toString()).toBe(`${BATCH_COUNT - 1} ${VALUE}`);
}

describe('the log of a database that was closed without a flush', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'stemedb-recovery-'));
    const db = await open(directory, OPTIONS);
    for (let batch = 0; batch < BATCH_COUNT; batch++) await db.batch(operations(batch), { sync: false });
    await settles('the close', db.close());
  });
  afterAll(() => rm(directory, { recursive: true }));

  it('is replayed by workers into several memtables, each with its part of the order', async () => {
    const db = await settles('the open', open(directory, { ...OPTIONS, readOnly: true }));
    expect(db.stats().recovery).toMatchObject({ replayedRecords: BATCH_COUNT * BATCH_RECORDS });
    expect(db.stats().memtables.sealedCount).toBeGreaterThan(0);
    checkAll(db);
    await db.close();
  });

  it('is replayed with far less memory than it was written with, by flushes on the way', async () => {
    const db = await settles('the open', open(directory, { ...OPTIONS, memtableBytes: 1024 * 1024 }));
    const { levels, memtables } = db.stats();
    expect(levels.reduce((sum, { fileCount }) => sum + fileCount, 0)).toBeGreaterThan(10);
    expect(memtables.sealedCount).toBeLessThanOrEqual(3);
    checkAll(db);
    await db.put('one more', 'is taken');
    await settles('the close', db.close());
    await using again = await open(directory, { ...OPTIONS, readOnly: true });
    checkAll(again);
    expect(again.getSync('one more')?.toString()).toBe('is taken');
  });
});
