import { describe, expect, it } from 'vitest';
import { BLOCK_BYTES_MIN, MEMTABLE_BYTES_MAX, MEMTABLE_BYTES_MIN } from '../../src/base/limits.js';
import type { Options } from '../../src/engine/options.js';
import { toEngineOptions } from '../../src/level/open-options.js';
import type { OpenOptions } from '../../src/level.js';
import { code } from '../support/test-database.js';
import { MemoryLevel, RecordingLevel } from './memory-level.js';

describe('the options of a Level database', () => {
  it.each<[name: string, level: OpenOptions, engine: Options]>([
    ['of the engine go through', { readMode: 'pread', threads: 2 }, { readMode: 'pread', threads: 2 }],
    ['cacheSize is blockCacheBytes', { cacheSize: 1000 }, { blockCacheBytes: 1000 }],
    ['writeBufferSize is memtableBytes', { writeBufferSize: 65_536 }, { memtableBytes: 65_536 }],
    ['writeBufferSize is brought up', { writeBufferSize: 1 }, { memtableBytes: MEMTABLE_BYTES_MIN }],
    ['writeBufferSize is brought down', { writeBufferSize: 2 ** 40 }, { memtableBytes: MEMTABLE_BYTES_MAX }],
    ['blockSize is blockBytes', { blockSize: 1 }, { blockBytes: BLOCK_BYTES_MIN }],
    ['compression can be on', { compression: true }, { compression: 'lz4' }],
    ['compression can be off', { compression: false }, { compression: 'none' }],
    ['the own name counts', { cacheSize: 1000, blockCacheBytes: 2000 }, { blockCacheBytes: 2000 }],
    ['what has no counterpart is left out', { maxOpenFiles: 10, maxFileSize: 1, blockRestartInterval: 4 }, {}],
    ['what is for hooks is left out', { userland: 456 } as OpenOptions, {}],
  ])('%s', (_, level, engine) => {
    expect(toEngineOptions(level)).toEqual(engine);
  });

  it('multithreading is refused', async () => {
    await using db = new MemoryLevel({ multithreading: true });
    await expect(db.open()).rejects.toMatchObject({ cause: { code: 'LEVEL_NOT_SUPPORTED' } });
  });

  it('wrong ones are refused with every problem', async () => {
    await using db = new MemoryLevel({ blockBytes: -1, memtableBytes: 0 });
    const cause = expect.objectContaining({
      code: 'STEME_INVALID_OPTION',
      cause: expect.objectContaining({ problems: [expect.stringContaining('memtableBytes'), expect.anything()] }),
    });
    await expect(db.open()).rejects.toMatchObject({ code: 'LEVEL_DATABASE_NOT_OPEN', cause });
  });

  it('of the constructor are those of open, where open says nothing else', async () => {
    const db = new RecordingLevel({ cacheSize: 1000, threads: 2 });
    await db.open();
    await db.close();
    await db.open({ threads: 1 });
    await db.close();
    expect(db.opened).toMatchObject([
      { blockCacheBytes: 1000, threads: 2 },
      { blockCacheBytes: 1000, threads: 1 },
    ]);
  });
});

describe('sync', () => {
  async function syncsOf(db: MemoryLevel, write: () => Promise<void>): Promise<number> {
    const before = db.database.stats().wal.syncs;
    await write();
    return db.database.stats().wal.syncs - before;
  }

  // law 1
  it('is on, and can be off for one write', async () => {
    await using db = new MemoryLevel();
    await db.put('first', '');
    expect(await syncsOf(db, () => db.put('a', '1'))).toBe(1);
    expect(await syncsOf(db, () => db.batch([{ type: 'del', key: 'a' }]))).toBe(1);
    expect(await syncsOf(db, () => db.put('a', '1', { sync: false }))).toBe(0);
    expect(await syncsOf(db, () => db.batch().put('a', '1').write({ sync: false }))).toBe(0);
  });

  it('can be off for a database, and on for one write', async () => {
    await using db = new MemoryLevel({ sync: false });
    await db.put('first', '');
    expect(await syncsOf(db, () => db.put('a', '1'))).toBe(0);
    expect(await syncsOf(db, () => db.put('a', '1', { ttlMs: 1000 }))).toBe(0);
    expect(await syncsOf(db, () => db.del('a', { sync: true }))).toBe(1);
  });
});

it('a write that waits can be given up', async () => {
  await using db = new MemoryLevel();
  await db.open();
  const signal = AbortSignal.abort();
  await expect(db.put('a', '1', { signal })).rejects.toEqual(code('LEVEL_ABORTED'));
  expect(await db.get('a')).toBeUndefined();
});
