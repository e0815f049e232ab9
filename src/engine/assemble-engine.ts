import { StemeError } from '../base/errors.js';
import type { BlobCache } from '../blob/blob-cache.js';
import { wantsEarlySeal } from '../compaction/recovery-bound.js';
import { isDiskFull } from '../fs/disk-full.js';
import type { DirectoryLock } from '../fs/file-system.js';
import type { JobRunner, TableSettings } from '../jobs/job.js';
import type { SegmentAllocator } from '../log/segment-allocator.js';
import type { BlockCache } from '../table/block-cache.js';
import type { RowCache } from '../table/row-cache.js';
import type { TableCache } from '../table/table-cache.js';
import type { VersionSet } from '../version/version-set.js';
import type { SegmentFiles, SegmentWriter } from '../wal/segment-writer.js';
import type { SyncModeChoice } from '../wal/sync-mode.js';
import type { WalReplay } from '../wal/wal-replay.js';
import { WalWriter } from '../wal/wal-writer.js';
import { AllReaders } from './all-readers.js';
import { BulkLoader } from './bulk-load.js';
import { CommitPipeline } from './commit-pipeline.js';
import { CompactionController } from './compaction-controller.js';
import { compactionSettingsOf } from './compaction-settings-of.js';
import { Engine } from './engine.js';
import type { Environment } from './environment.js';
import { FileKeeper } from './file-keeper.js';
import type { Finding } from './finding.js';
import { FlushController } from './flush-controller.js';
import { LiveLog } from './live-log.js';
import { OpenIterators } from './open-iterators.js';
import type { ResolvedOptions } from './options.js';
import { ReadClock } from './read-clock.js';
import type { ReplayPace } from './replay-pace.js';
import { ScrubController } from './scrub-controller.js';
import { SnapshotRegistry } from './snapshots.js';
import { StallController } from './stall-controller.js';
import { StallMeter } from './stall-meter.js';
import { StallWatchdog } from './stall-watchdog.js';
import type { TreeState } from './tree-state.js';
import { compactionPace, decideWriteStall, logLoad, type WriteLoadParts } from './write-load.js';

/** The reading side. */
export interface Tree {
  readonly blockCache: BlockCache;
  readonly rowCache: RowCache;
  readonly tables: TableCache;
  readonly blobs: BlobCache;
  readonly state: TreeState;
  /** Sets what to do when the last reader of a version is gone. */
  readonly onVersionUnused: (collect: () => void) => void;
}

/** The log, ready for its first write. */
export interface OpenLog {
  readonly syncMode: SyncModeChoice;
  readonly segments: SegmentFiles;
  readonly segment: SegmentWriter | undefined;
}

export interface RecoveredParts extends Tree {
  readonly directory: string;
  readonly options: ResolvedOptions;
  readonly environment: Environment;
  readonly lock: DirectoryLock;
  readonly allocator: SegmentAllocator;
  readonly tableSettings: () => TableSettings;
  readonly versions: VersionSet;
  readonly runner: JobRunner;
  readonly replay: WalReplay;
  readonly damage: readonly Finding[];
  readonly log: OpenLog;
  readonly openMs: number;
  /** Of it, what the replay of the log took; 0 where there was none. */
  readonly replayMs: number;
  readonly pace: ReplayPace;
}

