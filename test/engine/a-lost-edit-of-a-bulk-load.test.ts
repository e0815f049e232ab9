import { expect, test } from 'vitest';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { code, filesOf, flipBit, openOn, readWhole } from '../support/test-database.js';

/** The mark of the load in the log was written after its edit was durable, so a manifest without the edit has lost it. */
test('a damaged edit of a bulk load is no torn tail of the manifest once the log has the mark of the load', async () => {
  const disk = new MemoryFileSystem();
  const db = await openOn(disk);
  await db.put('a', 'before');
  await db.flush();
  await db.bulkLoad([
    ['a', 'loaded'],
    ['b', 'loaded'],
  ]);
  const killed = disk.clone();
  await db.close();
  const [manifest] = (await filesOf(killed)).filter((name) => name.startsWith('MANIFEST'));
  const { length } = await readWhole(killed, manifest);
  await flipBit(killed, manifest, length - 16);
  await expect(openOn(killed)).rejects.toEqual(code('STEME_CORRUPTION'));
});
