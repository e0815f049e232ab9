import { describe, expect, it } from 'vitest';
import type { Database } from '../../src/engine/api.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { openForTest } from '../../src/testing.js';
import { DIRECTORY, openOn } from '../support/test-database.js';

const COUNT = 300;
const KEYS = Array.from({ length: COUNT }, (_, i) => `key ${i}`);

async function fill(db: Database, tag: string): Promise<void> {
  await db.batch(KEYS.map((key) => ({ type: 'put', key, value: `${tag} of ${key}` })));
  await db.flush();
}

/** By every way of reading, often enough that rows are cached. */
async function expectAll(db: Database, expected: (key: string) => string | undefined): Promise<void> {
  const values = KEYS.map(expected);
  for (let round = 0; round < 3; round++) {
    expect((await db.getMany(KEYS)).map((value) => value?.toString())).toEqual(values);
    expect(KEYS.map((key) => db.getSync(key)?.toString())).toEqual(values);
  }
}

describe('the row cache', () => {
  it('answers what was read before, without a look at index and block', async () => {
    await using db = await openOn(new MemoryFileSystem());
    await fill(db, 'first');
    await expectAll(db, (key) => `first of ${key}`);
    const { rowCache, blockCache } = db.stats();
    expect(rowCache).toMatchObject({ rowCount: COUNT, capacityBytes: 32 * 1024 * 1024 });
    await expectAll(db, (key) => `first of ${key}`);
    expect(db.stats().rowCache.hits - rowCache.hits).toBe(6 * COUNT);
    expect(db.stats().blockCache.hits).toBe(blockCache.hits);
  });

  it('never hides what is newer, wherever it lies', async () => {
    await using db = await openOn(new MemoryFileSystem());
    await fill(db, 'first');
    await expectAll(db, (key) => `first of ${key}`);
    await db.batch(KEYS.map((key) => ({ type: 'put', key, value: 'in memory' })));
    await expectAll(db, () => 'in memory');
    await db.flush();
    await expectAll(db, () => 'in memory');
    await db.batch(KEYS.map((key) => ({ type: 'del', key })));
    await expectAll(db, () => undefined);
    await db.compact();
    await expectAll(db, () => undefined);
    await fill(db, 'second');
    await db.deleteRange(KEYS[5], `${KEYS[5]}~`);
    await db.flush();
    await expectAll(db, (key) => (key >= KEYS[5] && key < `${KEYS[5]}~` ? undefined : `second of ${key}`));
  });

  it('never hides what is newer in the memory that it was read from', async () => {
    await using db = await openOn(new MemoryFileSystem());
    await fill(db, 'first');
    await expectAll(db, (key) => `first of ${key}`);
    for (const tag of ['second', 'third']) {
      await db.batch(KEYS.map((key) => ({ type: 'put', key, value: `${tag} of ${key}` })));
      await expectAll(db, (key) => `${tag} of ${key}`);
    }
    const { hits } = db.stats().rowCache;
    await expectAll(db, (key) => `third of ${key}`);
    expect(db.stats().rowCache.hits - hits).toBe(6 * COUNT);
    await db.deleteRange(KEYS[0], `${KEYS[0]}~`);
    await expectAll(db, (key) => (key >= KEYS[0] && key < `${KEYS[0]}~` ? undefined : `third of ${key}`));
  });

  it('never hides what a bulk load brings', async () => {
    await using db = await openOn(new MemoryFileSystem());
    await fill(db, 'first');
    await expectAll(db, (key) => `first of ${key}`);
    const loaded = KEYS.toSorted().map((key): [string, string] => [key, `loaded ${key}`]);
    await db.bulkLoad(loaded);
    await expectAll(db, (key) => `loaded ${key}`);
  });

  it('shows nobody what is on its way to the log', async () => {
    await using db = await openOn(new MemoryFileSystem());
    await fill(db, 'first');
    await expectAll(db, (key) => `first of ${key}`);
    const written = db.batch(KEYS.map((key) => ({ type: 'put', key, value: 'written' })));
    for (const key of KEYS) expect(db.getSync(key)?.toString()).toBe(`first of ${key}`);
    await written;
    await expectAll(db, () => 'written');
  });

  it('lets go of what has expired', async () => {
    let nowMs = 1_000_000;
    const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };
    await using db = await openForTest(new MemoryFileSystem(), DIRECTORY, {}, { clock });
    await db.batch(KEYS.map((key) => ({ type: 'put', key, value: 'for a while', ttlMs: 1000 })));
    await db.flush();
    await expectAll(db, () => 'for a while');
    nowMs += 1001;
    await expectAll(db, () => undefined);
  });

  it('answers a snapshot as of its moment', async () => {
    await using db = await openOn(new MemoryFileSystem());
    await fill(db, 'first');
    await expectAll(db, (key) => `first of ${key}`);
    using snapshot = db.snapshot();
    await fill(db, 'second');
    await db.compact();
    await expectAll(db, (key) => `second of ${key}`);
    for (let round = 0; round < 3; round++) {
      for (const key of KEYS) expect(db.getSync(key, { snapshot })?.toString()).toBe(`first of ${key}`);
    }
    await expectAll(db, (key) => `second of ${key}`);
  });

  it('can be off', async () => {
    await using db = await openOn(new MemoryFileSystem(), { rowCacheBytes: 0 });
    await fill(db, 'first');
    await expectAll(db, (key) => `first of ${key}`);
    expect(db.stats().rowCache).toMatchObject({ capacityBytes: 0, usedBytes: 0, rowCount: 0, hits: 0 });
  });
});
