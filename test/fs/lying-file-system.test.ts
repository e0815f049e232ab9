import { describe, expect, it } from 'vitest';
import { allocateSharedMemory } from '../../src/base/shared-memory.js';
import { LyingFileSystem } from '../../src/fs/lying-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';

/** A file written and synced in every way there is, on a disk that says yes to all of it. */
async function writeAll(disk: LyingFileSystem): Promise<void> {
  const file = await disk.open('/file', 'create');
  await file.write(Uint8Array.of(1, 2, 3), 0);
  await file.datasync();
  file.datasyncSync();
  await file.close();
  const direct = await disk.open('/file', 'direct');
  await direct.write(new Uint8Array(allocateSharedMemory(4096), 0, 4096).fill(7), 0);
  await direct.close();
  await disk.syncDirectory('/');
  disk.syncDirectorySync('/');
}

async function sizesAfterPowerLoss(disk: MemoryFileSystem): Promise<Set<number | undefined>> {
  const sizes = new Set<number | undefined>();
  for (let seed = 1; seed <= 30; seed++) sizes.add(await disk.crashClone(seed).statBytes('/file'));
  return sizes;
}

describe('a disk that lies', () => {
  it('loses by a power loss what it said was durable, and keeps the name', async () => {
    const disk = new MemoryFileSystem();
    await writeAll(new LyingFileSystem(disk));
    const sizes = await sizesAfterPowerLoss(disk);
    expect(sizes).toContain(0);
    expect(sizes).not.toContain(undefined);
  });

  it('loses names too, if it lies of directories', async () => {
    const disk = new MemoryFileSystem();
    await writeAll(new LyingFileSystem(disk, { liesOfDirectories: true }));
    expect(await sizesAfterPowerLoss(disk)).toContain(undefined);
  });

  it('loses nothing by a kill, and reads as any other', async () => {
    const disk = new MemoryFileSystem();
    const lying = new LyingFileSystem(disk);
    await writeAll(lying);
    expect(await disk.clone().statBytes('/file')).toBe(4096);
    expect(lying.openSync('/file', 'read').readSync(new Uint8Array(5000), 0)).toBe(4096);
    expect(await lying.list('/')).toEqual(['file']);
  });
});
