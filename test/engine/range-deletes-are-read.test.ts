import { describe, expect, it } from 'vitest';
import type { Database } from '../../src/engine/api.js';
import type { Options } from '../../src/engine/options.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { TracingFileSystem } from '../../src/fs/tracing-file-system.js';
import { DIRECTORY, keysOf, openOn } from '../support/test-database.js';

/** Every block that is looked at is a read of the file. */
const OPTIONS: Options = { readMode: 'pread', blockCacheBytes: 0, blockBytes: 256, compression: 'none' };
const READS: ReadonlySet<'open' | 'read'> = new Set(['open', 'read']);

/** A walk reads many blocks at once, so there must be many more. */
const KEY_COUNT = 60_000;
const VALUE_BYTES = 100;

const keyOf = (index: number): string => `key ${String(index).padStart(5, '0')}`;

async function putKeys(db: Database, from: number, to: number): Promise<void> {
  const operations = Array.from({ length: to - from }, (_, i) => ({
    type: 'put' as const,
    key: keyOf(from + i),
    value: `value ${from + i}`.padEnd(VALUE_BYTES, '.'),
  }));
  await db.batch(operations);
}

async function trace(
  db: Database,
  disk: TracingFileSystem,
  reverse: boolean,
): Promise<{ keys: number; lines: string[] }> {
  disk.takeLines();
  const keys = await keysOf(db, { reverse });
  return { keys: keys.length, lines: disk.takeLines().filter((line) => line.includes('.sst')) };
}

describe.each([false, true])('a scan past a range delete (reverse: %s)', (reverse) => {
  it.each(['in the memtable', 'in a table'])('%s reads little of what it covers', async (place) => {
    const disk = new TracingFileSystem(new MemoryFileSystem(), DIRECTORY, READS);
    await using db = await openOn(disk, OPTIONS);
    await putKeys(db, 0, KEY_COUNT);
    await db.flush();
    await db.compact();
    const before = await trace(db, disk, reverse);
    expect(before.keys).toBe(KEY_COUNT);
    // Compactions that would take the range delete away do not run while somebody sees what it deletes.
    using _ = db.snapshot();
    await db.deleteRange(keyOf(100), keyOf(KEY_COUNT - 100));
    if (place === 'in a table') await db.flush();
    const after = await trace(db, disk, reverse);
    expect(after.keys).toBe(200);
    expect(after.lines.length).toBeLessThan(before.lines.length / 5);
  });

  it('opens no table that it covers whole', async () => {
    const disk = new TracingFileSystem(new MemoryFileSystem(), DIRECTORY, READS);
    {
      await using db = await openOn(disk, OPTIONS);
      for (const from of [0, 1000, 2000]) {
        await putKeys(db, from, from + 1000);
        await db.flush();
        await db.compact();
      }
      expect(db.stats().levels.at(-1)).toMatchObject({ fileCount: 3 });
    }
    await using db = await openOn(disk, OPTIONS);
    await db.deleteRange(keyOf(900), keyOf(2100));
    const { keys, lines } = await trace(db, disk, reverse);
    expect(keys).toBe(1800);
    const opened = new Set(lines.map((line) => line.split(' ')[1]));
    expect(opened.size).toBe(2);
  });
});

describe('a key under a range delete', () => {
  it('is gone wherever both are, and back when it is put again', async () => {
    await using db = await openOn(new MemoryFileSystem());
    await putKeys(db, 0, 10);
    using before = db.snapshot();
    await db.deleteRange(keyOf(2), keyOf(5));
    await db.put(keyOf(3), 'again');
    const wanted = [0, 1, 3, 5, 6, 7, 8, 9].map(keyOf);
    const check = async (): Promise<void> => {
      expect(await keysOf(db)).toEqual(wanted);
      expect(await keysOf(db, { reverse: true })).toEqual(wanted.toReversed());
      expect(await keysOf(db, { snapshot: before })).toHaveLength(10);
      for (let i = 0; i < 10; i++) {
        expect(db.hasSync(keyOf(i))).toBe(wanted.includes(keyOf(i)));
        expect(db.hasSync(keyOf(i), { snapshot: before })).toBe(true);
      }
      expect(db.getSync(keyOf(3))?.toString()).toBe('again');
      expect(db.getSync(keyOf(2))).toBeUndefined();
    };
    await check();
    await db.flush();
    await check();
    await db.compact();
    await check();
  });

  it('is gone for a filter that does not know it', async () => {
    await using db = await openOn(new MemoryFileSystem());
    await db.put('b', 'old');
    await db.flush();
    // The table with the range delete has no key that it covers: its filter says no, and the range delete counts all the same.
    await db.deleteRange('a', 'c');
    await db.put('z', '');
    await db.flush();
    expect(db.getSync('b')).toBeUndefined();
    expect(await db.getMany(['b', 'z'])).toEqual([undefined, Buffer.alloc(0)]);
  });
});
