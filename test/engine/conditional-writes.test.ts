import { describe, expect, it } from 'vitest';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { code, entriesOf, openOn } from '../support/test-database.js';

describe('putIfAbsent', () => {
  it('puts where there is nothing, and only there', async () => {
    await using db = await openOn(new MemoryFileSystem());
    expect(await db.putIfAbsent('a', '1')).toBe(true);
    expect(await db.putIfAbsent('a', '2')).toBe(false);
    await db.del('a');
    expect(await db.putIfAbsent('a', '3')).toBe(true);
    await db.flush();
    expect(await db.putIfAbsent('a', '4')).toBe(false);
    expect(db.getSync('a')?.toString()).toBe('3');
  });

  it('lets one of many win that ask at the same time, and all can read what won when they know', async () => {
    await using db = await openOn(new MemoryFileSystem());
    const askers = Array.from({ length: 20 }, async (_, i) => {
      const hasWon = await db.putIfAbsent('leader', `${i}`);
      return { hasWon, seen: db.getSync('leader')?.toString() };
    });
    const answers = await Promise.all(askers);
    expect(answers.map(({ hasWon }) => hasWon)).toEqual(Array.from({ length: 20 }, (_, i) => i === 0));
    expect(new Set(answers.map(({ seen }) => seen))).toEqual(new Set(['0']));
  });

  it('counts a write before it that is not acknowledged yet', async () => {
    await using db = await openOn(new MemoryFileSystem());
    const put = db.put('a', 'first');
    expect(await db.putIfAbsent('a', 'second')).toBe(false);
    const del = db.del('a');
    expect(await db.putIfAbsent('a', 'third')).toBe(true);
    await Promise.all([put, del]);
    expect(db.getSync('a')?.toString()).toBe('third');
  });
});

describe('compareAndSet', () => {
  it('sets where the value is the expected one', async () => {
    await using db = await openOn(new MemoryFileSystem());
    await db.put('a', '1');
    expect(await db.compareAndSet('a', '0', '2')).toBe(false);
    expect(await db.compareAndSet('a', '1', '2')).toBe(true);
    expect(await db.compareAndSet('a', '1', '3')).toBe(false);
    expect(await entriesOf(db)).toEqual([['a', '2']]);
  });

  it('takes undefined for absent, on both sides', async () => {
    await using db = await openOn(new MemoryFileSystem());
    expect(await db.compareAndSet('a', undefined, 'new')).toBe(true);
    expect(await db.compareAndSet('a', undefined, 'newer')).toBe(false);
    expect(await db.compareAndSet('a', 'new', undefined)).toBe(true);
    expect(await db.compareAndSet('a', 'new', undefined)).toBe(false);
    expect(await db.compareAndSet('a', undefined, undefined)).toBe(true);
    expect(await entriesOf(db)).toEqual([]);
  });

  it('tells an empty value from none', async () => {
    await using db = await openOn(new MemoryFileSystem());
    await db.put('a', '');
    expect(await db.compareAndSet('a', undefined, 'x')).toBe(false);
    expect(await db.compareAndSet('a', '', 'x')).toBe(true);
  });

  it('adds up, with a loop around it', async () => {
    await using db = await openOn(new MemoryFileSystem());
    await db.put('count', '0');
    const add = async (): Promise<void> => {
      for (;;) {
        const value = db.getSync('count');
        if (await db.compareAndSet('count', value, `${Number(value) + 1}`, { sync: false })) return;
      }
    };
    await Promise.all(Array.from({ length: 20 }, add));
    expect(db.getSync('count')?.toString()).toBe('20');
  });
});

it('a condition that fails writes nothing to the log', async () => {
  await using db = await openOn(new MemoryFileSystem());
  await db.put('a', '1');
  await db.putIfAbsent('a', '2');
  await db.compareAndSet('a', '0', undefined);
  expect(db.stats().sequence.last).toBe(1);
});

it('bad input to a conditional write is refused', async () => {
  await using db = await openOn(new MemoryFileSystem());
  await expect(db.putIfAbsent('', 'x')).rejects.toEqual(code('STEME_INVALID_KEY'));
  await expect(db.putIfAbsent('a', 'x', { ttlMs: 0 })).rejects.toEqual(code('STEME_INVALID_OPTION'));
  await expect(db.compareAndSet('a', 7 as never, 'x')).rejects.toEqual(code('STEME_INVALID_VALUE'));
  await expect(db.compareAndSet('a', undefined, undefined, { ttlMs: 5 })).rejects.toEqual(code('STEME_INVALID_OPTION'));
});
