import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { DIRECT_IO_BLOCK_BYTES, WAL_BATCH_BYTES, WAL_BATCH_SLOTS } from '../../src/base/limits.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { TracingFileSystem } from '../../src/fs/tracing-file-system.js';
import { FRAME_OPERATION_BYTES_MAX } from '../../src/wal/wal-writer.js';
import { settles } from '../support/settles.js';
import { expectAscending, replayedKeys, WAL_DIRECTORY, WalRig } from '../support/wal-rig.js';

const RING_BYTES = WAL_BATCH_BYTES * WAL_BATCH_SLOTS;

describe('group commit', () => {
  it('gives all writes of a turn one promise, one write and one sync', async () => {
    const rig = await WalRig.create(new MemoryFileSystem());
    const promises = ['a', 'b', 'c'].map((key) => rig.put(key));
    expect(new Set(promises).size).toBe(1);
    await promises[0];
    expect([rig.wal.writeCount, rig.wal.syncCount]).toEqual([1, 1]);
    expect(rig.safe).toEqual([3]);
  });

  it('syncs far less often than 64 writers write', async () => {
    const disk = new MemoryFileSystem();
    const rig = await WalRig.create(disk);
    const writers = Array.from({ length: 64 }, async (_, writer) => {
      for (let i = 0; i < 20; i++) await rig.put(`${writer}/${i}`);
    });
    await settles('64 writers', Promise.all(writers));
    expect(rig.lastSequence).toBe(64 * 20);
    // Each round of all writers is one group: 20, and a few that the start may split.
    expect(rig.wal.syncCount).toBeLessThan(30);
    expectAscending(rig.safe);
    await rig.wal.close();
    expect(await replayedKeys(disk)).toHaveLength(64 * 20);
  });

  it('does not sync a group in which nobody asked for it', async () => {
    const rig = await WalRig.create(new MemoryFileSystem());
    await rig.put('a', 0, false);
    expect([rig.wal.writeCount, rig.wal.syncCount]).toEqual([1, 0]);
  });

  it('syncs a group as soon as one of its writes asks for it', async () => {
    const disk = new MemoryFileSystem();
    const rig = await WalRig.create(disk);
    const unsynced = rig.put('a', 0, false);
    expect(rig.put('b')).toBe(unsynced);
    await unsynced;
    expect(rig.wal.syncCount).toBe(1);
    expect((await replayedKeys(disk.crashClone(1))).map(({ key }) => key)).toEqual(['a', 'b']);
  });

  it('reports a write safe before its promise resolves', async () => {
    const rig = await WalRig.create(new MemoryFileSystem());
    const seen = rig.put('a').then(() => [...rig.safe]);
    expect(rig.safe).toEqual([]);
    expect(await seen).toEqual([1]);
  });

  it('starts a group when a frame is full, without waiting for the end of the turn', async () => {
    const tracing = new TracingFileSystem(new MemoryFileSystem(), WAL_DIRECTORY, new Set(['open']));
    const rig = await WalRig.create(tracing);
    const half = Math.floor(FRAME_OPERATION_BYTES_MAX / 2);
    const first = rig.put('a', half);
    void rig.put('b', half - 100);
    expect(tracing.lines).toEqual([]);
    const last = rig.put('c', half);
    expect(tracing.lines).not.toEqual([]);
    expect(last).not.toBe(first);
    await last;
  });

  it('says how long the oldest write waits, and nothing when none does', async () => {
    const rig = await WalRig.create(new MemoryFileSystem());
    expect(rig.wal.lagMs).toBe(0);
    const done = rig.put('a');
    await nextTurn();
    expect(rig.wal.lagMs).toBeGreaterThan(0);
    await done;
    expect(rig.wal.lagMs).toBe(0);
  });
});

describe('the ring', () => {
  it('refuses when it is full, and says when there is room again', async () => {
    const rig = await WalRig.create(new MemoryFileSystem());
    const valueBytes = FRAME_OPERATION_BYTES_MAX - 100;
    let last: Promise<void> | undefined;
    let count = 0;
    for (let done = rig.tryPut('0', valueBytes); done !== undefined; done = rig.tryPut(`${count}`, valueBytes)) {
      last = done;
      count++;
    }
    expect(count).toBe(WAL_BATCH_SLOTS);
    expect(rig.roomCount).toBe(0);
    await last;
    expect(rig.roomCount).toBeGreaterThan(0);
    await rig.put('again', valueBytes);
  });

  it.each(['fdatasync', 'direct'] as const)(
    'goes round many times without mixing anything up (%s)',
    async (syncMode) => {
      const disk = new MemoryFileSystem();
      const rig = await WalRig.create(disk, { syncMode });
      const keys: string[] = [];
      for (let bytes = 0; bytes < 3 * RING_BYTES; ) {
        const valueBytes = (keys.length * 7919) % 90_000;
        const key = `key ${keys.length}`;
        const done = rig.tryPut(key, valueBytes, keys.length % 3 === 0);
        if (done === undefined) {
          await new Promise<void>((resolve) => {
            rig.onRoom = resolve;
          });
          continue;
        }
        keys.push(key);
        bytes += valueBytes;
      }
      await rig.wal.close();
      expect((await replayedKeys(disk)).map(({ key }) => key)).toEqual(keys);
    },
  );

  it('pads every frame to whole blocks in direct mode', async () => {
    const tracing = new TracingFileSystem(new MemoryFileSystem(), WAL_DIRECTORY, new Set(['write']));
    const rig = await WalRig.create(tracing, { syncMode: 'direct' });
    await rig.put('a', 10);
    tracing.takeLines();
    await rig.put('b', 10);
    await rig.put('c', DIRECT_IO_BLOCK_BYTES);
    expect(tracing.lines).toEqual(['write 000001.log 8192+4096', 'write 000001.log 12288+8192']);
  });
});

