import { describe, expect, it } from 'vitest';
import { CorruptionError } from '../../src/base/errors.js';
import { Prng } from '../../src/base/prng.js';
import { SimulatedTime } from '../../src/base/simulated-time.js';
import type { Database } from '../../src/engine/api.js';
import type { Options } from '../../src/engine/options.js';
import { FaultyFileSystem } from '../../src/fs/faulty-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { openWith, testEnvironment } from '../../src/testing.js';
import { code, DIRECTORY, filesOf, flipBit, keysOf, openOn, withDatabase } from '../support/test-database.js';

const VALUE_BYTES = 100_000;
const KEYS = ['a', 'b', 'c', 'd', 'e'];
/** Merged by hand, so that a test sees what it has asked for and nothing else. */
const BY_HAND: Options = { autoCompact: false };

/** Noise, so that compression changes nothing. */
function noiseOf(key: string, round = 0): Buffer {
  return Buffer.from(new Prng(key.charCodeAt(0) * 1000 + round).fill(new Uint8Array(VALUE_BYTES)));
}

async function fill(db: Database, round = 0, keys = KEYS): Promise<void> {
  for (const key of keys) await db.put(key, noiseOf(key, round));
  await db.flush();
}

async function expectAll(db: Database, round = 0): Promise<void> {
  for (const key of KEYS) expect(db.getSync(key)?.equals(noiseOf(key, round)), key).toBe(true);
  for (const reverse of [false, true]) {
    const found: string[] = [];
    for await (const [key, value] of db.iterator({ reverse })) {
      found.push(key.toString());
      expect(value.equals(noiseOf(key.toString(), round)), key.toString()).toBe(true);
    }
    expect(found).toEqual(reverse ? KEYS.toReversed() : KEYS);
  }
}

