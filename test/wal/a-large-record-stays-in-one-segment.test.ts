import { expect, it } from 'vitest';
import { MIB } from '../../src/base/limits.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { settles } from '../support/settles.js';
import { replayedKeys, WalRig } from '../support/wal-rig.js';

// Found by replay: a spare became ready while the fragments were on their way, the writer moved to it, and nobody could
// join a record whose fragments lie in two segments.
it('a record of many groups stays in one segment though better space becomes ready on the way', async () => {
  const disk = new MemoryFileSystem();
  const rig = await WalRig.create(disk, { initialBytes: 64 * 1024, segmentBytes: MIB, recycledMax: 3 });
  await settles('the small record', rig.put('small'));
  await settles('the large record', rig.putLarge('large', 40 * MIB));
  await settles('the record after it', rig.put('after'));
  const found = await replayedKeys(disk.clone());
  expect(found.map(({ key }) => key)).toEqual(['small', 'large', 'after']);
  expect(found.map(({ segment }) => segment).at(-1)).toBeGreaterThan(found[1].segment);
  await rig.wal.close();
});
