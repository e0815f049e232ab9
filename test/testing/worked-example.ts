import assert from 'node:assert/strict';
import type { Database } from '../../src/index.js';
import {
  crashAtEveryStep,
  FaultyFileSystem,
  type FileSystem,
  LyingFileSystem,
  MemoryFileSystem,
  openForTest,
  SimulatedTime,
} from '../../src/testing.js';

// The application: money moves between accounts, each move is written down, and none is made or lost.

const ACCOUNTS = ['anna', 'ben', 'carla'];
const START = 100;

function openAccounts(db: Database): Promise<void> {
  return db.batch(ACCOUNTS.map((name) => ({ type: 'put', key: `account/${name}`, value: `${START}` })));
}

async function transfer(db: Database, id: number, from: string, to: string, amount: number): Promise<void> {
  await db.transaction((tx) => {
    tx.put(`account/${from}`, `${Number(tx.getSync(`account/${from}`)) - amount}`);
    tx.put(`account/${to}`, `${Number(tx.getSync(`account/${to}`)) + amount}`);
    tx.put(`transfer/${String(id).padStart(6, '0')}`, `${from} ${to} ${amount}`);
  });
}

async function countOf(db: Database, prefix: string): Promise<{ count: number; sum: number }> {
  const found = { count: 0, sum: 0 };
  for await (const [, value] of db.iterator({ gte: `${prefix}/`, lt: `${prefix}0` })) {
    found.count++;
    found.sum += Number.parseInt(value.toString(), 10) || 0;
  }
  return found;
}

/** Memtables this small are flushed and merged within a few transfers. */
const SMALL = { memtableBytes: 4096 };

/** 1. No crash loses a transfer that was acknowledged, or half of one. */
export async function survivesEveryCrash(seed: number, worsen = (disk: FileSystem) => disk): Promise<number> {
  let acknowledged = 0;
  const { crashCount } = await crashAtEveryStep(new MemoryFileSystem(), {
    seed,
    crashesMax: 60,
    async workload(disk) {
      const db = await openForTest(worsen(disk), '/bank', SMALL);
      await openAccounts(db);
      for (let id = 0; id < 60; id++) {
        await transfer(db, id, ACCOUNTS[id % 3], ACCOUNTS[(id + 1) % 3], (id * seed) % 7);
        acknowledged++;
      }
      await db.compact();
      await db.close();
    },
    observe: () => acknowledged,
    async check(survivor, expected) {
      await using db = await openForTest(survivor, '/bank', SMALL);
      const accounts = await countOf(db, 'account');
      const transfers = await countOf(db, 'transfer');
      assert.equal(accounts.sum, accounts.count * START, 'money was made or lost');
      assert.ok(transfers.count >= expected, `${expected} transfers were acknowledged, ${transfers.count} are there`);
    },
  });
  return crashCount;
}

/** 2. That test can fail: on a disk that only says that it syncs, it does. */
export async function failsOnALyingDisk(): Promise<void> {
  await assert.rejects(survivesEveryCrash(1, (disk) => new LyingFileSystem(disk)));
}

/** 3. A full disk refuses, and loses nothing. There is room again, and the store is as good as before. */
export async function survivesAFullDisk(): Promise<void> {
  const disk = new MemoryFileSystem({ capacityBytes: 1_500_000 });
  const db = await openForTest(disk, '/bank');
  await openAccounts(db);
  let acknowledged = 0;
  const attachments = async (): Promise<void> => {
    for (; ; acknowledged++) await db.put(`scan/${acknowledged}`, 'x'.repeat(10_000));
  };
  await assert.rejects(attachments, { code: 'STEME_BACKGROUND' });
  assert.equal((await countOf(db, 'scan')).count, acknowledged); // reads go on
  await db.close().catch(() => undefined); // it says once more what went wrong
  disk.capacityBytes = 10_000_000;
  await using again = await openForTest(disk, '/bank');
  assert.ok((await countOf(again, 'scan')).count >= acknowledged);
  await transfer(again, 1, 'anna', 'ben', 1);
}

/** 4. A failed sync ends the writes and not the reads; what was acknowledged is there when the disk works again. */
export async function survivesAFailedSync(): Promise<void> {
  const disk = new MemoryFileSystem();
  const faulty = new FaultyFileSystem(disk);
  const db = await openForTest(faulty, '/bank');
  await openAccounts(db);
  faulty.arm({ kind: 'datasync', path: /\.log$/, error: 'EIO' });
  await assert.rejects(transfer(db, 1, 'anna', 'ben', 5), { code: 'STEME_BACKGROUND' });
  await assert.rejects(transfer(db, 2, 'anna', 'ben', 5), { code: 'STEME_BACKGROUND' });
  assert.equal(faulty.injected.length, 1);
  assert.equal(db.getSync('account/anna')?.toString(), '100');
  await db.close().catch(() => undefined);
  await using again = await openForTest(disk.crashClone(1), '/bank');
  const { count, sum } = await countOf(again, 'account');
  assert.deepEqual({ count, sum }, { count: 3, sum: 300 });
}

/** 5. An hour passes when the test says so. */
export async function expiresOnTime(): Promise<void> {
  const time = new SimulatedTime(Date.parse('2026-11-23T10:00:00Z'));
  await using db = await openForTest(new MemoryFileSystem(), '/bank', {}, { clock: time, timers: time });
  await db.put('session/anna', 'open', { ttlMs: 3_600_000 });
  time.advance(3_599_999);
  assert.equal(db.hasSync('session/anna'), true);
  time.advance(1);
  assert.equal(db.hasSync('session/anna'), false);
}
