import { describe, expect, it, vi } from 'vitest';
import { StemeError } from '../../src/base/errors.js';
import { KIB } from '../../src/base/limits.js';
import { systemTimers, type Timers } from '../../src/base/timers.js';
import type { Database } from '../../src/engine/api.js';
import { type FaultRule, FaultyFileSystem } from '../../src/fs/faulty-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { openForTest } from '../../src/testing.js';
import { collected } from '../support/collected.js';
import { settles } from '../support/settles.js';
import { DIRECTORY, withDatabase } from '../support/test-database.js';

const TENANTS = ['a', 'b', 'c'];
const TYPED: unknown = expect.stringMatching(/^STEME_(IO|BACKGROUND)$/);
/** Everything below the quarantine, and the quarantine itself. */
const QUARANTINE = /\/quarantine(\/|$)/;
const FOREVER = Number.POSITIVE_INFINITY;

/** What is done in the background comes at once. */
const hurried: Timers = {
  after: (delayMs, callback) => systemTimers.after(delayMs, callback),
  afterIdly: (_, callback) => systemTimers.afterIdly(1, callback),
};

async function openOn(disk: FaultyFileSystem, onWarning: (warning: Error) => void): Promise<Database> {
  const environment = { timers: hurried, logSpaceBytes: 32 * KIB, onWarning };
  return settles('the open', openForTest(disk, DIRECTORY, {}, environment));
}

interface Appends {
  readonly acknowledged: string[];
  readonly refused: { readonly text: string; readonly error: unknown }[];
}

/** Appends `count` entries to each tenant; says which were acknowledged, and what the others were refused with. */
async function append(db: Database, name: string, count: number): Promise<Appends> {
  const acknowledged: string[] = [];
  const refused: Appends['refused'] = [];
  for (let i = 0; i < count; i++) {
    const group = TENANTS.map(async (tenant) => {
      const text = `${tenant} ${name} ${i}`;
      try {
        await db.quarantine.append(tenant, text.padEnd(KIB), { reason: 'r' });
        acknowledged.push(text);
      } catch (error) {
        refused.push({ text, error });
      }
    });
    await settles(
      'appends',
      Promise.all(group).then(() => undefined),
    );
  }
  return { acknowledged, refused };
}

function expectTyped(refused: Appends['refused']): void {
  for (const { error } of refused) {
    expect(error).toMatchObject({ code: TYPED, message: expect.stringContaining('quarantine') });
  }
}

/** What is acknowledged is there, once. What is refused is not, but where nobody can know what the disk has of it. */
function expectKept(there: readonly string[], all: readonly Appends[]): void {
  const acknowledged = all.flatMap((one) => one.acknowledged);
  const inDoubt = all
    .flatMap(({ refused }) => refused)
    .filter(({ error }) => error instanceof StemeError && error.code === 'STEME_BACKGROUND')
    .map(({ text }) => text);
  expect(there.filter((text) => !inDoubt.includes(text))).toEqual(acknowledged.sort());
  expect(new Set(there).size).toBe(there.length);
}

function closed(db: Database): Promise<void> {
  const refused = (error: unknown): void => expect(error).toMatchObject({ code: TYPED });
  return settles('the close', db.close().catch(refused));
}

async function listed(db: Database): Promise<string[]> {
  const records = await collected(db.quarantine.list());
  return records.map(({ payload }) => payload.toString().trimEnd()).sort();
}

/** Puts, gets, a flush and a compaction, with nothing to be seen of what is wrong elsewhere. */
async function expectHealthyStore(db: Database, name: string): Promise<void> {
  for (let i = 0; i < 50; i++) await db.put(`${name} ${i}`, 'x'.repeat(KIB));
  await settles('the flush', db.flush());
  await settles('the compaction', db.compact());
  for (let i = 0; i < 50; i++) expect(db.getSync(`${name} ${i}`)?.length).toBe(KIB);
  expect(db.stats()).toMatchObject({ backgroundError: undefined });
}

const FAULTS: readonly FaultRule[] = [
  { kind: 'open', error: 'EACCES' },
  { kind: 'open', error: 'EMFILE' },
  { kind: 'mkdir', error: 'EACCES' },
  { kind: 'list', error: 'EACCES' },
  { kind: 'write', error: 'ENOSPC' },
  { kind: 'write', error: 'ENOSPC', effect: 'short-write' },
  { kind: 'write', error: 'EIO' },
  { kind: 'datasync', error: 'EIO' },
  { kind: 'rename', error: 'EACCES' },
  { kind: 'remove', error: 'EACCES' },
  { kind: 'syncDirectory', error: 'EIO' },
  { error: 'EIO' },
];

const FAULT_CASES = FAULTS.map((fault) => {
  const name = `${fault.kind ?? 'everything'} fails with ${fault.error}${fault.effect === undefined ? '' : ' half-way'}`;
  return [name, fault] as const;
});

describe.each(FAULT_CASES)('where only the quarantine cannot be written (%s)', (_, fault) => {
  it.each([true, false])('the store goes on, and no acknowledged entry is lost (O_DIRECT: %s)', async (direct) => {
    const inner = new MemoryFileSystem({ direct });
    const disk = new FaultyFileSystem(inner);
    const db = await openOn(disk, () => undefined);
    const before = await append(db, 'before', 20);
    expect(before.refused).toEqual([]);
    disk.arm({ ...fault, path: QUARANTINE, times: FOREVER });
    const during = await append(db, 'during', 60);
    await expectHealthyStore(db, 'during');
    disk.disarm();
    const after = await append(db, 'after', 5);
    await expectHealthyStore(db, 'after');
    // What could not go to its segment is tried again.
    await vi.waitUntil(async () => (await db.quarantine.stats()).pendingBytes === 0);
    await closed(db);

    expectTyped([...during.refused, ...after.refused]);
    await withDatabase(inner, {}, async (again) => {
      expectKept(await listed(again), [before, during, after]);
      expect((await append(again, 'again', 2)).refused).toEqual([]);
      await expectHealthyStore(again, 'again');
    });
  });

  it('a database with a quarantine is opened, and its store goes on', async () => {
    const inner = new MemoryFileSystem();
    const first = await openOn(new FaultyFileSystem(inner), () => undefined);
    const before = await append(first, 'before', 20);
    const disk = new FaultyFileSystem(inner.clone());
    await first.close();

    disk.arm({ ...fault, path: QUARANTINE, times: FOREVER });
    const warnings: string[] = [];
    const db = await openOn(disk, ({ message }) => warnings.push(message));
    await expectHealthyStore(db, 'during');
    const during = await append(db, 'during', 3);
    expectTyped(during.refused);
    disk.disarm();
    await closed(db);
    expect(warnings.filter((message) => !message.includes('quarantine'))).toEqual([]);
    const again = await openOn(disk, () => undefined);
    expectKept(await listed(again), [before, during]);
    await again.close();
  });
});
