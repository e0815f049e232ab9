import { describe, expect, it } from 'vitest';
import { KEY_BYTES_MAX, MIB, VALUE_BYTES_MAX, WAL_BATCH_BYTES, WAL_BATCH_SLOTS } from '../../src/base/limits.js';
import { Prng } from '../../src/base/prng.js';
import type { BatchOperation } from '../../src/engine/api.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { settles } from '../support/settles.js';
import { entriesOf, openOn } from '../support/test-database.js';

const RING_BYTES = WAL_BATCH_BYTES * WAL_BATCH_SLOTS;

function bytesOf(seed: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  bytes.fill(new Prng(seed).fill(new Uint8Array(4093)));
  return bytes;
}

describe('the largest record', () => {
  it('is written, read, recovered and flushed', async () => {
    const disk = new MemoryFileSystem();
    const value = bytesOf(1, VALUE_BYTES_MAX);
    const key = bytesOf(2, KEY_BYTES_MAX);
    const db = await openOn(disk, { memtableBytes: MIB });
    await db.put('before', '1');
    await db.put(key, value);
    await db.put('after', '2');
    expect(db.getSync(key)?.equals(value)).toBe(true);
    await db.close();
    await using reopened = await openOn(disk, { memtableBytes: MIB });
    expect(reopened.getSync(key)?.equals(value)).toBe(true);
    await reopened.flush();
    expect(reopened.getSync(key)?.equals(value)).toBe(true);
    const entries = await reopened.iterator({ reverse: true }).nextv(3);
    expect(entries.map(([, found]) => found.length).sort()).toEqual([1, 1, VALUE_BYTES_MAX]);
  });
});

describe('a batch', () => {
  function batchOf(count: number, valueBytes: number): BatchOperation[] {
    return Array.from({ length: count }, (_, i) => ({
      type: 'put',
      key: `key ${String(i).padStart(6, '0')}`,
      value: bytesOf(i, valueBytes),
    }));
  }

  it.each([
    { name: 'larger than a memtable', memtableBytes: 64 * 1024, count: 100, valueBytes: 10_000 },
    {
      name: 'larger than the log ring, smaller than the memtable',
      memtableBytes: 8 * MIB,
      count: 50,
      valueBytes: 60_000,
    },
    { name: 'larger than both', memtableBytes: MIB, count: 300, valueBytes: 20_000 },
    { name: 'of many small operations in a small memtable', memtableBytes: 4096, count: 5000, valueBytes: 3 },
  ])('$name is there whole, before and after a reopen', async ({ memtableBytes, count, valueBytes }) => {
    const disk = new MemoryFileSystem();
    const operations = batchOf(count, valueBytes);
    const db = await openOn(disk, { memtableBytes });
    await db.put('a', '1');
    const large = db.batch(operations);
    const after = db.put('z', '2');
    await settles('the batch', Promise.all([large, after]));
    for (const open of [db, undefined]) {
      if (open === undefined) await db.close();
      const reader = open ?? (await openOn(disk, { memtableBytes }));
      const entries = await reader.iterator({ gt: 'a', lt: 'z' }).nextv(count + 1);
      expect(entries).toHaveLength(count);
      const isEqual = entries.every(([key, value], i) => {
        const operation = operations[i];
        return operation.type === 'put' && key.toString() === operation.key && value.equals(operation.value as Buffer);
      });
      expect(isEqual).toBe(true);
      if (open === undefined) await reader.close();
    }
  });

  it('larger than the ring keeps its place among the writes before and after it', async () => {
    await using db = await openOn(new MemoryFileSystem());
    const large = Buffer.alloc(RING_BYTES);
    await settles(
      'the writes',
      Promise.all([
        db.put('key', '1'),
        db.batch([
          { type: 'put', key: 'key', value: large },
          { type: 'put', key: 'other', value: large },
        ]),
        db.put('key', '2'),
        db.batch([
          { type: 'put', key: 'other', value: large },
          { type: 'put', key: 'other', value: '3' },
        ]),
      ]),
    );
    expect(await entriesOf(db)).toEqual([
      ['key', '2'],
      ['other', '3'],
    ]);
    expect(db.stats().sequence).toEqual({ last: 6, visible: 6 });
  });
});

describe('a memtable of 4 KiB', () => {
  it('takes records of every size, also larger ones than itself', async () => {
    const disk = new MemoryFileSystem();
    const sizes = [0, 1, 100, 1000, 3000, 4000, 5000, 50_000, 10, 10];
    const db = await openOn(disk, { memtableBytes: 4096 });
    for (const [i, size] of sizes.entries()) await db.put(`key ${i}`, bytesOf(i, size));
    await db.close();
    await using reopened = await openOn(disk, { memtableBytes: 4096 });
    for (const [i, size] of sizes.entries()) expect(reopened.getSync(`key ${i}`)?.equals(bytesOf(i, size))).toBe(true);
  });
});
