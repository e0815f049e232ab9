import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { Deferred } from '../../../src/base/deferred.js';
import { KIB } from '../../../src/base/limits.js';
import type { Database } from '../../../src/engine/api.js';
import type { ReplayAudit } from '../../../src/engine/quarantine/quarantine-api.js';
import { crashAtEveryStep } from '../../../src/fs/crash-at-every-step.js';
import type { FileSystem } from '../../../src/fs/file-system.js';
import { InterceptedFileSystem } from '../../../src/fs/intercepted-file-system.js';
import { MemoryFileSystem } from '../../../src/fs/memory-file-system.js';
import { openForTest } from '../../../src/testing.js';
import { collected } from '../../support/collected.js';
import { code, DIRECTORY, entriesOf, openOn, withDatabase } from '../../support/test-database.js';

let disk: MemoryFileSystem;
beforeEach(() => {
  disk = new MemoryFileSystem();
});

async function fill(db: Database, count: number, tenant = 'a'): Promise<void> {
  const all = Array.from({ length: count }, (_, i) =>
    db.quarantine.append(tenant, `payload ${i}`, { reason: i % 2 === 0 ? 'even' : 'odd' }),
  );
  await Promise.all(all);
}

async function left(db: Database): Promise<string[]> {
  const found: string[] = [];
  for await (const { payload } of db.quarantine.list()) found.push(payload.toString());
  return found;
}

const store = ({ number, payload }: { number: number; payload: Buffer }) =>
  ({ type: 'put', key: `entry ${String(number).padStart(6, '0')}`, value: payload }) as const;

