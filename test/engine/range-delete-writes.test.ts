import { describe, expect, it } from 'vitest';
import type { Database, Transaction } from '../../src/engine/api.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { code, entriesOf, keysOf, openOn } from '../support/test-database.js';

const KEYS = ['a', 'b', 'c', 'd', 'e'];

async function filled(disk = new MemoryFileSystem()): Promise<Database> {
  const db = await openOn(disk);
  await db.batch(KEYS.map((key) => ({ type: 'put', key, value: 'old' })));
  return db;
}

describe('a range delete', () => {
  it('hides the keys from its start up to its end, and none put later', async () => {
    await using db = await filled();
    await db.deleteRange('b', 'd');
    await db.put('c', 'new');
    expect(await entriesOf(db)).toEqual([
      ['a', 'old'],
      ['c', 'new'],
      ['d', 'old'],
      ['e', 'old'],
    ]);
    expect((await db.getMany(KEYS)).map(String)).toEqual(['old', 'undefined', 'new', 'old', 'old']);
  });

  it('counts in a batch where it stands', async () => {
    await using db = await filled();
    await db.batch([
      { type: 'put', key: 'bb', value: 'before' },
      { type: 'delRange', gte: 'b', lt: 'd' },
      { type: 'put', key: 'c', value: 'after' },
    ]);
    expect(await keysOf(db)).toEqual(['a', 'c', 'd', 'e']);
  });

  it('from an empty start takes everything before its end', async () => {
    await using db = await filled();
    await db.deleteRange('', 'c');
    expect(await keysOf(db)).toEqual(['c', 'd', 'e']);
  });

  it('is not seen by a snapshot of before', async () => {
    await using db = await filled();
    using snapshot = db.snapshot();
    await db.deleteRange('a', 'z');
    await db.flush();
    await db.compact();
    expect(db.getSync('c', { snapshot })?.toString()).toBe('old');
    expect(await keysOf(db, { snapshot })).toEqual(KEYS);
    expect(await keysOf(db)).toEqual([]);
  });

  it('is there after a kill, from the log', async () => {
    const disk = new MemoryFileSystem();
    const db = await filled(disk);
    await db.deleteRange('b', 'd');
    const killed = disk.clone();
    await db.close();
    await using again = await openOn(killed);
    expect(await keysOf(again)).toEqual(['a', 'd', 'e']);
  });

  it('makes keys absent for conditional writes', async () => {
    await using db = await filled();
    const deleted = db.deleteRange('b', 'd');
    expect(await db.putIfAbsent('c', 'new')).toBe(true);
    expect(await db.compareAndSet('d', 'old', 'new')).toBe(true);
    await deleted;
  });
});

type Reading = (tx: Transaction) => Promise<unknown>;

const overlapping: [name: string, read: Reading][] = [
  ['a key that was read', (tx) => tx.get('c')],
  ['a key that was missed', (tx) => tx.get('cc')],
  ['a range that was read', (tx) => tx.iterator({ gte: 'a', lt: 'c' }).nextv(10)],
  ['a range that was read to its end', (tx) => tx.iterator({ gt: 'c', lt: 'd', reverse: true }).nextv(10)],
];
const elsewhere: [name: string, read: Reading][] = [
  ['keys that were read', (tx) => tx.getMany(['a', 'd'])],
  ['where a scan stopped', (tx) => tx.iterator().nextv(1)],
  ['a range that was read', (tx) => tx.iterator({ gte: 'd' }).nextv(10)],
];
const storing: [name: string, store: (db: Database) => Promise<void>][] = [
  ['in the memtable', async () => undefined],
  ['flushed', (db) => db.flush()],
];

describe.each(storing)('a range delete, %s,', (_, store) => {
  async function commitAfter(read: Reading): Promise<void> {
    await using db = await filled();
    await db.flush();
    await db.transaction(async (tx) => {
      await read(tx);
      await db.deleteRange('b', 'd');
      await store(db);
      tx.put('x', 'committed');
    });
  }

  it.each(overlapping)('conflicts with a transaction over %s', async (_name, read) => {
    await expect(commitAfter(read)).rejects.toEqual(code('STEME_CONFLICT'));
  });

  it.each(elsewhere)('does not conflict beside %s', async (_name, read) => {
    await commitAfter(read);
  });
});

it('a transaction writes its range deletes before what it put into them', async () => {
  await using db = await filled();
  await db.transaction((tx) => {
    tx.put('bb', 'gone');
    tx.deleteRange('b', 'd');
    tx.put('c', 'own');
  });
  expect(await entriesOf(db)).toEqual([
    ['a', 'old'],
    ['c', 'own'],
    ['d', 'old'],
    ['e', 'old'],
  ]);
});