describe('large values', () => {
  it.each(['mmap', 'pread'] as const)(
    'stand in blob files after a flush, and are read from there: %s',
    async (readMode) => {
      const fileSystem = new MemoryFileSystem();
      await withDatabase(fileSystem, { readMode, ...BY_HAND }, async (db) => {
        await fill(db);
        await expectAll(db);
        const { blobs, levels } = db.stats();
        expect(blobs).toMatchObject({ fileCount: 1, valueBytes: KEYS.length * VALUE_BYTES, garbageBytes: 0 });
        expect(levels[0].storedBytes).toBeLessThan(2000);
      });
      await withDatabase(fileSystem, { readMode, ...BY_HAND }, async (db) => {
        await expectAll(db);
        expect((await db.getMany(['a', 'x', 'e'])).map((value) => value?.length)).toEqual([
          VALUE_BYTES,
          undefined,
          VALUE_BYTES,
        ]);
      });
    },
  );

  it('stay with their keys below the threshold, and where it is 0', async () => {
    for (const [options, fileCount] of [
      [{ blobThreshold: VALUE_BYTES }, 1],
      [{ blobThreshold: VALUE_BYTES + 1 }, 0],
      [{ blobThreshold: 0 }, 0],
    ] as const) {
      await withDatabase(new MemoryFileSystem(), { ...BY_HAND, ...options }, async (db) => {
        await fill(db);
        expect(db.stats().blobs.fileCount).toBe(fileCount);
        await expectAll(db);
      });
    }
  });

  it('are not read for their keys', async () => {
    const fileSystem = new MemoryFileSystem();
    await withDatabase(fileSystem, BY_HAND, (db) => fill(db));
    const faulty = new FaultyFileSystem(fileSystem, [{ path: /\.blob$/, kind: 'open', nth: 1, times: 1000 }]);
    await withDatabase(faulty, { ...BY_HAND, readMode: 'pread' }, async (db) => {
      expect(await db.has('a')).toBe(true);
      const keys: string[] = [];
      for await (const [key] of db.iterator({ values: false })) keys.push(key.toString());
      expect(keys).toEqual(KEYS);
      expect(() => db.getSync('a')).toThrow(code('STEME_IO'));
    });
    expect(faulty.injected.length).toBeGreaterThan(0);
  });

  it('are moved by a compaction without being read', async () => {
    const fileSystem = new MemoryFileSystem();
    await withDatabase(fileSystem, BY_HAND, async (db) => {
      await fill(db, 0, ['a', 'c', 'e']);
      await fill(db, 0, ['b', 'd']);
      await db.compact();
      expect(db.stats().compactions.storedBytes).toBeLessThan(4000);
      expect(db.stats().blobs).toMatchObject({ fileCount: 2, garbageBytes: 0 });
      await expectAll(db);
    });
  });

  it('give their room back when they are overwritten', async () => {
    const fileSystem = new MemoryFileSystem();
    await withDatabase(fileSystem, BY_HAND, async (db) => {
      await fill(db, 0);
      for (let round = 1; round <= 3; round++) await fill(db, round);
      expect(db.stats().blobs.garbageBytes).toBe(0);
      await db.compact();
      await expectAll(db, 3);
      expect(db.stats().blobs).toMatchObject({ fileCount: 1, valueBytes: KEYS.length * VALUE_BYTES, garbageBytes: 0 });
      expect(await filesOf(fileSystem, '.blob')).toHaveLength(1);
    });
  });

  it('that live in files full of garbage are written anew, until the garbage is gone', async () => {
    const fileSystem = new MemoryFileSystem();
    await withDatabase(fileSystem, BY_HAND, async (db) => {
      await fill(db, 0);
      await db.compact();
      await fill(db, 1, KEYS.slice(1));
      await db.compact();
      const { blobs } = db.stats();
      expect(blobs.valueBytes - blobs.garbageBytes).toBe(KEYS.length * VALUE_BYTES);
      expect(blobs.garbageBytes).toBe((KEYS.length - 1) * VALUE_BYTES);
    });
    await withDatabase(fileSystem, {}, async (db) => {
      await db.compact();
      await expect.poll(() => db.stats().blobs.garbageBytes).toBe(0);
      await expect.poll(async () => (await filesOf(fileSystem, '.blob')).length).toBe(db.stats().blobs.fileCount);
      expect(db.getSync('a')?.equals(noiseOf('a'))).toBe(true);
      expect(db.getSync('b')?.equals(noiseOf('b', 1))).toBe(true);
    });
  });

  it('go back to their keys where a rewrite finds the threshold raised', async () => {
    const fileSystem = new MemoryFileSystem();
    await withDatabase(fileSystem, BY_HAND, async (db) => {
      await fill(db, 0);
      await db.compact();
      await fill(db, 1, KEYS.slice(1));
      await db.compact();
    });
    await withDatabase(fileSystem, { blobThreshold: 0 }, async (db) => {
      await expect.poll(() => db.stats().blobs.garbageBytes).toBe(0);
      expect(db.stats().blobs.fileCount).toBe(1);
      expect(db.getSync('a')?.equals(noiseOf('a'))).toBe(true);
    });
  });

  it('are kept for an iterator that was open before they were overwritten, and for a snapshot', async () => {
    const fileSystem = new MemoryFileSystem();
    await withDatabase(fileSystem, BY_HAND, async (db) => {
      await fill(db, 0);
      const iterator = db.iterator();
      await fill(db, 1);
      const snapshot = db.snapshot();
      await fill(db, 2);
      await db.compact();
      const { value: first } = await iterator.next();
      expect(first?.[1].equals(noiseOf('a', 0))).toBe(true);
      expect(db.getSync('b', { snapshot })?.equals(noiseOf('b', 1))).toBe(true);
      await iterator.close();
      snapshot.close();
      await db.compact();
      await expectAll(db, 2);
      await expect.poll(() => filesOf(fileSystem, '.blob')).toHaveLength(1);
    });
  });

  it('expire, and their files with them', async () => {
    const fileSystem = new MemoryFileSystem();
    const time = new SimulatedTime();
    const environment = testEnvironment(fileSystem, { clock: time });
    await using db = await openWith(DIRECTORY, { walSync: 'fdatasync', ...BY_HAND }, environment);
    for (const key of KEYS) await db.put(key, noiseOf(key), { ttlMs: 1000 });
    await db.flush();
    time.advance(999);
    await expectAll(db);
    time.advance(1);
    expect(db.getSync('a')).toBeUndefined();
    expect(await keysOf(db)).toEqual([]);
    await db.compact();
    expect(db.stats().blobs.fileCount).toBe(0);
    expect(await filesOf(fileSystem, '.blob')).toEqual([]);
  });

  it('keep their end when they are written anew', async () => {
    const fileSystem = new MemoryFileSystem();
    const time = new SimulatedTime();
    const open = (options: Options): Promise<Database> =>
      openWith(DIRECTORY, { walSync: 'fdatasync', ...options }, testEnvironment(fileSystem, { clock: time }));
    const first = await open(BY_HAND);
    for (const key of KEYS) await first.put(key, noiseOf(key), { ttlMs: 1000 });
    await first.flush();
    await first.compact();
    await fill(first, 1, KEYS.slice(1));
    await first.compact();
    await first.close();
    const db = await open({});
    await expect.poll(() => db.stats().blobs.garbageBytes).toBe(0);
    expect(db.getSync('a')?.equals(noiseOf('a'))).toBe(true);
    time.advance(1000);
    expect(db.getSync('a')).toBeUndefined();
    expect(db.getSync('b')?.equals(noiseOf('b', 1))).toBe(true);
    await db.close();
  });

  it('go along into a checkpoint', async () => {
    const fileSystem = new MemoryFileSystem();
    await withDatabase(fileSystem, BY_HAND, async (db) => {
      await fill(db, 0);
      await db.checkpoint('/copy');
      await fill(db, 1);
      await db.compact();
    });
    await using copy = await openWith('/copy', { walSync: 'fdatasync' }, testEnvironment(fileSystem));
    await expectAll(copy, 0);
  });
});

describe('a blob file', () => {
  it('that is damaged is named with the offset, and the other values are there', async () => {
    const fileSystem = new MemoryFileSystem();
    await withDatabase(fileSystem, BY_HAND, (db) => fill(db));
    const [name] = await filesOf(fileSystem, '.blob');
    await flipBit(fileSystem, name, 28 + 500);
    await withDatabase(fileSystem, BY_HAND, (db) => {
      const damage = expect.objectContaining({ file: `${DIRECTORY}/${name}`, offsetBytes: 28 });
      expect(() => db.getSync('a')).toThrow(expect.objectContaining({ damage }));
      expect(() => db.getSync('a')).toThrow(CorruptionError);
      expect(db.getSync('b')?.equals(noiseOf('b'))).toBe(true);
    });
  });

  it('that is missing is refused at open', async () => {
    const fileSystem = new MemoryFileSystem();
    await withDatabase(fileSystem, BY_HAND, (db) => fill(db));
    const [name] = await filesOf(fileSystem, '.blob');
    await fileSystem.remove(`${DIRECTORY}/${name}`);
    await expect(openOn(fileSystem, BY_HAND)).rejects.toThrow(name);
    await expect(openOn(fileSystem, BY_HAND)).rejects.toThrow(code('STEME_CORRUPTION'));
  });
});
