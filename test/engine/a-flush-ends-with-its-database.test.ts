import { expect, it } from 'vitest';
import { StemeError } from '../../src/base/errors.js';
import { KIND_PUT } from '../../src/base/internal-key.js';
import { MIB, SEALED_MEMTABLES_MAX } from '../../src/base/limits.js';
import { systemTimers } from '../../src/base/timers.js';
import { BlobCache } from '../../src/blob/blob-cache.js';
import { FileKeeper } from '../../src/engine/file-keeper.js';
import { FlushController } from '../../src/engine/flush-controller.js';
import { TreeState } from '../../src/engine/tree-state.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import type { JobRunner } from '../../src/jobs/job.js';
import { SegmentAllocator } from '../../src/log/segment-allocator.js';
import { ArenaPool } from '../../src/memtable/arena-pool.js';
import { BlockCache } from '../../src/table/block-cache.js';
import { RowCache } from '../../src/table/row-cache.js';
import { TableCache } from '../../src/table/table-cache.js';
import { VersionSet } from '../../src/version/version-set.js';
import { settingsWith } from '../support/job-bench.js';
import { settles } from '../support/settles.js';
import { WAL_DIRECTORY, WalRig } from '../support/wal-rig.js';

const NEVER: JobRunner = { run: () => new Promise(() => undefined), close: () => Promise.resolve() };

async function controllerWithFullQueue(): Promise<{ flushes: FlushController; state: TreeState }> {
  const fileSystem = new MemoryFileSystem();
  const { wal, segments } = await WalRig.create(fileSystem);
  const directory = WAL_DIRECTORY;
  const versions = await VersionSet.create({ fileSystem, directory, databaseId: 7, logNumber: 1, nextFileNumber: 2 });
  const blockCache = new BlockCache(0);
  const tables = new TableCache({ fileSystem, directory, readMode: 'pread', blockCache, openTablesMax: 4 });
  const blobs = new BlobCache({ fileSystem, directory, readMode: 'pread', openBlobsMax: 4 });
  const arenas = new ArenaPool(MIB, 1);
  const onVersionUnused = () => undefined;
  const rows = new RowCache(0);
  const state = new TreeState({ arenas, tables, rows, version: versions.current, visibleSequence: 0, onVersionUnused });
  const onWarning = () => undefined;
  const numbers = { allocateNumber: () => versions.allocateFileNumber(), segmentBytes: MIB, recycledMax: 0 };
  const allocator = new SegmentAllocator({ fileSystem, directory, ...numbers, onWarning });
  const files = new FileKeeper({ fileSystem, directory, versions, tables, blobs, segments, allocator, onWarning });
  const callbacks = {
    onRoom: () => undefined,
    onFlushed: () => undefined,
    onRetry: () => undefined,
    onFailure: () => undefined,
    timers: systemTimers,
    tableSettings: () => settingsWith(),
    moments: () => [],
    blobThreshold: 0,
  };
  const flushes = new FlushController({ state, versions, runner: NEVER, wal, files, ...callbacks });
  for (let i = 1; i <= SEALED_MEMTABLES_MAX + 1; i++) {
    state.active.memtable.insert(i, KIND_PUT, Uint8Array.of(i), 0, 1, Uint8Array.of(i), 0, 1);
    if (i <= SEALED_MEMTABLES_MAX) expect(flushes.trySeal(0)).toBe(true);
  }
  return { flushes, state };
}

// law 7. A memtable was sealed after the failure, and nobody was left to flush it or to say so.
it('a flush that waits for room is refused when the database fails as the room comes', async () => {
  const { flushes, state } = await controllerWithFullQueue();
  const waiting = flushes.flush();
  const failure = new StemeError('STEME_BACKGROUND', 'the disk is gone');
  state.sealed[0].flushed.resolve();
  state.replaceOldestSealed(state.version);
  flushes.fail(failure);
  await expect(settles('the flush', waiting)).rejects.toBe(failure);
});
