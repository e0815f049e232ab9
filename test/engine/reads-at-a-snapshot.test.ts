import { describe, expect, it } from 'vitest';
import type { Database, IteratorOptions, Snapshot } from '../../src/engine/api.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { code, entriesOf, openOn, withDatabase } from '../support/test-database.js';

const NEW = { b: 'new', c: 'new' };

/** `a` and `b` are there at the snapshot; then `a` is deleted, `b` changed and `c` new. */
async function withHistory(work: (db: Database, snapshot: Snapshot) => Promise<void>): Promise<void> {
  await withDatabase(new MemoryFileSystem(), {}, async (db) => {
    await db.batch([
      { type: 'put', key: 'a', value: 'old' },
      { type: 'put', key: 'b', value: 'old' },
    ]);
    using snapshot = db.snapshot();
    await db.batch([
      { type: 'del', key: 'a' },
      ...Object.entries(NEW).map(([key, value]) => ({ type: 'put' as const, key, value })),
    ]);
    await work(db, snapshot);
    await db.flush();
    await work(db, snapshot);
  });
}

describe('a read with a snapshot', () => {
  it('sees that moment, and without one the present', async () => {
    await withHistory(async (db, snapshot) => {
      expect((await db.get('a', { snapshot }))?.toString()).toBe('old');
      expect(db.getSync('b', { snapshot })?.toString()).toBe('old');
      expect(db.getSync('b')?.toString()).toBe('new');
      expect(await db.get('a')).toBeUndefined();
      const keys = ['a', 'b', 'c', 'x'];
      expect((await db.getMany(keys, { snapshot })).map(String)).toEqual(['old', 'old', 'undefined', 'undefined']);
      expect((await db.getMany(keys)).map(String)).toEqual(['undefined', 'new', 'new', 'undefined']);
    });
  });

  it('knows whether there is a value', async () => {
    await withHistory(async (db, snapshot) => {
      const keys = ['a', 'b', 'c', 'x'];
      expect(keys.map((key) => db.hasSync(key))).toEqual([false, true, true, false]);
      expect(keys.map((key) => db.hasSync(key, { snapshot }))).toEqual([true, true, false, false]);
      expect(await db.has('a', { snapshot })).toBe(true);
      expect(await db.has('a')).toBe(false);
    });
  });

  it('scans that moment in both directions', async () => {
    await withHistory(async (db, snapshot) => {
      const then = [
        ['a', 'old'],
        ['b', 'old'],
      ];
      expect(await entriesOf(db, { snapshot })).toEqual(then);
      expect(await entriesOf(db, { snapshot, reverse: true })).toEqual(then.toReversed());
      expect(await entriesOf(db)).toEqual(Object.entries(NEW));
    });
  });

  it('keeps an iterator at its moment when the snapshot is closed', async () => {
    await withHistory(async (db) => {
      const snapshot = db.snapshot();
      const iterator = db.iterator({ snapshot });
      snapshot.close();
      await db.put('d', 'later');
      expect(await iterator.nextv(9)).toHaveLength(2);
      await iterator.close();
      await db.del('d');
    });
  });
});

describe('a snapshot that is of no use', () => {
  const reads: [string, (db: Database, snapshot: Snapshot) => unknown][] = [
    ['get', (db, snapshot) => db.get('a', { snapshot })],
    ['getSync', async (db, snapshot) => db.getSync('a', { snapshot })],
    ['getMany', (db, snapshot) => db.getMany(['a'], { snapshot })],
    ['getMany of nothing', (db, snapshot) => db.getMany([], { snapshot })],
    ['has', (db, snapshot) => db.has('a', { snapshot })],
    ['hasSync', async (db, snapshot) => db.hasSync('a', { snapshot })],
    ['iterator', async (db, snapshot) => db.iterator({ snapshot } satisfies IteratorOptions)],
  ];

  it.each(reads)('is refused by %s, closed or of another database or none', async (_, read) => {
    const db = await openOn(new MemoryFileSystem());
    const other = await openOn(new MemoryFileSystem());
    const foreign = other.snapshot();
    const closed = db.snapshot();
    closed.close();
    await expect(read(db, closed)).rejects.toEqual(code('STEME_CLOSED'));
    await expect(read(db, foreign)).rejects.toEqual(code('STEME_INVALID_OPTION'));
    await expect(read(db, JSON.parse('{ "sequence": 1 }'))).rejects.toEqual(code('STEME_INVALID_OPTION'));
    expect(db.stats().iterators.open).toBe(0);
    await other.close();
    await expect(read(db, foreign)).rejects.toEqual(code('STEME_INVALID_OPTION'));
    await db.close();
  });
});
