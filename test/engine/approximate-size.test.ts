import { beforeEach, describe, expect, it } from 'vitest';
import type { Database, KeySpan } from '../../src/engine/api.js';
import { interceptFileSystem } from '../../src/fs/intercepted-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { code, openOn, withDatabase } from '../support/test-database.js';

const OPTIONS = { autoCompact: false, compression: 'none', blockBytes: 512 } as const;
const VALUE_BYTES = 100;

let disk: MemoryFileSystem;
beforeEach(() => {
  disk = new MemoryFileSystem();
});

function keyOf(i: number): string {
  return `key ${String(i).padStart(6, '0')}`;
}

async function fill(db: Database, from: number, to: number): Promise<void> {
  const value = Buffer.alloc(VALUE_BYTES, 'v');
  for (let i = from; i < to; i++) void db.put(keyOf(i), value, { sync: false });
  await db.sync();
}

const span = (from: number, to: number): KeySpan => ({ gte: keyOf(from), lt: keyOf(to) });

describe('the approximate size', () => {
  it('of everything is the size of the tables, and adds up over its parts', async () => {
    await withDatabase(disk, OPTIONS, async (db) => {
      await fill(db, 0, 1000);
      await db.flush();
      const tableBytes = db.stats().levels.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
      expect(await db.approximateSize()).toBe(tableBytes);
      expect(await db.approximateSize(span(0, 1000))).toBe(tableBytes);
      const bounds = [0, 130, 131, 500, 999, 1000];
      let sum = 0;
      for (let i = 1; i < bounds.length; i++) sum += await db.approximateSize(span(bounds[i - 1], bounds[i]));
      expect(Math.abs(sum - tableBytes)).toBeLessThan(bounds.length);
    });
  });

  it('of a part of a table is right to about a block, in one index level and in two', async () => {
    for (const count of [1000, 20_000]) {
      const db = await openOn(new MemoryFileSystem(), { ...OPTIONS, blockBytes: 256 });
      await fill(db, 0, count);
      await db.flush();
      const whole = await db.approximateSize();
      for (const [from, to] of [
        [0.1, 0.2],
        [0.5, 1],
        [0, 0.9],
      ]) {
        const size = await db.approximateSize(span(from * count, to * count));
        expect(Math.abs(size - (to - from) * whole)).toBeLessThan(4 * 256);
      }
      await db.close();
    }
  });

  it('of no keys is nothing', async () => {
    await withDatabase(disk, OPTIONS, async (db) => {
      expect(await db.approximateSize()).toBe(0);
      await fill(db, 0, 1000);
      for (const range of [span(5, 5), { gte: 'z' }, { lt: 'a' }]) expect(await db.approximateSize(range)).toBe(0);
      await db.flush();
      for (const range of [span(5, 5), { gte: 'z' }, { lt: 'a' }]) expect(await db.approximateSize(range)).toBe(0);
    });
  });

  it('counts a few thousand entries in memory, and estimates more of them', async () => {
    await withDatabase(disk, OPTIONS, async (db) => {
      await fill(db, 0, 20_000);
      const entryBytes = keyOf(0).length + VALUE_BYTES;
      expect(await db.approximateSize(span(100, 1100))).toBe(1000 * entryBytes);
      expect(await db.approximateSize()).toBe(20_000 * entryBytes);
      const estimate = await db.approximateSize(span(2000, 12_000));
      expect(estimate / (10_000 * entryBytes)).toBeGreaterThan(0.8);
      expect(estimate / (10_000 * entryBytes)).toBeLessThan(1.3);
    });
  });

  it('adds memory, young tables and deep ones', async () => {
    await withDatabase(disk, OPTIONS, async (db) => {
      await fill(db, 0, 1000);
      await db.compact();
      const deep = await db.approximateSize(span(0, 500));
      await fill(db, 0, 1000);
      await db.flush();
      const both = await db.approximateSize(span(0, 500));
      await fill(db, 0, 1000);
      const all = await db.approximateSize(span(0, 500));
      expect(both / deep).toBeCloseTo(2, 1);
      expect(all - both).toBe(500 * (keyOf(0).length + VALUE_BYTES));
    });
  });

  it('reads no data block', async () => {
    const written = await openOn(disk, OPTIONS);
    await fill(written, 0, 5000);
    await written.flush();
    await written.close();
    const readBytes: number[] = [];
    const watched = interceptFileSystem(disk, ({ kind, path, lengthBytes = 0 }) => {
      if (kind === 'read' && path.endsWith('.sst')) readBytes.push(lengthBytes);
    });
    await withDatabase(watched, { ...OPTIONS, readMode: 'pread', readOnly: true }, async (db) => {
      await db.approximateSize(span(1000, 2000));
      const { misses, usedBytes } = db.stats().blockCache;
      expect({ misses, usedBytes }).toEqual({ misses: 0, usedBytes: 0 });
    });
    // Footer, filter, properties and the index, none of which is as large as a tenth of the data.
    expect(readBytes.length).toBeGreaterThan(0);
    expect(readBytes.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan((5000 * VALUE_BYTES) / 10);
  });

  it('refuses bounds that are none', async () => {
    await withDatabase(disk, OPTIONS, async (db) => {
      await expect(db.approximateSize({ gte: 'b', lt: 'a' })).rejects.toEqual(code('STEME_INVALID_RANGE'));
      await expect(db.approximateSize({ gte: 5 as never })).rejects.toEqual(code('STEME_INVALID_RANGE'));
    });
    const db = await openOn(disk);
    await db.close();
    await expect(db.approximateSize()).rejects.toEqual(code('STEME_CLOSED'));
  });
});
