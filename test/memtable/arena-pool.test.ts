import { describe, expect, it } from 'vitest';
import { Deferred } from '../../src/base/deferred.js';
import { KIND_PUT } from '../../src/base/internal-key.js';
import { MIB, SEQUENCE_MAX } from '../../src/base/limits.js';
import { allocateSharedMemory } from '../../src/base/shared-memory.js';
import { touchMemory } from '../../src/fs/real-memory.js';
import { Arena } from '../../src/memtable/arena.js';
import { ArenaPool } from '../../src/memtable/arena-pool.js';
import { Memtable } from '../../src/memtable/memtable.js';
import { bytesOf, describeGet, insertRecord } from './memtable-model.js';

const STANDARD_BYTES = 64 * 1024;

describe('an arena pool', () => {
  it('hands a released standard arena out again, empty', () => {
    const pool = new ArenaPool(STANDARD_BYTES, 2);
    const first = pool.acquire(1000);
    expect(first.limitBytes).toBe(STANDARD_BYTES);
    const record = { key: bytesOf(1), sequence: 1, kind: KIND_PUT, value: bytesOf(2) };
    insertRecord(new Memtable(first), record);
    pool.release(first);
    const second = pool.acquire(1000);
    expect(second === first).toBe(true);
    expect(describeGet(new Memtable(second), record.key, SEQUENCE_MAX)).toBe('missing');
    const iterator = new Memtable(second).iterator();
    iterator.seekToFirst();
    expect(iterator.valid).toBe(false);
  });

  it('never lends one arena twice at a time', () => {
    const pool = new ArenaPool(STANDARD_BYTES, 2);
    const lent = [pool.acquire(0), pool.acquire(0), pool.acquire(0)];
    expect(new Set(lent).size).toBe(3);
  });

  it.each([0, STANDARD_BYTES - 8, STANDARD_BYTES - 7, STANDARD_BYTES, STANDARD_BYTES * 3 + 1])(
    'lends an arena with room for the %i bytes asked for',
    (minimumBytes) => {
      const arena = new ArenaPool(STANDARD_BYTES, 2).acquire(minimumBytes);
      expect(arena.hasRoom(minimumBytes)).toBe(true);
      expect(arena.limitBytes).toBeGreaterThanOrEqual(STANDARD_BYTES);
    },
  );

  it('lends an arena that takes the batch whose bound it was asked for', () => {
    const pool = new ArenaPool(STANDARD_BYTES, 2);
    const memtable = new Memtable(pool.acquire(Memtable.boundBytes(5000, 500_000)));
    expect(memtable.hasRoom(5000, 500_000)).toBe(true);
  });

  it('drops what is oversized', () => {
    const pool = new ArenaPool(STANDARD_BYTES, 2);
    const oversized = pool.acquire(STANDARD_BYTES * 2);
    pool.release(oversized);
    expect(pool.idleCount).toBe(0);
    expect(pool.acquire(STANDARD_BYTES * 2) === oversized).toBe(false);
  });

  it('drops what is more than it may keep idle', () => {
    const pool = new ArenaPool(STANDARD_BYTES, 2);
    const lent = [pool.acquire(0), pool.acquire(0), pool.acquire(0)];
    for (const arena of lent) pool.release(arena);
    expect(pool.idleCount).toBe(2);
    // Compared as numbers: a failed comparison of arenas would print their memory.
    expect([pool.acquire(0), pool.acquire(0), pool.acquire(0)].map((arena) => lent.indexOf(arena))).toEqual([1, 0, -1]);
  });

  it('refuses an arena released twice or lent by another', () => {
    const pool = new ArenaPool(STANDARD_BYTES, 2);
    const arena = pool.acquire(0);
    pool.release(arena);
    expect(() => pool.release(arena)).toThrow(/released once/);
    expect(() => pool.release(Arena.create(STANDARD_BYTES))).toThrow(/released once/);
    const oversized = pool.acquire(STANDARD_BYTES * 2);
    pool.release(oversized);
    expect(() => pool.release(oversized)).toThrow(/released once/);
    expect(pool.idleCount).toBe(1);
  });
});

describe('an arena that is prepared', () => {
  const LARGE_BYTES = 4 * MIB;

  /** A pool whose memory gets its pages when the test says so. */
  function poolWith(idleMax: number) {
    const touched: { memory: ArrayBufferLike; done: Deferred<void> }[] = [];
    const pool = new ArenaPool(LARGE_BYTES, idleMax, (memory) => {
      const done = new Deferred<void>();
      touched.push({ memory, done });
      return done.promise;
    });
    return { pool, touched };
  }

  it('is lent once its pages are there, and not before', async () => {
    const { pool, touched } = poolWith(2);
    pool.prepare();
    expect(touched).toHaveLength(1);
    const early = pool.acquire(0);
    expect(early.memory).not.toBe(touched[0].memory);
    touched[0].done.resolve();
    await touched[0].done.promise;
    expect(pool.idleCount).toBe(1);
    expect(pool.acquire(0).memory).toBe(touched[0].memory);
  });

  it('is one at a time, and none where one waits already or as many are lent as there may be', async () => {
    const { pool, touched } = poolWith(1);
    pool.prepare();
    pool.prepare();
    expect(touched).toHaveLength(1);
    touched[0].done.resolve();
    await touched[0].done.promise;
    pool.prepare();
    expect(touched).toHaveLength(1);
    pool.acquire(0);
    pool.acquire(0);
    pool.prepare();
    expect(touched).toHaveLength(1);
  });

  it('is as good where its pages could not be had, and it is not tried again', async () => {
    const { pool, touched } = poolWith(2);
    pool.prepare();
    touched[0].done.reject(new Error('no zeros'));
    await expect(touched[0].done.promise).rejects.toThrow('no zeros');
    expect(pool.acquire(0).memory).toBe(touched[0].memory);
    pool.prepare();
    expect(touched).toHaveLength(1);
  });

  it('is not worth it where arenas are small', () => {
    let calls = 0;
    const pool = new ArenaPool(LARGE_BYTES - 1, 2, () => {
      calls++;
      return Promise.resolve();
    });
    pool.prepare();
    expect(calls).toBe(0);
  });
});

describe('touching memory', () => {
  it('leaves zeros, in whatever pieces it takes', async () => {
    const memory = new Uint8Array(allocateSharedMemory(5 * MIB)).fill(7);
    await touchMemory(memory.buffer);
    expect(memory.every((byte) => byte === 0)).toBe(true);
  });
});
