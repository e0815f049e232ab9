import { describe, expect, it } from 'vitest';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { entriesOf, openOn } from '../support/test-database.js';

describe('what is handed out', () => {
  it.each([false, true])('is a copy: changing it changes nothing (flushed: %s)', async (flushes) => {
    await using db = await openOn(new MemoryFileSystem());
    const long = 'v'.repeat(500);
    await db.put('key', long);
    if (flushes) await db.flush();
    db.getSync('key')?.fill(0);
    (await db.get('key'))?.fill(0);
    (await db.getMany(['key']))[0]?.fill(0);
    for await (const [key, value] of db.iterator()) {
      key.fill(0);
      value.fill(0);
    }
    expect(await entriesOf(db)).toEqual([['key', long]]);
  });
});

describe('what is handed in', () => {
  it('may be changed as soon as the call returns', async () => {
    const disk = new MemoryFileSystem();
    const db = await openOn(disk);
    const key = Buffer.from('key');
    const value = Buffer.from('value');
    const writes = [db.put(key, value), db.batch([{ type: 'put', key: Buffer.from('batch'), value }])];
    key.fill(0x78);
    value.fill(0x78);
    await Promise.all(writes);
    const expected = [
      ['batch', 'value'],
      ['key', 'value'],
    ];
    expect(await entriesOf(db)).toEqual(expected);
    await db.close();
    await using reopened = await openOn(disk);
    expect(await entriesOf(reopened)).toEqual(expected);
  });

  it('may be changed even while the write waits in the queue', async () => {
    const disk = new MemoryFileSystem();
    const db = await openOn(disk, { memtableBytes: 4096 });
    const value = Buffer.alloc(3000);
    const writes: Promise<void>[] = [];
    // Far more than the memtables that may wait hold: most of these have to queue.
    for (let i = 0; i < 30; i++) {
      value.fill(65 + i);
      writes.push(db.put(`key ${String(i).padStart(2, '0')}`, value));
    }
    expect(db.stats().stalls.count).toBeGreaterThan(0);
    value.fill(0);
    await Promise.all(writes);
    const expected = Array.from({ length: 30 }, (_, i) => [
      `key ${String(i).padStart(2, '0')}`,
      String.fromCharCode(65 + i).repeat(3000),
    ]);
    expect(await entriesOf(db)).toEqual(expected);
    await db.close();
    await using reopened = await openOn(disk);
    expect(await entriesOf(reopened)).toEqual(expected);
  });
});
