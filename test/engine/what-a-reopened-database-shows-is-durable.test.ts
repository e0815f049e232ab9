import { describe, expect, it } from 'vitest';
import type { Database } from '../../src/engine/api.js';
import type { FileOperation } from '../../src/fs/file-operation.js';
import { interceptFileSystem } from '../../src/fs/intercepted-file-system.js';
import { DURABILITY_KINDS } from '../../src/fs/tracing-file-system.js';
import { MemoryFileSystem } from '../../src/testing.js';
import { contentsOf, entriesOf, openOn, withDatabase } from '../support/test-database.js';

const POWER_LOSS_SEEDS = [1, 2, 3];

/** The disk as a process left it that was killed before any of the operations of `work`. */
async function killsDuring(work: (db: Database) => Promise<unknown>): Promise<MemoryFileSystem[]> {
  const disk = new MemoryFileSystem();
  const kills: MemoryFileSystem[] = [];
  let isWorking = false;
  const before = ({ kind }: FileOperation): undefined => {
    if (isWorking && DURABILITY_KINDS.has(kind)) kills.push(disk.clone());
  };
  const db = await openOn(interceptFileSystem(disk, before));
  await db.put('early', '1');
  isWorking = true;
  await work(db);
  isWorking = false;
  await db.close();
  return kills;
}

// Law 2: what a reader has seen is not lost with the machine, though the process that wrote it never made it durable.
describe('what a database shows that was reopened after a kill', () => {
  it.each<[string, (db: Database) => Promise<unknown>]>([
    ['a bulk load', (db) => db.bulkLoad([['loaded', '1']])],
    [
      'a flush of writes that were not synced',
      async (db) => {
        await db.put('late', '1', { sync: false });
        await db.flush();
      },
    ],
    [
      'a second bulk load',
      async (db) => {
        await db.bulkLoad([['loaded', '1']]);
        await db.bulkLoad([['more', '1']]);
      },
    ],
  ])('survives a lost machine: %s', async (_, work) => {
    for (const [i, disk] of (await killsDuring(work)).entries()) {
      const { shown, crashed } = await withDatabase(disk, {}, async (db) => ({
        shown: await entriesOf(db),
        crashed: POWER_LOSS_SEEDS.map((seed) => disk.crashClone(seed)),
      }));
      for (const survivor of crashed) expect({ i, shown: await contentsOf(survivor) }).toEqual({ i, shown });
    }
  });
});