describe('a replay', () => {
  it('hands on every entry in order, and leaves an empty quarantine', async () => {
    await withDatabase(disk, {}, async (db) => {
      await fill(db, 1000);
      const result = await db.quarantine.replay({ tenant: 'a' }, store);
      expect(result).toMatchObject({ found: 1000, replayed: 1000, failed: 0, poison: 0, damaged: 0 });
      expect((await entriesOf(db)).map(([, value]) => value)).toEqual(
        Array.from({ length: 1000 }, (_, i) => `payload ${i}`),
      );
      expect(await left(db)).toEqual([]);
      expect(await db.quarantine.stats('a')).toMatchObject({ entries: 0, replayedEntries: 0, segments: 0 });
      expect(await db.quarantine.replay({}, store)).toMatchObject({ found: 0, replayed: 0 });
    });
  });

  it('counts what is left where one mark covers entries that are gone and entries that are not', async () => {
    const db = await openForTest(disk, DIRECTORY, {}, { logSpaceBytes: 32 * KIB });
    for (let i = 0; i < 10; i++) await db.quarantine.append('a', Buffer.alloc(10 * KIB, `${i}`), { reason: 'r' });
    const result = await db.quarantine.replay({ tenant: 'a' }, (record) => {
      if (record.number === 7) throw new Error('not this one');
      return store(record);
    });
    expect(result).toMatchObject({ replayed: 9, failed: 1 });
    const there = await collected(db.quarantine.list({ includeReplayed: true }));
    expect(there.length).toBeGreaterThan(4);
    expect(there.length).toBeLessThan(10);
    expect(there[0].number).toBeLessThan(7);
    expect(await db.quarantine.stats('a')).toMatchObject({ entries: 1, replayedEntries: there.length - 1 });
    await db.close();
  });

  it('hands on nothing again while what was done is removed', async () => {
    const removed = new Deferred<void>();
    let isHeld = false;
    const fileSystem = new InterceptedFileSystem(disk, {
      hold: async ({ kind, path }) => {
        if (isHeld && kind === 'open' && path.endsWith('.segment')) await removed.promise;
      },
      before: () => undefined,
    });
    // The intake has to let go of them first.
    await withDatabase(disk, {}, (db) => fill(db, 3));
    await withDatabase(fileSystem, {}, async (db) => {
      await db.quarantine.replay({}, ({ payload }) => {
        if (payload.toString() === 'payload 2') throw new Error('not this one');
        return undefined;
      });
      isHeld = true;
      const handed: string[] = [];
      const replaying = db.quarantine.replay({}, ({ payload }) => {
        handed.push(payload.toString());
        return undefined;
      });
      for (let turn = 0; turn < 100; turn++) await nextTurn();
      await db.quarantine.purge({ tenant: 'a', before: Date.now() + 1000 });
      removed.resolve();
      await replaying;
      expect(handed).toEqual(['payload 2']);
    });
  });

  it('repairs payloads on the way', async () => {
    await withDatabase(disk, {}, async (db) => {
      await fill(db, 4);
      const fix = ({ payload }: { payload: Buffer }) => (payload.toString() === 'payload 1' ? 'mended' : undefined);
      await db.quarantine.replay({}, store, { fix });
      expect((await entriesOf(db)).map(([, value]) => value)).toEqual([
        'payload 0',
        'mended',
        'payload 2',
        'payload 3',
      ]);
    });
  });

  it('keeps what fails, counts its attempts, and stops to try it', async () => {
    await withDatabase(disk, {}, async (db) => {
      await fill(db, 5);
      const handler = (record: { number: number; payload: Buffer }) => {
        if (record.payload.toString() === 'payload 2') throw new Error('still wrong');
        return store(record);
      };
      expect(await db.quarantine.replay({}, handler, { maxAttempts: 2 })).toMatchObject({
        found: 5,
        replayed: 4,
        failed: 1,
      });
      const [record] = await collected(db.quarantine.list());
      expect(record).toMatchObject({ attempts: 1, lastError: 'still wrong', isReplayed: false });
      expect(await db.quarantine.replay({}, handler, { maxAttempts: 2 })).toMatchObject({ found: 1, failed: 1 });
      expect(await db.quarantine.replay({}, handler, { maxAttempts: 2 })).toMatchObject({
        found: 1,
        failed: 0,
        poison: 1,
      });
      expect(await db.quarantine.replay({}, store, { maxAttempts: 9 })).toMatchObject({ found: 1, replayed: 1 });
      expect(await left(db)).toEqual([]);
      expect(await entriesOf(db)).toHaveLength(5);
    });
  });

  it('takes what the filter lets through', async () => {
    await withDatabase(disk, {}, async (db) => {
      await fill(db, 10);
      expect(await db.quarantine.replay({ reason: 'odd' }, store)).toMatchObject({ found: 5, replayed: 5 });
      expect(await left(db)).toEqual([0, 2, 4, 6, 8].map((i) => `payload ${i}`));
      expect(await db.quarantine.replay({ tenant: 'a', id: '1' }, store)).toMatchObject({ found: 1, replayed: 1 });
      expect(await left(db)).toEqual([2, 4, 6, 8].map((i) => `payload ${i}`));
      expect(await db.quarantine.stats('a')).toMatchObject({ entries: 4, replayedEntries: 6 });
    });
    await withDatabase(disk, {}, async (db) => {
      expect(await left(db)).toEqual([2, 4, 6, 8].map((i) => `payload ${i}`));
      expect(await db.quarantine.replay({}, store)).toMatchObject({ found: 4, replayed: 4 });
    });
  });

  it('only looks, where it is to be dry', async () => {
    await withDatabase(disk, {}, async (db) => {
      await fill(db, 3);
      let calls = 0;
      const result = await db.quarantine.replay({}, () => void calls++, { dryRun: true });
      expect(result).toMatchObject({ found: 3, replayed: 3, auditId: undefined });
      expect(calls).toBe(0);
      expect(await left(db)).toHaveLength(3);
      expect(await collected(db.quarantine.audits())).toEqual([]);
    });
  });

  it('counts as failed what wants to write the impossible', async () => {
    await withDatabase(disk, {}, async (db) => {
      await fill(db, 2);
      const result = await db.quarantine.replay({}, () => ({ type: 'put', key: '', value: 'x' }));
      expect(result).toMatchObject({ failed: 2, replayed: 0 });
      const [record] = await collected(db.quarantine.list());
      expect(record.lastError).toMatch(/a key must not be empty/);
    });
  });

  it('is ended by its signal, and goes on where it was', async () => {
    await withDatabase(disk, {}, async (db) => {
      await fill(db, 100);
      const controller = new AbortController();
      let seen = 0;
      const handler = (record: { number: number; payload: Buffer }) => {
        if (++seen === 40) controller.abort();
        return store(record);
      };
      const options = { concurrency: 10, signal: controller.signal };
      await expect(db.quarantine.replay({}, handler, options)).rejects.toMatchObject({
        code: 'STEME_ABORTED',
        message: 'the call was aborted by its signal; what was done before stays',
      });
      expect(await entriesOf(db)).toHaveLength(40);
      expect(await db.quarantine.replay({}, store)).toMatchObject({ found: 60, replayed: 60 });
      expect(await entriesOf(db)).toHaveLength(100);
      const audits: ReplayAudit[] = await collected(db.quarantine.audits());
      expect(audits.map(({ outcome, counts }) => [counts.replayed, outcome.slice(0, 20)])).toEqual([
        [40, expect.stringMatching(/aborted/)],
        [60, 'done'],
      ]);
    });
  });

  it('keeps a record of who did what', async () => {
    await withDatabase(disk, {}, async (db) => {
      await fill(db, 3);
      const { auditId } = await db.quarantine.replay({ tenant: 'a', reason: 'odd', from: 0 }, store, { by: 'ops' });
      const [audit] = await collected(db.quarantine.audits());
      expect(audit).toMatchObject({
        id: auditId,
        by: 'ops',
        filter: { tenant: 'a', reason: 'odd', fromMs: 0 },
        counts: { found: 1, replayed: 1, failed: 0 },
        outcome: 'done',
      });
      expect(audit.endedAtMs).toBeGreaterThanOrEqual(audit.startedAtMs);
    });
  });

  it('runs alone', async () => {
    await withDatabase(disk, {}, async (db) => {
      await fill(db, 3);
      const first = db.quarantine.replay({}, store);
      await expect(db.quarantine.replay({}, store)).rejects.toEqual(code('STEME_BUSY'));
      await first;
    });
  });
});

