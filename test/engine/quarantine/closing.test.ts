import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { SimulatedTime } from '../../../src/base/simulated-time.js';
import type { Database } from '../../../src/engine/api.js';
import { interceptFileSystem } from '../../../src/fs/intercepted-file-system.js';
import { MemoryFileSystem } from '../../../src/fs/memory-file-system.js';
import { openForTest } from '../../../src/testing.js';
import { collected } from '../../support/collected.js';
import { DIRECTORY, withDatabase } from '../../support/test-database.js';

const HOUR_MS = 3_600_000;
const START_MS = 1_700_000_000_000;
const QUARANTINE = { retentionMs: HOUR_MS, tenants: { small: { entriesMax: 3, whenFull: 'drop-oldest' as const } } };

const CALLS: Record<string, (db: Database, time: SimulatedTime) => Promise<unknown>> = {
  'an append': (db) => db.quarantine.append('a', 'more', { reason: 'r' }),
  'an append of an id that is to be there once': (db) =>
    db.quarantine.append('a', 'more', { reason: 'r', id: 'once', ifAbsent: true }),
  'an append that makes room': (db) => db.quarantine.append('small', 'more', { reason: 'r' }),
  'a purge': (db, time) => db.quarantine.purge({ tenant: 'a', before: time.nowMs() + HOUR_MS }),
  'a sweep': async (_, time) => time.advance(2 * HOUR_MS),
};

// Who comes behind has the lock by then.
it.each(Object.keys(CALLS))('nothing is done to the disk behind a close, though %s was under way', async (name) => {
  for (let turns = 0; turns < 12; turns++) {
    const disk = new MemoryFileSystem();
    const late: string[] = [];
    const warnings: string[] = [];
    let isClosed = false;
    const watched = interceptFileSystem(disk, ({ kind, path }) => {
      if (isClosed) late.push(`${kind} ${path}`);
    });
    const time = new SimulatedTime(START_MS);
    const onWarning = ({ message }: Error): void => {
      warnings.push(message);
    };
    const environment = { clock: time, timers: time, onWarning };
    const db = await openForTest(watched, DIRECTORY, { quarantine: QUARANTINE }, environment);
    for (const tenant of ['a', 'small', 'small', 'small']) await db.quarantine.append(tenant, 'x', { reason: 'r' });
    warnings.length = 0;
    const called = Promise.allSettled([CALLS[name](db, time)]);
    for (let turn = 0; turn < turns; turn++) await nextTurn();
    await db.close();
    isClosed = true;
    const [outcome] = await called;
    for (let turn = 0; turn < 50; turn++) await nextTurn();
    expect(late).toEqual([]);
    expect(warnings.filter((warning) => !warning.includes('made room'))).toEqual([]);
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'STEME_CLOSED' });
    isClosed = false;
    await withDatabase(disk, { readOnly: true }, async (again) => {
      const payloads = (await collected(again.quarantine.list())).map(({ payload }) => payload.toString());
      const isAcknowledged = name.startsWith('an append') && outcome.status === 'fulfilled';
      expect(payloads.includes('more')).toBe(isAcknowledged);
    });
  }
});