describe('a large record', () => {
  it.each(['fdatasync', 'direct'] as const)('larger than the ring comes back whole (%s)', async (syncMode) => {
    const disk = new MemoryFileSystem();
    const rig = await WalRig.create(disk, { syncMode });
    await rig.put('before');
    await rig.putLarge('large', 2 * RING_BYTES);
    await rig.put('after');
    const keys = await replayedKeys(disk.crashClone(1));
    expect(keys.map(({ key }) => key)).toEqual(['before', 'large', 'after']);
  });

  it('keeps other writes out until its last fragment is in the ring', async () => {
    const disk = new MemoryFileSystem();
    const rig = await WalRig.create(disk);
    const large = rig.putLarge('large', 2 * RING_BYTES);
    expect(rig.wal.isBusy).toBe(true);
    expect(rig.tryPut('too early')).toBeUndefined();
    await settles('the large record', large);
    expect(rig.wal.isBusy).toBe(false);
    await rig.put('after');
    expect((await replayedKeys(disk)).map(({ key }) => key)).toEqual(['large', 'after']);
  });

  it('does not become safe with the groups that carry only a part of it', async () => {
    const rig = await WalRig.create(new MemoryFileSystem());
    await rig.put('before');
    const safeAtRoom: number[] = [];
    rig.onRoom = () => safeAtRoom.push(rig.safe.at(-1) ?? 0);
    await rig.putLarge('large', 2 * RING_BYTES);
    expect(safeAtRoom[0]).toBe(1);
    expect(rig.safe.at(-1)).toBe(2);
  });

  it('is made durable by a sync that is asked for while it is on its way', async () => {
    const disk = new MemoryFileSystem();
    const rig = await WalRig.create(disk);
    void rig.putLarge('large', 2 * RING_BYTES, false);
    expect(rig.wal.isBusy).toBe(true);
    await rig.wal.sync();
    for (let seed = 1; seed <= 5; seed++) {
      expect((await replayedKeys(disk.crashClone(seed))).map(({ key }) => key)).toEqual(['large']);
    }
  });

  it('is finished by a close that comes while it is on its way', async () => {
    const disk = new MemoryFileSystem();
    const rig = await WalRig.create(disk);
    const large = rig.putLarge('large', 2 * RING_BYTES, false);
    await settles('the close', rig.wal.close());
    await settles('the large record', large);
    expect(await replayedKeys(disk.crashClone(1))).toHaveLength(1);
  });
});

describe('rotation', () => {
  it('puts what was appended before into the old segment, and what comes after into the new one', async () => {
    const disk = new MemoryFileSystem();
    const rig = await WalRig.create(disk);
    void rig.put('before 1');
    void rig.put('before 2');
    const rotated = rig.wal.rotate();
    void rig.put('after 1');
    await rig.put('after 2');
    expect(await rotated).toBe(2);
    const bySegment = (await replayedKeys(disk)).map(({ key, segment }) => [key, segment]);
    expect(bySegment).toEqual([
      ['before 1', 1],
      ['before 2', 1],
      ['after 1', 2],
      ['after 2', 2],
    ]);
  });

  it('may be asked for twice in a turn; each gets its own segment', async () => {
    const disk = new MemoryFileSystem();
    const rig = await WalRig.create(disk);
    void rig.put('a');
    const rotations = [rig.wal.rotate(), rig.wal.rotate()];
    await rig.put('b');
    expect(await Promise.all(rotations)).toEqual([2, 3]);
    expect((await replayedKeys(disk)).map(({ key, segment }) => [key, segment])).toEqual([
      ['a', 1],
      ['b', 3],
    ]);
  });

  it('opens a segment even where nothing was ever written', async () => {
    const rig = await WalRig.create(new MemoryFileSystem());
    expect(await rig.wal.rotate()).toBe(1);
  });

  it('happens by itself when a segment has outgrown its space and a spare is ready', async () => {
    const disk = new MemoryFileSystem();
    const rig = await WalRig.create(disk, { initialBytes: 8192, segmentBytes: 32_768, recycledMax: 1 });
    const keys = Array.from({ length: 40 }, (_, i) => `key ${i}`);
    for (const key of keys) await rig.put(key, 1000);
    expect(rig.wal.segmentNumber).toBeGreaterThan(1);
    await rig.wal.close();
    expect((await replayedKeys(disk)).map(({ key }) => key)).toEqual(keys);
  });
});

describe('sync()', () => {
  it('covers earlier groups that were not synced', async () => {
    const disk = new MemoryFileSystem();
    const rig = await WalRig.create(disk);
    await rig.put('a', 0, false);
    await rig.put('b', 0, false);
    await rig.wal.sync();
    expect(await replayedKeys(disk.crashClone(3))).toHaveLength(2);
  });

  it.each(['fdatasync', 'direct'] as const)('covers those in the segments before (%s)', async (syncMode) => {
    const disk = new MemoryFileSystem();
    const rig = await WalRig.create(disk, { syncMode });
    await rig.put('a', 0, false);
    await rig.wal.rotate();
    await rig.put('b', 0, false);
    await rig.wal.rotate();
    await rig.put('c', 0, false);
    await rig.wal.sync();
    for (let seed = 1; seed <= 5; seed++) {
      expect((await replayedKeys(disk.crashClone(seed))).map(({ key }) => key)).toEqual(['a', 'b', 'c']);
    }
  });

  it('is done at once where nothing was written', async () => {
    const rig = await WalRig.create(new MemoryFileSystem());
    await settles('an empty sync', rig.wal.sync());
    expect(rig.wal.segmentNumber).toBeUndefined();
  });
});
