import { describe, expect, it } from 'vitest';
import { code } from '../support/test-database.js';
import { MemoryLevel } from './memory-level.js';

async function filled(count: number): Promise<MemoryLevel> {
  const db = new MemoryLevel({ sync: false });
  const keys = Array.from({ length: count }, (_, i) => String(i).padStart(6, '0'));
  await db.batch(keys.map((key) => ({ type: 'put' as const, key, value: `v${key}` })));
  return db;
}

describe('an iterator', () => {
  it('that is sent out of its range ends, and goes on after a seek into it', async () => {
    await using db = await filled(10);
    await using iterator = db.keys({ gt: '000003', lt: '000006' });
    for (const outside of ['000000', '000003', '000006', '9']) {
      iterator.seek(outside);
      expect(await iterator.next()).toBeUndefined();
      expect(await iterator.nextv(3)).toEqual([]);
    }
    iterator.seek('000004');
    expect(await iterator.nextv(3)).toEqual(['000004', '000005']);
  });

  it('gives all at once, more than one chunk, up to its limit', async () => {
    await using db = await filled(2500);
    expect(await db.keys().all()).toHaveLength(2500);
    expect(await db.values({ limit: 1500 }).all()).toHaveLength(1500);
    const iterator = db.iterator({ limit: 3 });
    expect(await iterator.next()).toEqual(['000000', 'v000000']);
    expect(await iterator.all()).toHaveLength(2);
  });

  it('that is aborted gives nothing any more, whichever way it is asked', async () => {
    await using db = await filled(10);
    for (const read of ['next', 'all', 'nextv'] as const) {
      const controller = new AbortController();
      const iterator = db.keys({ signal: controller.signal });
      expect(await iterator.next()).toBe('000000');
      controller.abort(new Error('enough'));
      const aborted = { code: 'LEVEL_ABORTED', name: 'AbortError' };
      await expect(iterator[read](1)).rejects.toMatchObject(aborted);
      await iterator.close();
    }
  });

  it('that is aborted in the turn of its read gives nothing either', async () => {
    await using db = await filled(10);
    const controller = new AbortController();
    const iterator = db.keys({ signal: controller.signal });
    const read = iterator.nextv(5);
    controller.abort();
    await expect(read).rejects.toEqual(code('LEVEL_ABORTED'));
    await iterator.close();
  });

  it('may be made with a signal that is aborted, and fails when it is read', async () => {
    await using db = await filled(10);
    const iterator = db.keys({ signal: AbortSignal.abort() });
    await expect(iterator.next()).rejects.toEqual(code('LEVEL_ABORTED'));
    await iterator.close();
  });

  it('that could not be made does not keep its database from closing', async () => {
    const db = await filled(10);
    const other = await filled(1);
    const snapshot = other.snapshot();
    expect(() => db.iterator({ snapshot })).toThrow(/snapshot/);
    expect(() => db.keys({ snapshot: {} as typeof snapshot })).toThrow(TypeError);
    await other.close();
    await db.close();
    expect(db.status).toBe('closed');
  });

  it('is closed with its database', async () => {
    const db = await filled(10);
    const iterator = db.keys();
    await iterator.next();
    await db.close();
    await expect(iterator.next()).rejects.toEqual(code('LEVEL_ITERATOR_NOT_OPEN'));
  });
});

describe('a snapshot', () => {
  it('is what every kind of read of it sees, over flushes and compactions', async () => {
    await using db = await filled(10);
    await using snapshot = db.snapshot();
    await db.del('000001');
    await db.put('000002', 'new');
    await db.put('added', 'new');
    await db.database.compact();
    expect(await db.get('000001', { snapshot })).toBe('v000001');
    expect(db.getSync('000002', { snapshot })).toBe('v000002');
    expect(await db.getMany(['000001', 'added'], { snapshot })).toEqual(['v000001', undefined]);
    expect(await db.has('added', { snapshot })).toBe(false);
    expect(await db.hasMany(['000001', 'added'], { snapshot })).toEqual([true, false]);
    expect(await db.keys({ snapshot }).all()).toHaveLength(10);
    expect(await db.keys().all()).toHaveLength(10);
    expect(await db.get('000002')).toBe('new');
  });

  it('of a sublevel is let go of with it', async () => {
    await using db = await filled(1);
    const inner = db.sublevel('inner');
    await inner.open();
    const snapshot = inner.snapshot();
    expect(db.database.stats().snapshots.open).toBe(1);
    await inner.close();
    expect(db.database.stats().snapshots.open).toBe(0);
    await expect(db.get('a', { snapshot })).rejects.toEqual(code('LEVEL_SNAPSHOT_NOT_OPEN'));
  });
});
