import { beforeEach, describe, expect, it } from 'vitest';
import type { CheckpointFile, Database } from '../../src/engine/api.js';
import { FaultyFileSystem } from '../../src/fs/faulty-file-system.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { openForTest } from '../../src/testing.js';
import { settles } from '../support/settles.js';
import { code, entriesOf, openOn, withDatabase } from '../support/test-database.js';

const COPY = '/copies/one';

let disk: MemoryFileSystem;
beforeEach(() => {
  disk = new MemoryFileSystem();
});

async function entriesAt(directory: string, fileSystem: FileSystem = disk): Promise<[string, string][]> {
  const db = await settles('the open', openForTest(fileSystem, directory, { createIfMissing: false }));
  try {
    return await entriesOf(db);
  } finally {
    await db.close();
  }
}

async function fill(db: Database, tag: string, count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await db.put(`key ${String(i).padStart(3, '0')}`, `${tag} ${i}`, { sync: false });
}

describe('a checkpoint', () => {
  it('has everything that was written before the call, in tables or not, and nothing that came after its end', async () => {
    await withDatabase(disk, {}, async (db) => {
      await fill(db, 'old');
      await db.flush();
      await db.del('key 003');
      const before = db.put('late', 'but before');
      const result = await settles('the checkpoint', db.checkpoint(COPY));
      await before;
      const expected = await entriesOf(db);
      await db.put('after', 'the call');
      await db.flush();
      expect(await entriesAt(COPY)).toEqual(expected);
      expect(expected.length).toBe(20);
      expect(result).toMatchObject({ directory: COPY, fileCount: 2, copiedBytes: 0 });
      expect(result.sequence).toBe(22);
    });
  });

  it('is a database like any other: both go on by themselves', async () => {
    const db = await openOn(disk);
    await fill(db, 'shared');
    await db.checkpoint(COPY);
    const copy = await openForTest(disk, COPY);
    await Promise.all([fill(db, 'original'), fill(copy, 'copied')]);
    await Promise.all([db.compact(), copy.compact()]);
    await Promise.all([fill(db, 'original again', 3), fill(copy, 'copied again', 3)]);
    await Promise.all([db.close(), copy.close()]);
    expect((await entriesAt('/db')).slice(2, 4)).toEqual([
      ['key 002', 'original again 2'],
      ['key 003', 'original 3'],
    ]);
    expect((await entriesAt(COPY)).slice(2, 4)).toEqual([
      ['key 002', 'copied again 2'],
      ['key 003', 'copied 3'],
    ]);
  });

  it('shows whole batches, all that was acknowledged, and no gap, while writes go on', async () => {
    const db = await openOn(disk, { memtableBytes: 4096 });
    let acknowledged = 0;
    let isStopped = false;
    const writing = (async () => {
      for (let i = 1; !isStopped; i++) {
        const value = String(i).padEnd(300, '.');
        await db.batch(['a', 'b', `n ${i}`].map((key) => ({ type: 'put', key, value })));
        acknowledged = i;
      }
    })();
    for (let round = 0; round < 5; round++) {
      const floor = acknowledged;
      const target = `/copies/${round}`;
      await settles('a checkpoint', db.checkpoint(target));
      const found = new Map(await entriesAt(target));
      const newest = Number.parseInt(found.get('a') ?? '0', 10);
      expect(newest).toBeGreaterThanOrEqual(floor);
      expect(found.get('b')).toBe(found.get('a'));
      expect(found.size).toBe(newest === 0 ? 0 : newest + 2);
    }
    isStopped = true;
    await writing;
    await db.close();
    expect(acknowledged).toBeGreaterThan(5);
  });

  it('of an empty database is an empty database', async () => {
    await withDatabase(disk, {}, (db) => db.checkpoint(COPY));
    expect(await entriesAt(COPY)).toEqual([]);
  });

  it('of a checkpoint is as good', async () => {
    await withDatabase(disk, {}, async (db) => {
      await fill(db, 'v');
      await db.checkpoint(COPY);
    });
    const copy = await openForTest(disk, COPY);
    await copy.put('more', 'of it');
    await copy.checkpoint('/copies/two');
    await copy.close();
    expect((await entriesAt('/copies/two')).length).toBe(21);
  });

  it('leaves nothing beside it, and in it what a database needs', async () => {
    await withDatabase(disk, {}, async (db) => {
      await fill(db, 'v');
      await db.checkpoint(COPY);
    });
    expect(await disk.list('/copies')).toEqual(['one']);
    const names = await disk.list(COPY);
    expect(names.map((name) => name.replace(/\d+/, 'N')).sort()).toEqual(['CURRENT', 'MANIFEST-N', 'N.log', 'N.sst']);
  });

  // law 4
  it('keeps the files of its moment while a compaction replaces them', async () => {
    await withDatabase(disk, {}, async (db) => {
      await fill(db, 'v');
      const placed: string[] = [];
      const placeFile = async ({ path, name }: CheckpointFile): Promise<void> => {
        if (placed.length === 0) {
          await fill(db, 'newer');
          await db.compact();
        }
        expect(await disk.exists(path)).toBe(true);
        placed.push(name);
      };
      await settles('the checkpoint', db.checkpoint(COPY, { placeFile }));
      await db.flush();
      expect(placed.length).toBe(1);
      expect(await disk.exists(`/db/${placed[0]}`)).toBe(false);
    });
  });

  it('copies where links are not to be had, and says how much', async () => {
    const faulty = new FaultyFileSystem(disk, [{ kind: 'link', nth: 1, times: 100, error: 'EXDEV' }]);
    await withDatabase(faulty, {}, async (db) => {
      await fill(db, 'a');
      await db.flush();
      await fill(db, 'b');
      const seen: number[] = [];
      const onProgress = ({ bytes, totalBytes }: { bytes: number; totalBytes: number }): void => {
        expect(bytes).toBeLessThanOrEqual(totalBytes);
        seen.push(bytes);
      };
      const result = await db.checkpoint(COPY, { onProgress });
      expect(result.copiedBytes).toBe(result.bytes);
      expect(seen.at(-1)).toBe(result.bytes);
    });
    // One refusal says it for all files.
    expect(faulty.injected.length).toBe(1);
    expect(await entriesAt(COPY)).toEqual(await entriesAt('/db'));
  });

  it('tries the next file again after one that has too many names', async () => {
    const faulty = new FaultyFileSystem(disk, [{ kind: 'link', nth: 1, error: 'EMLINK' }]);
    await withDatabase(faulty, {}, async (db) => {
      await fill(db, 'a');
      await db.flush();
      await fill(db, 'b');
      const { bytes, copiedBytes } = await db.checkpoint(COPY);
      expect(copiedBytes).toBeGreaterThan(0);
      expect(copiedBytes).toBeLessThan(bytes);
    });
  });

  it('is not made where there is something', async () => {
    await withDatabase(disk, {}, async (db) => {
      await db.put('a', '1');
      await disk.makeDirectory('/full/inside');
      (await disk.open('/file', 'create')).closeSync();
      await expect(db.checkpoint('/full')).rejects.toEqual(code('STEME_EXISTS'));
      await expect(db.checkpoint('/file')).rejects.toEqual(code('STEME_EXISTS'));
      await expect(db.checkpoint('/db')).rejects.toEqual(code('STEME_EXISTS'));
      await disk.makeDirectory('/empty');
      await db.checkpoint('/empty');
      expect(await entriesAt('/empty')).toEqual([['a', '1']]);
    });
  });

  it('clears away what a crash left of an earlier one, and nothing else', async () => {
    await withDatabase(disk, {}, async (db) => {
      await db.put('a', '1');
      await disk.makeDirectory(`${COPY}.steme-staged`);
      for (const name of ['000001.sst', 'CURRENT'])
        (await disk.open(`${COPY}.steme-staged/${name}`, 'create')).closeSync();
      await db.checkpoint(COPY);
      expect(await entriesAt(COPY)).toEqual([['a', '1']]);
      await disk.makeDirectory('/b.steme-staged');
      (await disk.open('/b.steme-staged/notes.txt', 'create')).closeSync();
      await expect(db.checkpoint('/b')).rejects.toThrow('notes.txt');
      expect(await disk.list('/b.steme-staged')).toEqual(['notes.txt']);
    });
  });

  it('is made once when it is asked for twice at a time', async () => {
    await withDatabase(disk, {}, async (db) => {
      await fill(db, 'v');
      const results = await Promise.allSettled([db.checkpoint(COPY), db.checkpoint(COPY)]);
      expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(results.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'STEME_LOCKED' } });
      expect((await entriesAt(COPY)).length).toBe(20);
    });
  });

  it('can be made of a read-only database whose log holds nothing, and is refused otherwise', async () => {
    await withDatabase(disk, {}, async (db) => {
      await fill(db, 'v');
      await db.flush();
    });
    await withDatabase(disk, { readOnly: true }, (db) => db.checkpoint(COPY));
    expect((await entriesAt(COPY)).length).toBe(20);
    await withDatabase(disk, { flushOnClose: false }, (db) => db.put('in the log', 'only'));
    await withDatabase(disk, { readOnly: true }, async (db) => {
      await expect(db.checkpoint('/copies/two')).rejects.toEqual(code('STEME_READ_ONLY'));
    });
    expect(await disk.list('/copies')).toEqual(['one']);
  });

  it('ends at its signal and leaves nothing', async () => {
    await withDatabase(disk, {}, async (db) => {
      await fill(db, 'v');
      const controller = new AbortController();
      const placeFile = async (): Promise<void> => controller.abort(new Error('enough'));
      await expect(db.checkpoint(COPY, { signal: controller.signal, placeFile })).rejects.toMatchObject({
        code: 'STEME_ABORTED',
        cause: { message: 'enough' },
      });
      await expect(db.checkpoint(COPY, { signal: AbortSignal.abort() })).rejects.toEqual(code('STEME_ABORTED'));
      expect(await disk.list('/copies')).toEqual([]);
    });
  });

  it('ends when its database is closed, which waits for that', async () => {
    const db = await openOn(disk);
    await fill(db, 'v');
    let closing: Promise<void> | undefined;
    const made = db.checkpoint(COPY, {
      placeFile: async () => {
        closing = db.close();
      },
    });
    await expect(made).rejects.toEqual(code('STEME_CLOSED'));
    await settles('the close', closing ?? Promise.reject(new Error('it was not closed')));
    expect(await disk.list('/copies')).toEqual([]);
    await expect(db.checkpoint(COPY)).rejects.toEqual(code('STEME_CLOSED'));
  });

  it('names everything that is wrong with its options', async () => {
    await withDatabase(disk, {}, async (db) => {
      await expect(db.checkpoint('')).rejects.toEqual(code('STEME_INVALID_OPTION'));
      const bad = { signal: 'now', onProgress: 1, placeFile: {} };
      await expect(db.checkpoint(COPY, bad as never)).rejects.toMatchObject({
        problems: ['signal must be an AbortSignal', 'onProgress must be a function', 'placeFile must be a function'],
      });
    });
  });
});
