import { describe, expect, it } from 'vitest';
import type { FileOperation } from '../../src/fs/file-operation.js';
import { interceptFileSystem } from '../../src/fs/intercepted-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { killedWithFourSegments, killedWithOneSegment } from '../support/log-damage.js';
import {
  contentsOf,
  DIRECTORY,
  entriesOf,
  filesOf,
  openOn,
  readWhole,
  withDatabase,
} from '../support/test-database.js';

const LEFT_IN_LOG = { flushOnClose: false };

async function snapshotOf(disk: MemoryFileSystem): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const name of await filesOf(disk)) files.set(name, Buffer.from(await readWhole(disk, name)).toString('base64'));
  return files;
}

// law 9
describe('opening and closing', () => {
  it('again and again leaves the directory as it is', async () => {
    const { disk } = await killedWithOneSegment();
    await withDatabase(disk, {}, (db) => db.flush());
    await withDatabase(disk, LEFT_IN_LOG, (db) => db.put('z', 'Z'));
    const before = await snapshotOf(disk);
    const contents = await contentsOf(disk);
    for (let i = 0; i < 10; i++) {
      await withDatabase(disk, LEFT_IN_LOG, async (db) => expect(await entriesOf(db)).toEqual(contents));
      expect(await snapshotOf(disk)).toEqual(before);
    }
  });

  it('with writes in between keeps the log short once they are flushed', async () => {
    const disk = new MemoryFileSystem();
    for (let i = 0; i < 10; i++) await withDatabase(disk, LEFT_IN_LOG, (db) => db.put(`key ${i}`, 'v'));
    expect((await filesOf(disk, '.log')).length).toBeLessThanOrEqual(11);
    await withDatabase(disk, {}, (db) => db.flush());
    expect(await filesOf(disk, '.log')).toHaveLength(1);
    expect(await filesOf(disk, '.sst')).toHaveLength(1);
    expect(await contentsOf(disk)).toHaveLength(10);
  });
});

describe('recovery with a smaller memtable than the log was written with', () => {
  it('flushes on the way, and finds everything', async () => {
    const { disk } = await killedWithFourSegments();
    const db = await openOn(disk, { memtableBytes: 4096 });
    expect((await filesOf(disk, '.sst')).length).toBeGreaterThan(5);
    expect(await entriesOf(db)).toHaveLength(40);
    await db.put('zz', 'new');
    await db.flush();
    expect(db.stats().memtables.sealedCount).toBe(0);
    await db.close();
    expect(await filesOf(disk, '.log')).toHaveLength(1);
    expect(await contentsOf(disk)).toHaveLength(41);
  });
});

describe('a crash during recovery, at any operation that changes the disk,', () => {
  it.each([
    ['a lost machine', (disk: MemoryFileSystem, seed: number) => disk.crashClone(seed)],
    ['a killed process', (disk: MemoryFileSystem) => disk.clone()],
  ])('leaves the same for the next one: %s', async (_, crash) => {
    const { disk } = await killedWithFourSegments();
    const expected = await contentsOf(disk);
    const crashed: MemoryFileSystem[] = [];
    const take = ({ kind }: FileOperation) => {
      if (CHANGES.has(kind)) crashed.push(crash(disk, crashed.length));
      return undefined;
    };
    const watched = interceptFileSystem(disk, take, take);
    await withDatabase(watched, { memtableBytes: 4096 }, (db) => db.flush());
    expect(crashed.length).toBeGreaterThan(50);
    // Every one of them would take long: each fifth, by turns at the start and the end of an operation.
    for (let i = 0; i < crashed.length; i += 5) {
      expect(await contentsOf(crashed[i].clone()), `crash ${i}`).toEqual(expected);
      await withDatabase(crashed[i], { memtableBytes: 4096 }, async (db) => {
        await db.flush();
        expect(await entriesOf(db), `crash ${i}`).toEqual(expected);
      });
    }
    expect(await disk.list(DIRECTORY)).toContain('CURRENT');
  });
});

const CHANGES: ReadonlySet<string> = new Set(['write', 'datasync', 'rename', 'remove', 'syncDirectory']);
