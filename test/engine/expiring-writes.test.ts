import { describe, expect, it } from 'vitest';
import { TTL_MS_MAX } from '../../src/base/limits.js';
import { SimulatedTime } from '../../src/base/simulated-time.js';
import type { Database } from '../../src/engine/api.js';
import type { Options } from '../../src/engine/options.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { openWith, testEnvironment } from '../../src/testing.js';
import { code, DIRECTORY, entriesOf, keysOf } from '../support/test-database.js';

function openAt(time: SimulatedTime, options: Options = {}): Promise<Database> {
  return openWith(
    DIRECTORY,
    { walSync: 'fdatasync', ...options },
    testEnvironment(new MemoryFileSystem(), { clock: time }),
  );
}

describe('a put with a time to live', () => {
  it('is there to its last millisecond, and not at the next, whoever asks', async () => {
    const time = new SimulatedTime();
    await using db = await openAt(time);
    await db.put('a', 'value', { ttlMs: 1000 });
    await db.put('b', 'stays');
    time.advance(999);
    expect(db.getSync('a')?.toString()).toBe('value');
    expect(await entriesOf(db)).toEqual([
      ['a', 'value'],
      ['b', 'stays'],
    ]);
    time.advance(1);
    expect(db.getSync('a')).toBeUndefined();
    expect(await db.has('a')).toBe(false);
    expect(await db.getMany(['a', 'b'])).toEqual([undefined, Buffer.from('stays')]);
    expect(await keysOf(db)).toEqual(['b']);
    expect(await keysOf(db, { reverse: true })).toEqual(['b']);
  });

  it('hides what it has overwritten, after its end too', async () => {
    const time = new SimulatedTime();
    await using db = await openAt(time);
    await db.put('a', 'old');
    await db.put('a', 'new', { ttlMs: 10 });
    time.advance(10);
    expect(db.getSync('a')).toBeUndefined();
  });

  it('can be put anew, with another time or none', async () => {
    const time = new SimulatedTime();
    await using db = await openAt(time);
    await db.put('a', '1', { ttlMs: 10 });
    await db.put('a', '2', { ttlMs: 20 });
    time.advance(10);
    expect(db.getSync('a')?.toString()).toBe('2');
    await db.put('a', '3');
    time.advance(TTL_MS_MAX);
    expect(db.getSync('a')?.toString()).toBe('3');
  });

  it('is seen by a snapshot and an iterator of before its end, for as long as they are open', async () => {
    const time = new SimulatedTime();
    await using db = await openAt(time);
    await db.put('a', 'value', { ttlMs: 10 });
    time.advance(9);
    using snapshot = db.snapshot();
    await using iterator = db.iterator();
    time.advance(100);
    expect(db.getSync('a')).toBeUndefined();
    expect(db.getSync('a', { snapshot })?.toString()).toBe('value');
    expect(await iterator.nextv(10)).toHaveLength(1);
  });
});

describe('a time to live comes', () => {
  it('from the operation of a batch, else from the batch, else from the database', async () => {
    const time = new SimulatedTime();
    await using db = await openAt(time, { ttlMs: 100 });
    await db.put('database', '');
    await db.put('put', '', { ttlMs: 10 });
    await db.batch([{ type: 'put', key: 'batch by database', value: '' }]);
    const operations = [
      { type: 'put' as const, key: 'batch', value: '' },
      { type: 'put' as const, key: 'operation', value: '', ttlMs: 30 },
      { type: 'del' as const, key: 'x' },
    ];
    await db.batch(operations, { ttlMs: 20 });
    const goneAt: Record<string, number> = {};
    for (let ms = 10; ms <= 100; ms += 10) {
      time.advance(10);
      const keys = new Set(await keysOf(db));
      for (const key of ['database', 'put', 'batch by database', 'batch', 'operation']) {
        if (!keys.has(key)) goneAt[key] ??= ms;
      }
    }
    expect(goneAt).toEqual({ put: 10, batch: 20, operation: 30, database: 100, 'batch by database': 100 });
  });

  it('with conditional writes and transactions as well', async () => {
    const time = new SimulatedTime();
    await using db = await openAt(time, { ttlMs: 1000 });
    await db.putIfAbsent('a', '1', { ttlMs: 10 });
    await db.compareAndSet('b', undefined, '1', { ttlMs: 10 });
    await db.transaction((tx) => {
      tx.put('c', '1', { ttlMs: 10 });
      tx.put('d', '1');
      expect(tx.getSync('c')?.toString()).toBe('1');
    });
    time.advance(10);
    expect(await keysOf(db)).toEqual(['d']);
    time.advance(990);
    expect(await keysOf(db)).toEqual([]);
  });
});

it('what has expired is absent for conditional writes', async () => {
  const time = new SimulatedTime();
  await using db = await openAt(time);
  await db.put('a', '1', { ttlMs: 10 });
  expect(await db.putIfAbsent('a', '2')).toBe(false);
  time.advance(10);
  expect(await db.compareAndSet('a', '1', '2')).toBe(false);
  expect(await db.putIfAbsent('a', '3')).toBe(true);
});

it('a transaction judges expiry by the time it began', async () => {
  const time = new SimulatedTime();
  await using db = await openAt(time);
  await db.put('a', '1', { ttlMs: 10 });
  await db.transaction(async (tx) => {
    time.advance(10);
    expect(db.getSync('a')).toBeUndefined();
    expect(tx.getSync('a')?.toString()).toBe('1');
    tx.put('b', 'done');
  });
  expect(db.getSync('b')?.toString()).toBe('done');
});

it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, TTL_MS_MAX + 1, '10'])(
  'a time to live of %s is refused',
  async (bad) => {
    const time = new SimulatedTime();
    await using db = await openAt(time);
    const ttlMs = bad as number;
    const refusal = code('STEME_INVALID_OPTION');
    await expect(db.put('a', '1', { ttlMs })).rejects.toEqual(refusal);
    await expect(db.batch([{ type: 'put', key: 'a', value: '1', ttlMs }])).rejects.toEqual(refusal);
    await expect(db.batch([{ type: 'put', key: 'a', value: '1' }], { ttlMs })).rejects.toEqual(refusal);
    await expect(db.putIfAbsent('a', '1', { ttlMs })).rejects.toEqual(refusal);
    await expect(db.transaction((tx) => tx.put('a', '1', { ttlMs }))).rejects.toEqual(refusal);
    expect(db.stats().sequence.last).toBe(0);
  },
);
