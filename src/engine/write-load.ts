import { SEALED_MEMTABLES_MAX } from '../base/limits.js';
import type { CompactionSettings } from '../compaction/compaction-settings.js';
import { type LogLoad, logBytesMax } from '../compaction/recovery-bound.js';
import { decideStall, paceBackground, type StallDecision, type WriteLoad } from '../compaction/stall.js';
import { isDiskFull } from '../fs/disk-full.js';
import type { CompactionController } from './compaction-controller.js';
import type { FlushController } from './flush-controller.js';
import type { LiveLog } from './live-log.js';
import type { TreeState } from './tree-state.js';

/** How soon a full disk is looked at again. */
const DISK_RETRY_MS = 1000;

export interface WriteLoadParts {
  readonly state: TreeState;
  readonly flushes: FlushController;
  readonly compactions: CompactionController;
  readonly liveLog: LiveLog;
  readonly maxRecoverySeconds: number;
  readonly settings: CompactionSettings;
  readonly memtableBytes: number;
  /** Off: the user merges by hand, and is not to be held up for what nobody does. */
  readonly isAutomatic: boolean;
}

/** What the state of the tree and of the disk asks of writers. */
export function decideWriteStall(parts: WriteLoadParts): StallDecision {
  const { flushes, compactions, settings, isAutomatic } = parts;
  const load = writeLoad(parts);
  if (isDiskFull(flushes.failure) || isDiskFull(compactions.failure)) {
    return { kind: 'stop', cause: 'disk', debtBytes: load.debtBytes, estimateMs: DISK_RETRY_MS };
  }
  // Merged by hand, nobody is held up for what nobody does.
  return decideStall(isAutomatic ? load : { ...load, l0Count: 0, l0Bytes: 0, debtBytes: 0 }, settings);
}

/** Bytes a second that a compaction that starts now may move; 0 for no limit. */
export function compactionPace(parts: WriteLoadParts): number {
  const bytesPerSecond = paceBackground(writeLoad(parts), parts.settings);
  return Number.isFinite(bytesPerSecond) ? bytesPerSecond : 0;
}

/** What the log asks of the memtable. */
export function logLoad({ state, liveLog, maxRecoverySeconds }: WriteLoadParts): LogLoad {
  return {
    liveLogBytes: liveLog.bytes,
    logBytesMax: logBytesMax(maxRecoverySeconds, liveLog.pace.bytesPerSecond),
    sealedCount: state.sealed.length,
    isActiveEmpty: state.active.isEmpty,
  };
}

function writeLoad(parts: WriteLoadParts): WriteLoad {
  const { state, flushes, compactions, memtableBytes } = parts;
  const { liveLogBytes, logBytesMax } = logLoad(parts);
  const { fileCount, storedBytes } = state.version.totals[0];
  return {
    sealedCount: state.sealed.length,
    sealedMax: SEALED_MEMTABLES_MAX,
    activeBytes: state.active.memtable.usedBytes,
    memtableBytes,
    liveLogBytes,
    logBytesMax,
    l0Count: fileCount,
    l0Bytes: storedBytes,
    debtBytes: compactions.debtBytes,
    flushBytesPerSecond: flushes.bytesPerSecond,
    compactionBytesPerSecond: compactions.counters.bytesPerSecond,
  };
}