/** Wires the parts that work from now on: log, pipeline, flushes, compactions, and the one path that a failure takes. */
export function assembleEngine(parts: RecoveredParts): Engine {
  const { state, versions, tableSettings, log, environment, allocator, tables, blobs, directory } = parts;
  const { fileSystem, clock, timers, onWarning } = environment;
  const lastSequence = state.visibleSequence;
  const fail = (error: StemeError): void => {
    pipeline.fail(error);
    flushes.fail(error);
    compactions.fail(error);
  };
  const liveLog = new LiveLog(log.segments, versions, parts.pace);
  const onRoom = (): void => {
    sealEarly();
    pipeline.resume();
  };
  const wal = new WalWriter({
    segments: log.segments,
    segment: log.segment,
    clock,
    lastSequence,
    onSafe: (sequence) => {
      state.visibleSequence = sequence;
    },
    onRoom,
    onFailure: fail,
  });
  // A scrub never makes another job wait for long.
  const runner: JobRunner = {
    run: (job) => {
      scrub.hurry();
      return parts.runner.run(job);
    },
    close: () => parts.runner.close(),
  };
  const files = new FileKeeper({
    fileSystem,
    directory,
    versions,
    tables,
    blobs,
    segments: log.segments,
    allocator,
    onWarning,
  });
  parts.onVersionUnused(() => void files.collect());
  const { options } = parts;
  const { blobThreshold } = options;
  const settings = compactionSettingsOf(options);
  const onFlushed = (): void => {
    compactions.noteFlush();
    stallController.update();
  };
  const flushes = new FlushController({
    state,
    versions,
    runner,
    tableSettings,
    moments: () => [...readers.sequences(), state.visibleSequence],
    blobThreshold,
    wal,
    files,
    onRoom,
    onFlushed,
    onRetry: (cause) => {
      onWarning(new StemeError('STEME_IO', retryText(cause), { cause }));
      stallController.update();
    },
    onFailure: fail,
    timers,
  });
  const trySeal = (minimumBytes: number): boolean => flushes.trySeal(minimumBytes);
  const sealEarly = (): void => {
    if (!wal.isBusy && wantsEarlySeal(logLoad(load))) trySeal(0);
  };
  const flushMs = (): number | undefined => (flushes.count === 0 ? undefined : flushes.totalMs / flushes.count);
  const watchdog = new StallWatchdog({
    timers,
    isWorkPending: () => flushes.isWorkPending || compactions.isWorkPending,
    reschedule: () => {
      flushes.start();
      compactions.schedule();
      stallController.update();
    },
    onWarning,
  });
  const stalls = new StallMeter(clock, watchdog);
  const stallController = new StallController({ clock, timers, decide: () => decideWriteStall(load), onRoom });
  const pipeline = new CommitPipeline({
    state,
    wal,
    timers,
    lastSequence,
    trySeal,
    flushMs,
    stalls,
    controller: stallController,
  });
  const iterators = new OpenIterators({ clock, timers, onWarning });
  const readClock = new ReadClock(clock);
  const snapshots = new SnapshotRegistry({
    visibleSequence: () => state.visibleSequence,
    readTimeMs: () => readClock.nowMs(),
    clock,
    timers,
    warningMs: options.snapshotWarningMs,
    onWarning,
  });
  const readers = new AllReaders([snapshots, iterators]);
  const compactions = new CompactionController({
    state,
    versions,
    runner,
    files,
    tables,
    readers,
    settings,
    readMode: options.readMode,
    tableSettings,
    blobThreshold,
    slots: Math.max(1, options.threads - 1),
    isAutomatic: options.autoCompact,
    pace: () => compactionPace(load),
    clock,
    timers,
    onChange: () => stallController.update(),
    onWarning,
    onFailure: fail,
  });
  const load: WriteLoadParts = {
    state,
    flushes,
    compactions,
    liveLog,
    maxRecoverySeconds: options.maxRecoverySeconds,
    settings,
    memtableBytes: options.memtableBytes,
    isAutomatic: options.autoCompact,
  };
  const bulkLoader = new BulkLoader({
    fileSystem,
    directory,
    clock,
    readClock,
    state,
    versions,
    runner,
    files,
    flushes,
    pipeline,
    compactions,
    tableSettings,
    blobThreshold,
    memtableBytes: options.memtableBytes,
    ttlMs: options.ttlMs,
    onInstalled: () => stallController.update(),
    onFailure: fail,
  });
  const scrub = new ScrubController({
    directory,
    state,
    runner: parts.runner,
    files,
    periodHours: options.readOnly ? 0 : options.scrubPeriodHours,
    isBusy: () => flushes.isWorkPending || compactions.isWorkPending,
    clock,
    timers,
    onWarning,
  });
  const { syncMode, segments } = log;
  const engine = new Engine({
    ...parts,
    wal,
    pipeline,
    flushes,
    compactions,
    scrub,
    bulkLoader,
    liveLog,
    files,
    iterators,
    snapshots,
    readClock,
    stallController,
    syncMode,
    segments,
    canMap: fileSystem.canMap,
  });
  // What recovery had to seal goes to tables now, and what an earlier opener left undone is done.
  if (!options.readOnly) {
    flushes.start();
    sealEarly();
    compactions.schedule();
  }
  scrub.start();
  return engine;
}

/** Why a flush is tried again. */
function retryText(cause: unknown): string {
  if (isDiskFull(cause)) return 'the disk is full: a flush waits for room, and writers with it';
  const reason = cause instanceof Error ? cause.message : String(cause);
  return `a flush read back what it had written, and it is not that (${reason}); nothing is lost, it is written again: check disk and memory`;
}
