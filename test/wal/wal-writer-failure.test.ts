import { describe, expect, it } from 'vitest';
import { WAL_BATCH_BYTES, WAL_BATCH_SLOTS } from '../../src/base/limits.js';
import type { FaultRule } from '../../src/fs/faulty-file-system.js';
import { FaultyFileSystem } from '../../src/fs/faulty-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { outcomeOf } from '../support/settles.js';
import { replayedKeys, WalRig } from '../support/wal-rig.js';

const RING_BYTES = WAL_BATCH_BYTES * WAL_BATCH_SLOTS;
const BACKGROUND = expect.objectContaining({ code: 'STEME_BACKGROUND' });

async function brokenRig(rule: FaultRule, syncMode: 'fdatasync' | 'direct' = 'fdatasync') {
  const disk = new MemoryFileSystem();
  const faulty = new FaultyFileSystem(disk, [rule]);
  return { disk, faulty, rig: await WalRig.create(faulty, { syncMode }) };
}

// law 7
describe('after a failed write or sync', () => {
  it.each([
    // The first sync of a segment is that of its zeros; the second is that of the first group.
    { name: 'datasync', rule: { kind: 'datasync', nth: 3 }, syncMode: 'fdatasync' },
    // Zeros, header, first group, second group.
    { name: 'write', rule: { kind: 'write', nth: 4 }, syncMode: 'fdatasync' },
    { name: 'short write', rule: { kind: 'write', nth: 4, effect: 'short-write' }, syncMode: 'fdatasync' },
    { name: 'direct write', rule: { kind: 'write', nth: 4 }, syncMode: 'direct' },
  ] as const)('the group of a failed $name and all later calls are refused', async ({ rule, syncMode }) => {
    const { disk, faulty, rig } = await brokenRig(rule, syncMode);
    await rig.put('acked');
    const failed = await outcomeOf('the failing group', rig.put('lost'));
    expect(failed).toEqual({ error: BACKGROUND });
    expect(await outcomeOf('sync', rig.wal.sync())).toEqual(failed);
    expect(await outcomeOf('rotate', rig.wal.rotate())).toEqual(failed);
    expect(rig.failures).toEqual([BACKGROUND]);
    expect(rig.failures[0].cause).toMatchObject({ code: 'STEME_IO' });
    // Nothing is tried again.
    expect(faulty.injected).toHaveLength(1);
    expect(rig.safe).toEqual([1]);
    await outcomeOf('close', rig.wal.close());
    expect((await replayedKeys(disk.crashClone(1)))[0]?.key).toBe('acked');
  });

  it('the groups that wait behind it are refused with the same error', async () => {
    const { rig } = await brokenRig({ kind: 'datasync', nth: 2 });
    const waiting: Promise<unknown>[] = [rig.put('a'), rig.wal.rotate(), rig.put('b'), rig.wal.rotate(), rig.put('c')];
    const outcomes = await Promise.all(waiting.map((promise) => outcomeOf('a waiting call', promise)));
    expect(outcomes).toEqual(waiting.map(() => ({ error: rig.failures[0] })));
    expect(rig.failures).toHaveLength(1);
  });

  it('a large record on its way is refused with it', async () => {
    const { rig } = await brokenRig({ kind: 'write', nth: 3 });
    const large = outcomeOf('the large record', rig.putLarge('large', 2 * RING_BYTES));
    expect(await large).toEqual({ error: BACKGROUND });
    expect(rig.safe).toEqual([]);
  });

  it('a segment that cannot be opened refuses the write', async () => {
    const { rig } = await brokenRig({ kind: 'open', nth: 1 });
    expect(await outcomeOf('the write', rig.put('a'))).toEqual({ error: BACKGROUND });
    expect(rig.failures).toHaveLength(1);
  });

  it('a sync of the segment before that fails is seen by the next sync', async () => {
    // Zeros of segment 1, zeros of segment 2, then the retired segment.
    const { faulty, rig } = await brokenRig({ kind: 'datasync', nth: 3 });
    await rig.put('a', 0, false);
    await rig.wal.rotate();
    await rig.put('b', 0, false);
    expect(faulty.injected).toHaveLength(1);
    expect(await outcomeOf('the sync', rig.wal.sync())).toEqual({ error: BACKGROUND });
  });
});
