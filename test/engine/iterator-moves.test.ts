import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database, Entry } from '../../src/engine/api.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { code, openOn } from '../support/test-database.js';

const KEYS = ['b', 'd', 'f', 'h', 'j'];

function keysIn(entries: readonly Entry[]): string[] {
  return entries.map(([key]) => key.toString());
}

let db: Database;
beforeAll(async () => {
  db = await openOn(new MemoryFileSystem());
  for (const key of KEYS) await db.put(key, key.toUpperCase());
});
afterAll(() => db.close());

describe('next', () => {
  it('gives one entry after the other, then the end again and again', async () => {
    await using iterator = db.iterator({ lt: 'e' });
    expect(await iterator.next()).toEqual({ done: false, value: [Buffer.from('b'), Buffer.from('B')] });
    expect((await iterator.next()).done).toBe(false);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });
});

describe('nextv', () => {
  it('gives up to so many entries, and an empty array at the end', async () => {
    await using iterator = db.iterator();
    expect(keysIn(await iterator.nextv(2))).toEqual(['b', 'd']);
    expect(keysIn(await iterator.nextv(100))).toEqual(['f', 'h', 'j']);
    expect(await iterator.nextv(100)).toEqual([]);
    expect(await iterator.nextv(100)).toEqual([]);
  });

  it('may be mixed with next, and counts towards the limit', async () => {
    await using iterator = db.iterator({ limit: 3 });
    expect(keysIn(await iterator.nextv(2))).toEqual(['b', 'd']);
    expect((await iterator.next()).value?.[0].toString()).toBe('f');
    expect(await iterator.nextv(1)).toEqual([]);
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses a count of %s', async (count) => {
    await using iterator = db.iterator();
    await expect(iterator.nextv(count)).rejects.toEqual(code('STEME_INVALID_RANGE'));
  });

  it('gives all entries of a scan that is longer than a turn', async () => {
    await using large = await openOn(new MemoryFileSystem());
    const operations = Array.from({ length: 30_000 }, (_, i) => ({
      type: 'put' as const,
      key: String(i).padStart(6, '0'),
      value: 'v',
    }));
    await large.batch(operations);
    const entries = await large.iterator().nextv(100_000);
    expect(keysIn(entries)).toEqual(operations.map(({ key }) => key));
  });
});

describe('seek', () => {
  it.each([
    { to: 'a', forward: 'b', backward: undefined },
    { to: 'b', forward: 'b', backward: 'b' },
    { to: 'e', forward: 'f', backward: 'd' },
    { to: 'j', forward: 'j', backward: 'j' },
    { to: 'z', forward: undefined, backward: 'j' },
    { to: '', forward: 'b', backward: undefined },
  ])("to '$to' stands at or after it, in reverse at or before it", async ({ to, forward, backward }) => {
    for (const [reverse, expected] of [
      [false, forward],
      [true, backward],
    ] as const) {
      await using iterator = db.iterator({ reverse });
      iterator.seek(to);
      const { value } = await iterator.next();
      expect(value?.[0].toString()).toBe(expected);
    }
  });

  it('goes either way, also after the end', async () => {
    await using iterator = db.iterator();
    await iterator.nextv(100);
    iterator.seek('d');
    expect(keysIn(await iterator.nextv(2))).toEqual(['d', 'f']);
    iterator.seek('c');
    expect(keysIn(await iterator.nextv(1))).toEqual(['d']);
  });

  it('stays within the bounds', async () => {
    await using iterator = db.iterator({ gte: 'd', lt: 'h' });
    iterator.seek('a');
    expect(keysIn(await iterator.nextv(100))).toEqual(['d', 'f']);
    iterator.seek('h');
    expect(await iterator.nextv(100)).toEqual([]);
    await using empty = db.iterator({ gt: 'd', lt: 'd' });
    empty.seek('d');
    expect(await empty.nextv(1)).toEqual([]);
  });

  it('refuses what is no key', async () => {
    await using iterator = db.iterator();
    expect(() => iterator.seek(undefined as unknown as string)).toThrow(code('STEME_INVALID_RANGE') as Error);
  });
});

describe('for await', () => {
  it('goes through all entries and closes the iterator when it leaves early', async () => {
    const iterator = db.iterator();
    const seen: string[] = [];
    for await (const [key] of iterator) {
      seen.push(key.toString());
      if (seen.length === 2) break;
    }
    expect(seen).toEqual(['b', 'd']);
    await expect(iterator.next()).rejects.toEqual(code('STEME_CLOSED'));
  });

  it('closes the iterator when its body throws', async () => {
    const iterator = db.iterator();
    const loop = async () => {
      for await (const _ of iterator) throw new Error('stop');
    };
    await expect(loop()).rejects.toThrow('stop');
    await expect(iterator.next()).rejects.toEqual(code('STEME_CLOSED'));
  });
});

describe('a closed iterator', () => {
  it('refuses every move, and may be closed again', async () => {
    const iterator = db.iterator();
    await iterator.close();
    await iterator.close();
    await iterator[Symbol.asyncDispose]();
    await expect(iterator.next()).rejects.toEqual(code('STEME_CLOSED'));
    await expect(iterator.nextv(1)).rejects.toEqual(code('STEME_CLOSED'));
    expect(() => iterator.seek('a')).toThrow(code('STEME_CLOSED') as Error);
  });
});
