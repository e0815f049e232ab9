import { StemeError } from '../base/errors.js';
import type { BlobCache } from '../blob/blob-cache.js';
import type { DirectoryLock } from '../fs/file-system.js';
import type { JobRunner } from '../jobs/job.js';
import type { SegmentAllocator } from '../log/segment-allocator.js';
import type { BlockCache } from '../table/block-cache.js';
import type { RowCache } from '../table/row-cache.js';
import type { TableCache } from '../table/table-cache.js';
import type { VersionSet } from '../version/version-set.js';
import type { SegmentFiles } from '../wal/segment-writer.js';
import type { SyncModeChoice } from '../wal/sync-mode.js';
import type { WalReplay } from '../wal/wal-replay.js';
import type { WalWriter } from '../wal/wal-writer.js';
import type { BulkLoader } from './bulk-load.js';
import type { CommitPipeline } from './commit-pipeline.js';
import type { CompactionController } from './compaction-controller.js';
import type { Environment } from './environment.js';
import type { FileKeeper } from './file-keeper.js';
import type { Finding } from './finding.js';
import type { FlushController } from './flush-controller.js';
import type { LiveLog } from './live-log.js';
import type { OpenIterators } from './open-iterators.js';
import type { ResolvedOptions } from './options.js';
import type { ReadClock } from './read-clock.js';
import type { ScrubController } from './scrub-controller.js';
import type { SnapshotRegistry } from './snapshots.js';
import type { StallController } from './stall-controller.js';
import type { TreeState } from './tree-state.js';

export interface EngineParts {
  readonly directory: string;
  readonly environment: Environment;
  readonly options: ResolvedOptions;
  readonly state: TreeState;
  readonly versions: VersionSet;
  readonly pipeline: CommitPipeline;
  readonly wal: WalWriter;
  readonly segments: SegmentFiles;
  readonly allocator: SegmentAllocator;
  readonly syncMode: SyncModeChoice;
  readonly flushes: FlushController;
  readonly compactions: CompactionController;
  readonly scrub: ScrubController;
  readonly bulkLoader: BulkLoader;
  readonly files: FileKeeper;
  readonly iterators: OpenIterators;
  readonly snapshots: SnapshotRegistry;
  readonly readClock: ReadClock;
  readonly blobs: BlobCache;
  readonly stallController: StallController;
  readonly blockCache: BlockCache;
  readonly rowCache: RowCache;
  readonly tables: TableCache;
  readonly runner: JobRunner;
  readonly lock: DirectoryLock;
  readonly replay: WalReplay;
  /** What was found damaged at the open, and is read around. */
  readonly damage: readonly Finding[];
  readonly openMs: number;
  readonly replayMs: number;
  readonly liveLog: LiveLog;
  readonly canMap: boolean;
}

/** An open database, in parts that are wired to each other. It knows the order in which they stop. */
export class Engine {
  readonly parts: EngineParts;

  constructor(parts: EngineParts) {
    this.parts = parts;
  }

  get failure(): StemeError | undefined {
    return this.parts.pipeline.failure;
  }

  /**
   * Writers first, then what is in memory goes to tables, then jobs end, then the log, then files; the directory is let go last,
   * whatever failed on the way. The first failure is thrown, unless the database had failed before: that error every writer has seen.
   */
  async close(): Promise<void> {
    const { state, pipeline, flushes, compactions, scrub, wal, segments, files } = this.parts;
    const { allocator, versions, tables, blobs, runner, lock, stallController } = this.parts;
    const earlierFailure = this.failure;
    const failures: unknown[] = [];
    const steps: (() => Promise<void>)[] = [
      async () => stallController.close(),
      () => pipeline.drained(),
      () => scrub.stop(),
      // Before the last flush, whose table would start another.
      () => compactions.stop(),
      () => this.#flushMemory(),
      () => flushes.stop(),
      () => runner.close(),
      () => wal.close(),
      () => segments.closed(),
      () => files.idle(),
      () => allocator.close(),
      () => versions.close(),
      async () => {
        state.dispose();
        tables.close();
        blobs.close();
      },
      () => lock.release(),
    ];
    for (const step of steps) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0 && earlierFailure === undefined) throw failures[0];
  }

  /** So that the next open has nothing to replay. Where that fails nothing is lost: the records are in the log. */
  async #flushMemory(): Promise<void> {
    const { options, state, wal, flushes, environment } = this.parts;
    const isEmpty = state.active.isEmpty && state.sealed.length === 0;
    if (!options.flushOnClose || options.readOnly || isEmpty || this.failure !== undefined) return;
    // First of all: a flush that fails may take the log with it, and a close must say what it could not make durable.
    await wal.sync();
    try {
      await flushes.flush();
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const message = `close could not write what is in memory to a table (${reason}); it is in the log, and the next open replays it`;
      environment.onWarning(new StemeError('STEME_IO', message, { cause }));
    }
  }
}
