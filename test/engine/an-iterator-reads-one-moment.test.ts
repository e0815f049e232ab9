import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Database, EntryIterator } from '../../src/engine/api.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { entriesOf, filesOf, openOn } from '../support/test-database.js';

async function rest(iterator: EntryIterator): Promise<[string, string][]> {
  return (await iterator.nextv(1000)).map(([key, value]) => [key.toString(), value.toString()]);
}

async function putAll(db: Database, value: string): Promise<void> {
  for (const key of ['a', 'b', 'c', 'd']) await db.put(key, value);
}

const OLD = ['a', 'b', 'c', 'd'].map((key): [string, string] => [key, 'old']);

describe.each([false, true])('an iterator that was opened before changes (reverse: %s)', (reverse) => {
  const expected = reverse ? OLD.toReversed() : OLD;

  it('sees none of them, wherever they went meanwhile', async () => {
    await using db = await openOn(new MemoryFileSystem(), { memtableBytes: 4096 });
    await putAll(db, 'old');
    const iterators = [db.iterator({ reverse })];
    await db.flush();
    iterators.push(db.iterator({ reverse }));
    await putAll(db, 'new');
    await db.del('b');
    await db.put('bb', 'new');
    await db.flush();
    await db.compact();
    for (let i = 0; i < 50; i++) await db.put(`filler ${i}`, 'x'.repeat(500));
    await db.compact();
    for (const iterator of iterators) expect(await rest(iterator)).toEqual(expected);
    // And again, after all has been read.
    iterators[0].seek(reverse ? 'z' : 'a');
    expect(await rest(iterators[0])).toEqual(expected);
  });

  it('in the middle of its walk goes on with the same moment', async () => {
    await using db = await openOn(new MemoryFileSystem());
    await putAll(db, 'old');
    await using iterator = db.iterator({ reverse });
    const entries = [await rest2(iterator, 2), await changeAll(db), await rest2(iterator, 10)].flat();
    expect(entries).toEqual(expected);
  });
});

async function rest2(iterator: EntryIterator, count: number): Promise<[string, string][]> {
  return (await iterator.nextv(count)).map(([key, value]) => [key.toString(), value.toString()]);
}

async function changeAll(db: Database): Promise<[]> {
  await putAll(db, 'new');
  await db.flush();
  await db.compact();
  return [];
}

// law 4
describe('the tables that an iterator reads', () => {
  it.each(['mmap', 'pread'] as const)('stay until it is closed, and are removed then (%s)', async (readMode) => {
    const disk = new MemoryFileSystem();
    await using db = await openOn(disk, { readMode, blockCacheBytes: 0 });
    await putAll(db, 'old');
    await db.flush();
    const [table] = await filesOf(disk, '.sst');
    const iterator = db.iterator();
    await putAll(db, 'new');
    await db.compact();
    await settled();
    expect(await filesOf(disk, '.sst')).toContain(table);
    expect(await rest(iterator)).toEqual(OLD);
    await iterator.close();
    await settled();
    expect(await filesOf(disk, '.sst')).not.toContain(table);
    expect(await entriesOf(db)).toEqual(OLD.map(([key]) => [key, 'new']));
  });
});

/** Removals go on in the background, a few turns each. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await nextTurn();
}
