import { beforeEach, describe, expect, it } from 'vitest';
import { SimulatedTime } from '../../../src/base/simulated-time.js';
import type { Database } from '../../../src/engine/api.js';
import type { Options } from '../../../src/engine/options.js';
import type { QuarantineListOptions } from '../../../src/engine/quarantine/quarantine-api.js';
import { MemoryFileSystem } from '../../../src/fs/memory-file-system.js';
import { openWith, testEnvironment } from '../../../src/testing.js';
import { code, DIRECTORY, entriesOf, openOn, withDatabase } from '../../support/test-database.js';

let disk: MemoryFileSystem;
beforeEach(() => {
  disk = new MemoryFileSystem();
});

async function listed(db: Database, options: QuarantineListOptions = {}): Promise<string[]> {
  const found: string[] = [];
  for await (const { tenant, payload } of db.quarantine.list(options)) found.push(`${tenant}: ${payload}`);
  return found;
}

const HOUR_MS = 3_600_000;

/** A database whose time stands still until it is told. */
async function openTimed(options: Options, time: SimulatedTime): Promise<Database> {
  return openWith(DIRECTORY, options, { ...testEnvironment(disk), clock: time, timers: time });
}

describe('db.quarantine', () => {
  it('keeps what was not accepted, with all that is known of it', async () => {
    const at = new Date('2026-03-01T12:00:00Z');
    await withDatabase(disk, {}, async (db) => {
      const receipt = await db.quarantine.append('acme', '{"a":', {
        reason: 'malformed',
        detail: 'not JSON',
        id: 'a.ndjson:7',
        timestamp: at,
        source: 'a.ndjson',
        position: 7,
        contentType: 'application/json',
        attempts: 1,
      });
      expect(receipt).toEqual({ number: 1, id: 'a.ndjson:7', isNew: true });
    });
    await withDatabase(disk, {}, async (db) => {
      const tenants: string[] = [];
      for await (const tenant of db.quarantine.tenants()) tenants.push(tenant);
      expect(tenants).toEqual(['acme']);
      expect(await db.quarantine.get({ tenant: 'acme', id: 'a.ndjson:7' })).toMatchObject({
        number: 1,
        tenant: 'acme',
        id: 'a.ndjson:7',
        reason: 'malformed',
        detail: 'not JSON',
        source: 'a.ndjson',
        position: 7,
        contentType: 'application/json',
        timestampMs: at.getTime(),
        attempts: 1,
        lastError: '',
        isReplayed: false,
        payload: Buffer.from('{"a":'),
      });
      expect(await db.quarantine.get({ tenant: 'acme', id: 'b' })).toBeUndefined();
      expect(await entriesOf(db)).toEqual([]);
    });
  });

  it('gives an entry its number for an id where it has none', async () => {
    await withDatabase(disk, {}, async (db) => {
      expect(await db.quarantine.append('a', 'x', { reason: 'r' })).toEqual({ number: 1, id: '1', isNew: true });
      expect((await db.quarantine.get({ tenant: 'a', id: '1' }))?.payload.toString()).toBe('x');
    });
  });

  it('lists by tenant, time and reason, so many at most', async () => {
    await withDatabase(disk, {}, async (db) => {
      for (let i = 0; i < 6; i++) {
        await db.quarantine.append(i % 2 === 0 ? 'b' : 'a', `${i}`, { reason: `r${i % 3}`, timestamp: i * 60_000 });
      }
      expect(await listed(db)).toEqual(['a: 1', 'a: 3', 'a: 5', 'b: 0', 'b: 2', 'b: 4']);
      expect(await listed(db, { tenant: 'b' })).toEqual(['b: 0', 'b: 2', 'b: 4']);
      expect(await listed(db, { from: 120_000, to: new Date(300_000) })).toEqual(['a: 3', 'b: 2', 'b: 4']);
      expect(await listed(db, { reason: 'r1' })).toEqual(['a: 1', 'b: 4']);
      expect(await listed(db, { limit: 2 })).toEqual(['a: 1', 'a: 3']);
      expect(await listed(db, { tenant: 'nobody' })).toEqual([]);
      expect(await db.quarantine.mayContain({ tenant: 'a', id: '4' })).toBe(true);
      expect(await db.quarantine.mayContain({ tenant: 'a', id: '5' })).toBe(false);
    });
  });

  it('appends an id once where it is asked to, whoever is first', async () => {
    await withDatabase(disk, {}, async (db) => {
      const options = { reason: 'r', id: 'same', ifAbsent: true };
      const receipts = await Promise.all(
        ['one', 'two', 'three'].map((payload) => db.quarantine.append('a', payload, options)),
      );
      expect(receipts.map(({ isNew }) => isNew)).toEqual([true, false, false]);
      expect(await listed(db)).toEqual(['a: one']);
      expect((await db.quarantine.append('b', 'other tenant', options)).isNew).toBe(true);
    });
    await withDatabase(disk, {}, async (db) => {
      const options = { reason: 'r', id: 'same', ifAbsent: true };
      expect(await db.quarantine.append('a', 'four', options)).toMatchObject({ number: 1, isNew: false });
    });
  });

  it('refuses bad input before anything is written, with every problem', async () => {
    await withDatabase(disk, {}, async (db) => {
      const { quarantine } = db;
      await expect(quarantine.append('a', 'x', {} as never)).rejects.toMatchObject(
        code('STEME_INVALID_OPTION') as object,
      );
      await expect(
        quarantine.append('a', 'x', { reason: '', id: '', position: -1, timestamp: new Date('never') }),
      ).rejects.toMatchObject({
        code: 'STEME_INVALID_OPTION',
        problems: expect.arrayContaining([
          expect.stringMatching(/^reason/),
          expect.stringMatching(/^id/),
          expect.stringMatching(/^position/),
          expect.stringMatching(/^timestamp/),
        ]),
      });
      await expect(quarantine.append('\ud800', 'x', { reason: 'r' })).rejects.toEqual(code('STEME_INVALID_TENANT'));
      await expect(quarantine.append('a', 7 as never, { reason: 'r' })).rejects.toEqual(code('STEME_INVALID_VALUE'));
      expect(await disk.exists('/db/quarantine')).toBe(false);
    });
  });

  it('copies the payload: the caller may use its memory again at once', async () => {
    await withDatabase(disk, {}, async (db) => {
      for (const options of [{ reason: 'r' }, { reason: 'r', id: 'once', ifAbsent: true }]) {
        const payload = Buffer.from('before');
        const appended = db.quarantine.append('a', payload, options);
        payload.fill('x');
        await appended;
      }
      expect(await listed(db)).toEqual(['a: before', 'a: before']);
    });
  });

  it('refuses a purge before no time', async () => {
    await withDatabase(disk, {}, async (db) => {
      for (const before of [new Date('never'), Number.NaN, 'soon' as never]) {
        await expect(db.quarantine.purge({ tenant: 'a', before })).rejects.toEqual(code('STEME_INVALID_OPTION'));
      }
    });
  });

  it('is refused on a database that is only read, and readable there', async () => {
    await withDatabase(disk, {}, (db) => db.quarantine.append('a', 'x', { reason: 'r' }));
    await withDatabase(disk, { readOnly: true }, async (db) => {
      expect(await listed(db)).toEqual(['a: x']);
      await expect(db.quarantine.append('a', 'y', { reason: 'r' })).rejects.toEqual(code('STEME_READ_ONLY'));
      await expect(db.quarantine.purge({ tenant: 'a', before: Date.now() })).rejects.toEqual(code('STEME_READ_ONLY'));
    });
  });

  it('ends with its database', async () => {
    const db = await openOn(disk);
    await db.quarantine.append('a', 'x', { reason: 'r' });
    const { quarantine } = db;
    await db.close();
    await expect(quarantine.append('a', 'y', { reason: 'r' })).rejects.toEqual(code('STEME_CLOSED'));
    expect(() => quarantine.list()).toThrow(expect.objectContaining({ code: 'STEME_CLOSED' }));
  });

  it('tells what it has', async () => {
    await withDatabase(disk, {}, async (db) => {
      for (const payload of ['x', 'yy', 'zzz']) await db.quarantine.append('a', payload, { reason: 'r' });
      expect(await db.quarantine.stats('a')).toMatchObject({
        entries: 3,
        replayedEntries: 0,
        payloadBytes: 6,
        damages: [],
      });
      expect(await db.quarantine.stats()).toMatchObject({ syncMode: 'direct', expiredEntries: 0, droppedEntries: 0 });
    });
    const plain = new MemoryFileSystem({ direct: false });
    await withDatabase(plain, {}, async (db) => {
      await db.quarantine.append('a', 'x', { reason: 'r' });
      expect((await db.quarantine.stats()).syncMode).toBe('fdatasync');
    });
  });
});

