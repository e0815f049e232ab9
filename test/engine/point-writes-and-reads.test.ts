import { describe, expect, it } from 'vitest';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { entriesOf, openOn } from '../support/test-database.js';

describe.each([
  { place: 'in the memtable', flushes: false },
  { place: 'in a table', flushes: true },
])('a record $place', ({ flushes }) => {
  async function databaseWith(operations: readonly [key: string | Uint8Array, value?: string | Uint8Array][]) {
    const db = await openOn(new MemoryFileSystem());
    for (const [key, value] of operations) await (value === undefined ? db.del(key) : db.put(key, value));
    if (flushes) await db.flush();
    return db;
  }

  it('is found by get, getSync and getMany', async () => {
    await using db = await databaseWith([
      ['a', '1'],
      ['b', '2'],
    ]);
    expect((await db.get('a'))?.toString()).toBe('1');
    expect(db.getSync('b')?.toString()).toBe('2');
    expect((await db.getMany(['b', 'none', 'a', 'b'])).map((value) => value?.toString())).toEqual([
      '2',
      undefined,
      '1',
      '2',
    ]);
  });

  it('that was never written or was deleted is undefined', async () => {
    await using db = await databaseWith([['a', '1'], ['b', '2'], ['a']]);
    expect(await db.get('a')).toBeUndefined();
    expect(db.getSync('never')).toBeUndefined();
    expect(await entriesOf(db)).toEqual([['b', '2']]);
  });

  it('has the value of the last write', async () => {
    await using db = await databaseWith([['a', '1'], ['a', '2'], ['a'], ['a', '3']]);
    expect(db.getSync('a')?.toString()).toBe('3');
  });

  it('may have an empty value, which is not undefined', async () => {
    await using db = await databaseWith([['a', '']]);
    expect(await db.get('a')).toEqual(Buffer.alloc(0));
    expect(await entriesOf(db)).toEqual([['a', '']]);
  });

  it('may have any bytes as key, in the order of bytes', async () => {
    const keys = [[0], [0, 0], [0, 1], [1], [127], [128], [128, 0], [255], [255, 255]].map((bytes) =>
      Buffer.from(bytes),
    );
    await using db = await databaseWith(keys.toReversed().map((key) => [key, key]));
    const found: Buffer[] = [];
    for await (const [key, value] of db.iterator()) {
      expect(value).toEqual(key);
      found.push(key);
    }
    expect(found).toEqual(keys);
    for (const key of keys) expect(db.getSync(key)).toEqual(key);
  });

  it('takes a string as its UTF-8 bytes', async () => {
    await using db = await databaseWith([['grüße/😀', 'naïve – ☃']]);
    expect(db.getSync(Buffer.from('grüße/😀'))?.toString('utf8')).toBe('naïve – ☃');
    expect(db.getSync('grüße/😀')).toEqual(Buffer.from('naïve – ☃', 'utf8'));
  });
});

describe('a batch', () => {
  it('takes its operations in order, the last one on a key counts', async () => {
    await using db = await openOn(new MemoryFileSystem());
    await db.put('gone', 'x');
    await db.batch([
      { type: 'put', key: 'a', value: '1' },
      { type: 'put', key: 'b', value: '1' },
      { type: 'del', key: 'gone' },
      { type: 'put', key: 'a', value: '2' },
      { type: 'del', key: 'b' },
    ]);
    expect(await entriesOf(db)).toEqual([['a', '2']]);
  });

  it('may be empty, and then writes nothing', async () => {
    await using db = await openOn(new MemoryFileSystem());
    await db.batch([]);
    expect(db.stats()).toMatchObject({ sequence: { last: 0 }, wal: { writes: 0 } });
  });
});

describe('getMany', () => {
  it('takes no keys, too', async () => {
    await using db = await openOn(new MemoryFileSystem());
    expect(await db.getMany([])).toEqual([]);
  });
});

describe('sync: false', () => {
  it('is acknowledged without a sync, and sync() makes up for it', async () => {
    const disk = new MemoryFileSystem();
    const db = await openOn(disk);
    const before = db.stats().wal.syncs;
    await db.put('a', '1', { sync: false });
    await db.del('b', { sync: false });
    await db.batch([{ type: 'put', key: 'c', value: '3' }], { sync: false });
    expect(db.stats().wal.syncs).toBe(before);
    expect(db.getSync('a')?.toString()).toBe('1');
    await db.sync();
    expect(db.stats().wal.syncs).toBe(before + 1);
    for (let seed = 1; seed <= 5; seed++) {
      await using crashed = await openOn(disk.crashClone(seed));
      expect(await entriesOf(crashed)).toEqual([
        ['a', '1'],
        ['c', '3'],
      ]);
    }
    await db.close();
  });
});
