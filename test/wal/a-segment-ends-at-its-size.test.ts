import { expect, it } from 'vitest';
import { KIB } from '../../src/base/limits.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { settles } from '../support/settles.js';
import { replayedKeys, WalRig } from '../support/wal-rig.js';

it.each(['fdatasync', 'direct'] as const)(
  'a segment that has come to its size ends with the group that brought it there, with %s',
  async (syncMode) => {
    const disk = new MemoryFileSystem();
    const rig = await WalRig.create(disk, { syncMode, segmentBytesMax: 64 * KIB });
    for (let i = 0; i < 40; i++) await settles(`put ${i}`, rig.put(`key ${i}`, 10 * KIB));
    await settles('the close', rig.wal.close());
    const found = await replayedKeys(disk.crashClone(1));
    expect(found.map(({ key }) => key)).toEqual(Array.from({ length: 40 }, (_, i) => `key ${i}`));
    const keysInSegment = new Map<number, number>();
    for (const { segment } of found) keysInSegment.set(segment, (keysInSegment.get(segment) ?? 0) + 1);
    expect([...keysInSegment.values()].slice(0, -1)).toEqual(
      Array(keysInSegment.size - 1).fill(syncMode === 'direct' ? 5 : 7),
    );
  },
);
