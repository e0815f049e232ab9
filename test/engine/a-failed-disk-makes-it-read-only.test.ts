import { describe, expect, it } from 'vitest';
import type { Database } from '../../src/engine/api.js';
import type { FaultRule } from '../../src/fs/faulty-file-system.js';
import { FaultyFileSystem } from '../../src/fs/faulty-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { outcomeOf } from '../support/settles.js';
import { code, contentsOf, entriesOf, openOn } from '../support/test-database.js';

async function expectReadOnly(db: Database): Promise<void> {
  const refusal = code('STEME_BACKGROUND');
  await expect(db.put('b', '2')).rejects.toEqual(refusal);
  await expect(db.del('a')).rejects.toEqual(refusal);
  await expect(db.batch([{ type: 'del', key: 'a' }])).rejects.toEqual(refusal);
  await expect(db.flush()).rejects.toEqual(refusal);
  await expect(db.compact()).rejects.toEqual(refusal);
  expect(db.stats().backgroundError).toEqual(expect.any(String));
  expect(db.getSync('a')?.toString()).toBe('1');
  expect(await entriesOf(db)).toEqual([['a', '1']]);
}

// law 7
describe('after a failure of the disk the database only reads', () => {
  it.each<[name: string, rule: FaultRule, work: (db: Database) => Promise<void>]>([
    ['a sync of the log', { kind: 'datasync', path: /\.log$/, nth: 4 }, (db) => db.put('b', '2')],
    ['a write of the log', { kind: 'write', path: /\.log$/, nth: 4 }, (db) => db.put('b', '2')],
    ['a table that cannot be written', { kind: 'write', path: /\.sst$/, nth: 1 }, (db) => db.flush()],
    ['a table that cannot be synced', { kind: 'datasync', path: /\.sst$/, nth: 1 }, (db) => db.flush()],
    ['an edit that cannot be synced', { kind: 'datasync', path: /MANIFEST/, nth: 2 }, (db) => db.flush()],
    [
      'an edit of a compaction that cannot be synced',
      { kind: 'datasync', path: /MANIFEST/, nth: 3 },
      (db) => db.compact(),
    ],
  ])('%s', async (_, rule, work) => {
    const disk = new MemoryFileSystem();
    const faulty = new FaultyFileSystem(disk, [rule]);
    const db = await openOn(faulty);
    await db.put('a', '1');
    const outcome = await outcomeOf('the work', work(db));
    expect(faulty.injected).toHaveLength(1);
    expect(outcome).toEqual({ error: code('STEME_BACKGROUND') });
    // A sync is promised only where the log itself still works.
    if (rule.path?.toString().includes('log')) await expect(db.sync()).rejects.toEqual(code('STEME_BACKGROUND'));
    await expectReadOnly(db);
    await db.close();
    const contents = await contentsOf(disk);
    expect(contents.filter(([key]) => key === 'a')).toEqual([['a', '1']]);
  });

  it('does not flush a memtable whose records never became durable', async () => {
    const disk = new MemoryFileSystem();
    const faulty = new FaultyFileSystem(disk, [{ kind: 'datasync', path: /\.log$/, nth: 4 }]);
    const db = await openOn(faulty, { memtableBytes: 4096 });
    await db.put('a', '1');
    const writes = Array.from({ length: 10 }, (_, i) => outcomeOf('a write', db.put(`lost ${i}`, 'v'.repeat(1000))));
    const flush = outcomeOf('the flush', db.flush());
    for (const outcome of await Promise.all(writes)) expect(outcome).toEqual({ error: code('STEME_BACKGROUND') });
    expect(await flush).toEqual({ error: code('STEME_BACKGROUND') });
    await db.close();
    expect((await disk.list('/db')).filter((name) => name.endsWith('.sst'))).toEqual([]);
  });

  it('refuses the writes that wait for room as well', async () => {
    const faulty = new FaultyFileSystem(new MemoryFileSystem(), [{ kind: 'write', path: /\.sst$/, nth: 1 }]);
    const db = await openOn(faulty, { memtableBytes: 4096 });
    const writes = Array.from({ length: 40 }, (_, i) => outcomeOf('a write', db.put(`key ${i}`, 'v'.repeat(1000))));
    expect(db.stats().stalls.cause).toBeDefined();
    const outcomes = await Promise.all(writes);
    expect(outcomes.at(-1)).toEqual({ error: code('STEME_BACKGROUND') });
    expect(db.stats().stalls.cause).toBeUndefined();
    await db.close();
  });
});

describe('a full disk', () => {
  it('turns the database read-only, loses nothing that was acknowledged, and is over once there is room', async () => {
    const disk = new MemoryFileSystem({ capacityBytes: 3_000_000 });
    const db = await openOn(disk, { memtableBytes: 8192 });
    let ackedCount = 0;
    let failure: unknown;
    for (let i = 0; failure === undefined && i < 10_000; i++) {
      const outcome = await outcomeOf('a write', db.put(`key ${String(i).padStart(5, '0')}`, `${i}`.padEnd(2000, '.')));
      if ('error' in outcome) failure = outcome.error;
      else ackedCount++;
    }
    expect(failure).toEqual(code('STEME_BACKGROUND'));
    expect(`${failure}`).toMatch(/full/);
    expect(ackedCount).toBeGreaterThan(100);
    expect(db.getSync('key 00000')?.length).toBe(2000);
    await db.close();
    disk.capacityBytes = undefined;
    await using reopened = await openOn(disk, { memtableBytes: 8192 });
    const entries = await entriesOf(reopened);
    expect(entries.length).toBeGreaterThanOrEqual(ackedCount);
    expect(entries.slice(0, ackedCount).every(([, value], i) => value.trimEnd() === `${i}`.padEnd(2000, '.'))).toBe(
      true,
    );
    await reopened.put('more', '1');
  });
});