describe('a replay that crashes', () => {
  /** Counts how often each entry was written: a handler that adds one to what is there. */
  async function countingReplay(db: Database): Promise<void> {
    const counts = new Map<string, number>();
    for (const [key, value] of await entriesOf(db)) counts.set(key, Number(value));
    await db.quarantine.replay(
      {},
      ({ payload }) => {
        const key = payload.toString();
        counts.set(key, (counts.get(key) ?? 0) + 1);
        return { type: 'put', key, value: String(counts.get(key)) };
      },
      { concurrency: 7 },
    );
  }

  it('at any step loses no entry and writes none twice', async () => {
    const options = { memtableBytes: 4096 };
    const setup = await openOn(disk, options);
    await fill(setup, 60);
    await fill(setup, 20, 'b');
    await setup.close();
    const report = await crashAtEveryStep(disk, {
      workload: async (fileSystem: FileSystem) => {
        const db = await openOn(fileSystem, options);
        await countingReplay(db);
        await db.close();
      },
      observe: () => undefined,
      check: async (survivor) => {
        await withDatabase(survivor, options, async (db) => {
          await countingReplay(db);
          const entries = await entriesOf(db);
          expect(entries).toHaveLength(60);
          for (const [key, value] of entries) {
            const isOfBoth = Number(key.slice('payload '.length)) < 20;
            expect([key, value]).toEqual([key, isOfBoth ? '2' : '1']);
          }
          expect(await left(db)).toEqual([]);
        });
      },
    });
    expect(report.crashCount).toBeGreaterThan(20);
  });
});
