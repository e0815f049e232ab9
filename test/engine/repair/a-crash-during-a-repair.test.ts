import { describe, expect, it } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import type { FileOperation } from '../../../src/fs/file-operation.js';
import { interceptFileSystem } from '../../../src/fs/intercepted-file-system.js';
import type { MemoryFileSystem } from '../../../src/fs/memory-file-system.js';
import { repairOn } from '../../support/repair-rig.js';
import { RICH_OPTIONS, richDatabase } from '../../support/rich-database.js';
import { contentsOf, DIRECTORY, filesOf, flipBit } from '../../support/test-database.js';

const rich = await richDatabase();
const MOMENTS: ReadonlySet<string> = new Set(['datasync', 'rename', 'link', 'remove', 'syncDirectory']);

/** The disks that a machine leaves which goes down at each sync and each change of a name during a repair. */
async function crashesOf(
  damaged: MemoryFileSystem,
): Promise<{ crashes: MemoryFileSystem[]; repaired: MemoryFileSystem }> {
  const repaired = damaged.clone();
  const crashes: MemoryFileSystem[] = [];
  const crash = ({ kind }: FileOperation): undefined => {
    if (MOMENTS.has(kind)) crashes.push(repaired.crashClone(crashes.length + 1));
  };
  await repairOn(interceptFileSystem(repaired, crash, crash));
  return { crashes, repaired };
}

const HARMS: readonly (readonly [string, (disk: MemoryFileSystem) => Promise<void>])[] = [
  [
    'tables and the log',
    async (disk) => {
      for (const name of await filesOf(disk, '.sst')) await flipBit(disk, name, 300);
      await flipBit(disk, (await filesOf(disk, '.log')).at(-1) ?? '', 200);
    },
  ],
  [
    'the manifest',
    async (disk) => {
      for (const name of await filesOf(disk))
        if (name.startsWith('MANIFEST')) await disk.remove(`${DIRECTORY}/${name}`);
    },
  ],
  [
    'the manifest and a table',
    async (disk) => {
      await disk.remove(`${DIRECTORY}/CURRENT`);
      for (const name of await filesOf(disk)) if (name.startsWith('MANIFEST')) await flipBit(disk, name, 60);
      const [table] = await filesOf(disk, '.sst');
      await flipBit(disk, table, 300);
    },
  ],
  [
    'a blob file',
    async (disk) => {
      const [header, value] = await filesOf(disk, '.blob');
      await flipBit(disk, header, 3);
      await flipBit(disk, value, 100);
    },
  ],
];

describe.each(HARMS)('a crash during a repair of %s', (_, harm) => {
  it('leaves a database on which the repair comes to the same contents', async () => {
    const damaged = rich.disk.clone();
    await harm(damaged);
    const { crashes, repaired } = await crashesOf(damaged.clone());
    const contents = await contentsOf(repaired, RICH_OPTIONS);
    expect(contents.length).toBeGreaterThan(200);
    const prng = new Prng(7);
    let againCount = 0;
    for (const disk of crashes) {
      if (prng.below(100) < 50) continue;
      const { isDamaged } = await repairOn(disk);
      if (isDamaged) againCount++;
      expect(await contentsOf(disk, RICH_OPTIONS)).toEqual(contents);
    }
    expect(againCount).toBeGreaterThan(3);
  });
});
