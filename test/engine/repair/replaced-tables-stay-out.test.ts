import { describe, expect, it } from 'vitest';
import { MemoryFileSystem } from '../../../src/fs/memory-file-system.js';
import { repairOn } from '../../support/repair-rig.js';
import { contentsOf, DIRECTORY, filesOf, openOn, readWhole, replaceFile } from '../../support/test-database.js';

const OPTIONS = { autoCompact: false, blockBytes: 256, threads: 1 } as const;

/** A database without a manifest, in which a table still is that its last compaction has read. */
async function withReplacedTable(): Promise<{ disk: MemoryFileSystem; contents: [string, string][] }> {
  const disk = new MemoryFileSystem();
  const db = await openOn(disk, OPTIONS);
  for (let i = 0; i < 200; i++) await db.put(`key ${String(i).padStart(3, '0')}`, `value ${i}`, { sync: false });
  await db.flush();
  for (let i = 10; i < 190; i += 10) await db.del(`key ${String(i).padStart(3, '0')}`, { sync: false });
  await db.deleteRange('key 100', 'key 120');
  await db.flush();
  // The older one alone: the other has the deletes, and would hide them itself.
  const [older] = await filesOf(disk, '.sst');
  const bytes = await readWhole(disk, older);
  await db.compact();
  await db.put('key 500', 'last');
  await db.close();
  const contents = await contentsOf(disk);
  await replaceFile(disk, older, bytes);
  for (const name of await filesOf(disk)) if (name.startsWith('MANIFEST')) await disk.remove(`${DIRECTORY}/${name}`);
  return { disk, contents };
}

describe('tables that a compaction has replaced', () => {
  it('bring nothing back that it dropped, though no manifest says that they are', async () => {
    const { disk, contents } = await withReplacedTable();
    expect(contents.length).toBeLessThan(190);
    expect((await filesOf(disk, '.sst')).length).toBeGreaterThanOrEqual(2);
    const report = await repairOn(disk);
    expect(report).toMatchObject({ manifest: 'rebuilt', lostEntries: 0 });
    expect(await contentsOf(disk)).toEqual(contents);
  });

  it('give back what the table has lost that replaced them', async () => {
    const { disk, contents } = await withReplacedTable();
    const youngest = (await filesOf(disk, '.sst')).at(-1) ?? '';
    const bytes = await readWhole(disk, youngest);
    bytes.fill(0, 1000, 1600);
    await replaceFile(disk, youngest, bytes);
    await repairOn(disk);
    const found = new Map(await contentsOf(disk));
    for (const [key, value] of contents) expect([key, found.get(key)]).toEqual([key, value]);
  });
});
