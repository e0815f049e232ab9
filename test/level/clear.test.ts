import { describe, expect, it } from 'vitest';
import { KEY_BYTES_MAX } from '../../src/base/limits.js';
import { MemoryLevel } from './memory-level.js';

const LETTERS = ['a', 'b', 'c', 'd', 'e', 'f'];

async function filled(): Promise<MemoryLevel> {
  const db = new MemoryLevel();
  await db.batch(LETTERS.map((key) => ({ type: 'put' as const, key, value: key })));
  return db;
}

describe('clear', () => {
  it('of a range is one record, however many keys are in it', async () => {
    await using db = await filled();
    const before = db.database.stats().writes;
    await db.clear({ gte: 'b', lt: 'f' });
    const after = db.database.stats().writes;
    expect(await db.keys().all()).toEqual(['a', 'f']);
    expect(after.batches - before.batches).toBe(1);
    expect(after.records - before.records).toBe(2);
  });

  it('writes nothing where there is nothing', async () => {
    await using db = await filled();
    const before = db.database.stats().sequence.last;
    await db.clear({ gt: 'c', lt: 'd' });
    await db.clear({ gt: 'z' });
    await db.clear({ limit: 0 });
    expect(db.database.stats().sequence.last).toBe(before);
  });

  it('takes keys of the largest size with it', async () => {
    await using db = new MemoryLevel<Buffer>({ keyEncoding: 'buffer' });
    const largest = Buffer.alloc(KEY_BYTES_MAX, 255);
    // One more 255, and it would be a key of the engine itself.
    largest[15] = 254;
    await db.put(largest, 'last');
    await db.put(Buffer.from('a'), 'first');
    await db.clear();
    expect(await db.keys().all()).toEqual([]);
  });

  it('with a limit takes the first ones in its direction', async () => {
    await using db = await filled();
    await db.clear({ limit: 2 });
    await db.clear({ limit: 1, reverse: true });
    expect(await db.keys().all()).toEqual(['c', 'd', 'e']);
  });

  it('with a snapshot takes what the snapshot saw', async () => {
    await using db = await filled();
    await using snapshot = db.snapshot();
    await db.put('g', 'new');
    await db.clear({ snapshot });
    expect(await db.keys().all()).toEqual(['g']);
  });

  it('of a sublevel leaves its neighbours', async () => {
    await using db = await filled();
    const inner = db.sublevel('inner');
    await inner.put('x', '1');
    await inner.clear();
    expect(await inner.keys().all()).toEqual([]);
    expect(await db.keys().all()).toEqual(LETTERS);
  });
});
