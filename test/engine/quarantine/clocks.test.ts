import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../src/base/clock.js';
import { SimulatedTime } from '../../../src/base/simulated-time.js';
import type { Database } from '../../../src/engine/api.js';
import { MemoryFileSystem } from '../../../src/fs/memory-file-system.js';
import { openForTest } from '../../../src/testing.js';
import { collected } from '../../support/collected.js';
import { DIRECTORY } from '../../support/test-database.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START_MS = 1_700_000_000_000;

/** A time of day that can be set, beside a clock that only counts. */
class SettableTime implements Clock {
  readonly timers = new SimulatedTime(START_MS);
  offsetMs = 0;

  nowMs(): number {
    return this.timers.nowMs() + this.offsetMs;
  }

  monotonicMs(): number {
    return this.timers.monotonicMs();
  }

  /** Hour by hour, with a look at what has expired in each. */
  async pass(hours: number): Promise<void> {
    for (let hour = 0; hour < hours; hour++) {
      this.timers.advance(HOUR_MS);
      for (let turn = 0; turn < 60; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

async function openAt(disk: MemoryFileSystem, time: SettableTime, warnings: string[] = []): Promise<Database> {
  const onWarning = ({ message }: Error): void => {
    warnings.push(message);
  };
  return openForTest(disk, DIRECTORY, {}, { clock: time, timers: time.timers, onWarning });
}

async function append(db: Database, payload: string, tenant = 'a'): Promise<void> {
  await db.quarantine.append(tenant, payload, { reason: 'r' });
}

async function listed(db: Database): Promise<string[]> {
  return (await collected(db.quarantine.list())).map(({ payload }) => payload.toString());
}

async function appendedAt(db: Database): Promise<number[]> {
  return (await collected(db.quarantine.list())).map(({ appendedAtMs }) => appendedAtMs);
}

async function removeIntake(disk: MemoryFileSystem): Promise<void> {
  const names = (await disk.list(`${DIRECTORY}/quarantine`)).filter((name) => name.endsWith('.intake'));
  expect(names).not.toEqual([]);
  for (const name of names) await disk.remove(`${DIRECTORY}/quarantine/${name}`);
}

describe('a clock that is set back', () => {
  it.each(['closed', 'killed', 'closed, and its intake lost,'])(
    'gives no entry a time before that of the one before it, also where it was %s between',
    async (end) => {
      const first = new MemoryFileSystem();
      const time = new SettableTime();
      const db = await openAt(first, time);
      await append(db, 'one');
      const killed = first.clone();
      await db.close();
      const disk = end === 'killed' ? killed : first;
      if (end.includes('lost')) await removeIntake(disk);
      for (const payload of ['two', 'three']) {
        time.offsetMs -= DAY_MS;
        const again = await openAt(disk, time);
        await append(again, payload);
        await again.close();
      }
      const last = await openAt(disk, time);
      await append(last, 'four', 'another');
      expect(await appendedAt(last)).toEqual([START_MS, START_MS, START_MS, START_MS]);
      await last.close();
    },
  );

  it('and set right again takes nothing that is younger than it is to be kept', async () => {
    const disk = new MemoryFileSystem();
    const time = new SettableTime();
    const first = await openAt(disk, time);
    await append(first, 'one');
    await first.close();
    time.offsetMs = -2 * DAY_MS;
    const db = await openAt(disk, time);
    await append(db, 'two');
    time.offsetMs = 0;
    await time.pass(20);
    expect(await listed(db)).toEqual(['one', 'two']);
    await db.close();
  });

  it('is told, where the entries are far ahead of it', async () => {
    const disk = new MemoryFileSystem();
    const time = new SettableTime();
    const first = await openAt(disk, time);
    await append(first, 'one');
    await first.close();
    time.offsetMs = -DAY_MS;
    const warnings: string[] = [];
    const db = await openAt(disk, time, warnings);
    await append(db, 'two');
    expect(warnings).toEqual([expect.stringMatching(/behind the newest entry.*2023-11-14T22:13:20.000Z/)]);
    await db.close();
  });
});

describe('a clock that leaps forwards', () => {
  it('takes nothing that is younger than it is to be kept by the clock that counts', async () => {
    const time = new SettableTime();
    time.offsetMs = -30 * DAY_MS;
    const warnings: string[] = [];
    const db = await openAt(new MemoryFileSystem(), time, warnings);
    await append(db, 'from before the leap');
    await time.pass(1);
    time.offsetMs = 0;
    await time.pass(2);
    expect(warnings).toEqual([expect.stringContaining('leapt forwards')]);
    await append(db, 'from behind it', 'b');
    await time.pass(20);
    expect(await listed(db)).toEqual(['from before the leap', 'from behind it']);
    await time.pass(30);
    expect(await listed(db)).toEqual([]);
    await db.close();
  });

  it('and back takes nothing', async () => {
    const time = new SettableTime();
    const db = await openAt(new MemoryFileSystem(), time);
    await append(db, 'one');
    time.offsetMs = 30 * DAY_MS;
    await time.pass(3);
    time.offsetMs = 0;
    await time.pass(15);
    expect(await listed(db)).toEqual(['one']);
    await time.pass(40);
    expect(await listed(db)).toEqual([]);
    await db.close();
  });

  it('goes on from the newest entry in a checkpoint as well', async () => {
    const disk = new MemoryFileSystem();
    const time = new SettableTime();
    const db = await openAt(disk, time);
    await append(db, 'first');
    time.offsetMs = -2 * HOUR_MS;
    await db.checkpoint('/copy');
    await db.close();
    const copy = await openForTest(disk, '/copy', {}, { clock: time, timers: time.timers });
    await append(copy, 'second');
    expect(await appendedAt(copy)).toEqual([START_MS, START_MS]);
    await copy.close();
  });
});
