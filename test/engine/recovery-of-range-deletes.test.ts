import { expect, it } from 'vitest';
import { SimulatedTime } from '../../src/base/simulated-time.js';
import type { Database } from '../../src/engine/api.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { openWith, testEnvironment } from '../../src/testing.js';
import { contentsOf, DIRECTORY, filesOf, keysOf, openOn, withDatabase } from '../support/test-database.js';

/** What a machine that lost its power comes up with, and a clock that shows another time. */
function openAfterCrash(disk: MemoryFileSystem, time: SimulatedTime): Promise<Database> {
  return openWith(DIRECTORY, { walSync: 'fdatasync' }, testEnvironment(disk.clone(), { clock: time }));
}

it('range deletes and times to live come back from the log as they were acknowledged', async () => {
  const disk = new MemoryFileSystem();
  const time = new SimulatedTime();
  const db = await openWith(DIRECTORY, { walSync: 'fdatasync' }, testEnvironment(disk, { clock: time }));
  for (const key of ['a', 'b', 'c', 'd', 'e']) await db.put(key, key);
  await db.put('x', 'soon gone', { ttlMs: 1000 });
  await db.batch([
    { type: 'delRange', gte: 'b', lt: 'e' },
    { type: 'put', key: 'c', value: 'again' },
  ]);
  for (let round = 0; round < 2; round++) {
    await using recovered = await openAfterCrash(disk, time);
    expect(await keysOf(recovered)).toEqual(['a', 'c', 'e', 'x']);
    expect(recovered.getSync('b')).toBeUndefined();
    expect(recovered.getSync('c')?.toString()).toBe('again');
  }
  time.advance(1000);
  await using later = await openAfterCrash(disk, time);
  expect(await keysOf(later)).toEqual(['a', 'c', 'e']);
  await db.close();
});

it('a memtable of nothing but range deletes is flushed, and hides what is in older tables', async () => {
  const disk = new MemoryFileSystem();
  await withDatabase(disk, { autoCompact: false }, async (db) => {
    for (const key of ['a', 'b', 'c']) await db.put(key, key);
    await db.flush();
    await db.deleteRange('b', 'd');
    await db.flush();
    expect(await keysOf(db)).toEqual(['a']);
  });
  expect(await filesOf(disk, '.sst')).toHaveLength(2);
  expect(await contentsOf(disk)).toEqual([['a', 'a']]);
});

it('a snapshot sees between range deletes that were flushed together after it', async () => {
  await using db = await openOn(new MemoryFileSystem(), { autoCompact: false });
  const keys = ['0', '1', '2', '3', '4', '5', '6', '7'];
  for (const key of keys) await db.put(key, key);
  await db.flush();
  await db.deleteRange('0', '2');
  const early = db.snapshot();
  await db.deleteRange('0', '4');
  const late = db.snapshot();
  for (const end of ['5', '6', '7']) await db.deleteRange('0', end);
  await db.flush();
  for (const key of keys) {
    expect((await db.get(key, { snapshot: early }))?.toString(), `${key} early`).toBe(key < '2' ? undefined : key);
    expect((await db.get(key, { snapshot: late }))?.toString(), `${key} late`).toBe(key < '4' ? undefined : key);
    expect(db.getSync(key)?.toString(), `${key} now`).toBe(key < '7' ? undefined : key);
  }
  early.close();
  late.close();
});

it('a transaction meets a range delete that came after its begin, in the memtable and in a table', async () => {
  for (const isFlushed of [false, true]) {
    await using db = await openOn(new MemoryFileSystem(), { autoCompact: false });
    await db.put('b', 'value');
    const running = db.transaction(async (tx) => {
      await tx.get('b');
      await db.deleteRange('a', 'c');
      await db.deleteRange('a', 'b');
      if (isFlushed) await db.flush();
      tx.put('d', 'value');
    });
    await expect(running).rejects.toMatchObject({ code: 'STEME_CONFLICT' });
  }
});
