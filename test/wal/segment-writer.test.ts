import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.js';
import { DIRECT_IO_BLOCK_BYTES } from '../../src/base/limits.js';
import { allocateSharedMemory } from '../../src/base/shared-memory.js';
import { FaultyFileSystem } from '../../src/fs/faulty-file-system.js';
import type { FileOperation } from '../../src/fs/file-operation.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { interceptFileSystem } from '../../src/fs/intercepted-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { logIdentity } from '../../src/log/log-format.js';
import { readLogHeader } from '../../src/log/log-header.js';
import { SegmentAllocator } from '../../src/log/segment-allocator.js';
import type { WalSyncMode } from '../../src/wal/segment-writer.js';
import { SegmentFiles } from '../../src/wal/segment-writer.js';
import { decodeSegmentHeader } from '../../src/wal/wal-segment.js';

const DIRECTORY = '/db';
const DATABASE_ID = 3;

async function segmentFiles(fileSystem: FileSystem, syncMode: WalSyncMode): Promise<SegmentFiles> {
  await fileSystem.makeDirectory(DIRECTORY);
  let nextNumber = 10;
  const allocator = new SegmentAllocator({
    fileSystem,
    directory: DIRECTORY,
    allocateNumber: () => nextNumber++,
    segmentBytes: 65_536,
    recycledMax: 1,
    initialBytes: 65_536,
    onWarning: () => undefined,
  });
  const recovered = [{ number: 4, endBytes: 500 }];
  return new SegmentFiles({
    fileSystem,
    allocator,
    databaseId: DATABASE_ID,
    syncMode,
    clock: systemClock,
    recovered,
    obsoleteNumbers: [2],
  });
}

function blocks(count: number): Uint8Array {
  const bytes = count * DIRECT_IO_BLOCK_BYTES;
  return new Uint8Array(allocateSharedMemory(bytes)).subarray(0, bytes);
}

async function headerOf(fileSystem: FileSystem, number: number) {
  const name = `0000${number}.log`;
  const payload = await readLogHeader(fileSystem, `${DIRECTORY}/${name}`, logIdentity(DATABASE_ID, number));
  if (payload === undefined) throw new Error(`${name} has no header`);
  return decodeSegmentHeader(payload, name);
}

describe('segments', () => {
  it('name the one before them and where it ends', async () => {
    const disk = new MemoryFileSystem();
    const segments = await segmentFiles(disk, 'fdatasync');
    const first = await segments.next(undefined, 0);
    await first.write(new Uint8Array(24), false);
    const second = await segments.next(first, 0);
    expect(await headerOf(disk, first.number)).toMatchObject({ predecessorNumber: 4, predecessorEndBytes: 500 });
    expect(await headerOf(disk, second.number)).toMatchObject({ predecessorNumber: 10, predecessorEndBytes: 104 });
  });

  it('are kept account of until they are given back, those that recovery found included', async () => {
    const segments = await segmentFiles(new MemoryFileSystem(), 'fdatasync');
    const first = await segments.next(undefined, 0);
    await segments.next(first, 0);
    expect([...segments.liveNumbers()].sort((a, b) => a - b)).toEqual([2, 4, 10, 11]);
    expect((await segments.takeObsolete(11)).sort((a, b) => a - b)).toEqual([2, 4, 10]);
    expect(await segments.takeObsolete(11)).toEqual([]);
    expect([...segments.liveNumbers()]).toEqual([11]);
  });

  it('are given back only after they are closed', async () => {
    const closed: string[] = [];
    const watch = ({ kind, path, mode }: FileOperation) => {
      if (kind === 'close' && mode === 'update') closed.push(path);
      return undefined;
    };
    const fileSystem = interceptFileSystem(new MemoryFileSystem(), () => undefined, watch);
    const segments = await segmentFiles(fileSystem, 'fdatasync');
    const first = await segments.next(undefined, 0);
    await first.write(new Uint8Array(8), false);
    await segments.next(first, 0);
    await segments.takeObsolete(11);
    expect(closed).toEqual(['/db/000010.log']);
  });

  it('leave no handle open when the next one cannot be started', async () => {
    let openCount = 0;
    const watch = ({ kind }: FileOperation) => {
      if (kind === 'open') openCount++;
      if (kind === 'close') openCount--;
      return undefined;
    };
    const counted = interceptFileSystem(new MemoryFileSystem(), () => undefined, watch);
    // Zeros are written in one go; the header is the second write.
    const faulty = new FaultyFileSystem(counted, [{ kind: 'write', nth: 2 }]);
    const segments = await segmentFiles(faulty, 'direct');
    await expect(segments.next(undefined, 0)).rejects.toMatchObject({ code: 'STEME_IO' });
    expect(openCount).toBe(0);
  });
});

describe('the two doors of a segment in direct mode', () => {
  async function watchedSegment() {
    const modes: string[] = [];
    const fileSystem = interceptFileSystem(new MemoryFileSystem(), ({ kind, mode, path }) => {
      if (path.endsWith('.log') && (kind === 'write' || kind === 'datasync')) modes.push(`${kind} ${mode}`);
    });
    const segment = await (await segmentFiles(fileSystem, 'direct')).next(undefined, 0);
    modes.length = 0;
    return { segment, modes };
  }

  it('are O_DIRECT for what must be durable and the page cache for what need not', async () => {
    const { segment, modes } = await watchedSegment();
    await segment.write(blocks(1), true);
    await segment.sync();
    await segment.write(blocks(1), false);
    expect(modes).toEqual(['write direct', 'write update']);
  });

  it('are never mixed while the page cache holds something unsynced', async () => {
    const { segment, modes } = await watchedSegment();
    await segment.write(blocks(1), false);
    await segment.write(blocks(1), true);
    await segment.sync();
    await segment.write(blocks(1), true);
    await segment.sync();
    expect(modes).toEqual(['write update', 'write update', 'datasync update', 'write direct']);
  });
});