describe('caps of a tenant', () => {
  it('refuse one more by default', async () => {
    await withDatabase(disk, { quarantine: { entriesMax: 2, tenants: { big: { entriesMax: 3 } } } }, async (db) => {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 4 }, (_, i) => db.quarantine.append('small', `${i}`, { reason: 'r' })),
      );
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected']);
      await expect(db.quarantine.append('small', 'x', { reason: 'r' })).rejects.toMatchObject({
        code: 'STEME_QUARANTINE_FULL',
        message: expect.stringMatching(/tenant "small" is full \(2 of 2 entries\): replay or purge it/),
      });
      for (let i = 0; i < 3; i++) await db.quarantine.append('big', `${i}`, { reason: 'r' });
      await expect(db.quarantine.append('big', 'x', { reason: 'r' })).rejects.toEqual(code('STEME_QUARANTINE_FULL'));
    });
  });

  it('count bytes of payloads', async () => {
    await withDatabase(disk, { quarantine: { bytesMax: 10 } }, async (db) => {
      await db.quarantine.append('a', '12345678', { reason: 'r' });
      await expect(db.quarantine.append('a', 'xyz', { reason: 'r' })).rejects.toThrow(
        /8 of 10 bytes, and this record has 3/,
      );
      await db.quarantine.append('a', 'xy', { reason: 'r' });
    });
  });

  it('make room where they are told to, and say so', async () => {
    await withDatabase(disk, { quarantine: { entriesMax: 2, whenFull: 'drop-oldest' } }, async (db) => {
      for (let i = 0; i < 5; i++) await db.quarantine.append('a', `${i}`, { reason: 'r' });
      const left = await listed(db);
      expect(left.at(-1)).toBe('a: 4');
      expect(left.length).toBeLessThanOrEqual(2);
      expect((await db.quarantine.stats()).droppedEntries).toBe(5 - left.length);
    });
  });
});

describe('the oldest entries', () => {
  it('make room in parts: not all of them go at once', async () => {
    const settings = { entriesMax: 64, whenFull: 'drop-oldest' } as const;
    await withDatabase(disk, { quarantine: settings }, async (db) => {
      let leastLeft = Number.POSITIVE_INFINITY;
      for (let i = 0; i < 200; i++) {
        await db.quarantine.append('a', `${i}`, { reason: 'r' });
        const { entries } = await db.quarantine.stats('a');
        if (i >= 64) leastLeft = Math.min(leastLeft, entries);
        expect(entries).toBeLessThanOrEqual(64);
      }
      expect(leastLeft).toBeGreaterThanOrEqual(48);
      expect((await listed(db)).at(-1)).toBe('a: 199');
    });
  });
});

describe('the oldest entries, with many appends at once', () => {
  it('make room for all of them, and more are not dropped than need be', async () => {
    for (const entriesMax of [2, 6, 64]) {
      disk = new MemoryFileSystem();
      await withDatabase(disk, { quarantine: { entriesMax, whenFull: 'drop-oldest' } }, async (db) => {
        for (let round = 0; round < 3; round++) {
          const all = Array.from({ length: 40 }, (_, i) => db.quarantine.append('a', `${round}.${i}`, { reason: 'r' }));
          await Promise.all(all);
        }
        const left = await listed(db);
        expect(left.at(-1)).toBe('a: 2.39');
        expect(left.length).toBeLessThanOrEqual(entriesMax);
        expect(left.length).toBeGreaterThanOrEqual(entriesMax / 2);
      });
    }
  });
});

describe('retention', () => {
  it('holds for a tenant that is never without entries', async () => {
    const time = new SimulatedTime(1_700_000_000_000);
    const db = await openTimed({ quarantine: { retentionMs: 24 * HOUR_MS } }, time);
    for (let hour = 0; hour < 60; hour++) {
      await db.quarantine.append('a', `${hour}`, { reason: 'r' });
      time.advance(HOUR_MS);
      await until(async () => true);
    }
    const left = await listed(db);
    expect(left.at(-1)).toBe('a: 59');
    expect(left.length).toBeGreaterThanOrEqual(24);
    expect(left.length).toBeLessThanOrEqual(27);
    await db.close();
  });

  it('is seen to soon after an open: not every process lives for an hour', async () => {
    const time = new SimulatedTime(1_700_000_000_000);
    const first = await openTimed({}, time);
    await first.quarantine.append('a', 'old', { reason: 'r' });
    await first.close();
    time.advance(25 * HOUR_MS);
    const db = await openTimed({}, time);
    await until(async () => (await listed(db)).length === 1);
    time.advance(1000);
    await until(async () => (await listed(db)).length === 0);
    await db.close();
  });

  it('is seen to tenant by tenant, with rests that a close ends', async () => {
    const time = new SimulatedTime(1_700_000_000_000);
    // Every look at the clock takes a while.
    const clock = {
      nowMs: () => time.nowMs(),
      monotonicMs: () => {
        reads += 1;
        return time.monotonicMs() + reads;
      },
    };
    let reads = 0;
    const environment = { ...testEnvironment(disk), clock, timers: time };
    const first = await openWith(DIRECTORY, {}, environment);
    for (let i = 0; i < 4; i++) await first.quarantine.append(`tenant ${i}`, 'x', { reason: 'r' });
    await first.close();
    time.advance(25 * HOUR_MS);
    const db = await openWith(DIRECTORY, {}, environment);
    await until(async () => (await listed(db)).length === 4);
    time.advance(1000);
    await until(async () => (await listed(db)).length === 3);
    let count = 3;
    for (let step = 0; count > 1; step++) {
      expect(step).toBeLessThan(200);
      time.advance(5);
      await until(async () => true);
      const left = (await listed(db)).length;
      expect(left).toBeGreaterThanOrEqual(count - 1);
      count = left;
    }
    await db.close();
    await withDatabase(disk, { quarantine: { retentionMs: 0 } }, async (again) => {
      expect(await listed(again)).toHaveLength(1);
    });
  });

  it('is quiet about a look that a close ends, wherever it is', async () => {
    for (let turns = 0; turns < 30; turns++) {
      const time = new SimulatedTime(1_700_000_000_000);
      const warnings: string[] = [];
      const environment = { ...testEnvironment(new MemoryFileSystem()), clock: time, timers: time };
      const onWarning = ({ message }: { readonly message: string }): number => warnings.push(message);
      const db = await openWith(DIRECTORY, {}, { ...environment, onWarning });
      for (let i = 0; i < 3; i++) await db.quarantine.append(`tenant ${i}`, 'x', { reason: 'r' });
      time.advance(1000);
      await until(async () => (await db.quarantine.stats()).pendingBytes === 0);
      time.advance(25 * HOUR_MS);
      await until(async () => true);
      time.advance(HOUR_MS);
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
      await db.close();
      await until(async () => true);
      expect(warnings).toEqual([]);
    }
  });

  it('removes what is older, and nothing that is younger', async () => {
    const time = new SimulatedTime(1_700_000_000_000);
    const db = await openTimed({ quarantine: { retentionMs: 10 * HOUR_MS } }, time);
    await db.quarantine.append('a', 'old', { reason: 'r' });
    await db.quarantine.append('b', 'old', { reason: 'r' });
    time.advance(2000);
    time.advance(9 * HOUR_MS);
    await until(async () => (await listed(db)).length === 2);
    await db.quarantine.append('a', 'young', { reason: 'r' });
    for (let i = 0; i < 3; i++) {
      time.advance(HOUR_MS);
      await until(async () => true);
    }
    await until(async () => (await listed(db, { tenant: 'b' })).length === 0);
    expect(await listed(db)).toContain('a: young');
    expect((await db.quarantine.stats()).expiredEntries).toBeGreaterThanOrEqual(1);
    await db.close();
  });

  it('purges by hand what was appended before', async () => {
    const time = new SimulatedTime(1_700_000_000_000);
    const db = await openTimed({}, time);
    await db.quarantine.append('a', 'old', { reason: 'r' });
    time.advance(1000);
    expect(await db.quarantine.purge({ tenant: 'a', before: time.nowMs() - 1000 })).toBe(0);
    expect(await db.quarantine.purge({ tenant: 'a', before: time.nowMs() })).toBe(1);
    expect(await listed(db)).toEqual([]);
    await db.close();
  });
});

async function until(isDone: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 2000; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (i % 20 === 19 && (await isDone())) return;
  }
  throw new Error('it never came');
}
