import { SEALED_MEMTABLES_MAX } from '../base/limits.js';
import type { CompactionSettings } from '../compaction/compaction-settings.js';
import { decideStall, paceBackground, type StallCause, type WriteLoad } from '../compaction/stall.js';
import type { CompactionController } from './compaction-controller.js';
import { isDiskFull } from './disk-full.js';
import type { FlushController } from './flush-controller.js';
import type { StallDecision } from './stall-controller.js';
import type { TreeState } from './tree-state.js';

const CAUSES: Record<StallCause, string> = {
  memtables: 'too many memtables wait for their flush',
  l0: 'too many tables in L0 wait for compaction',
  debt: 'compaction is too far behind',
};

export interface WriteLoadParts {
  readonly state: TreeState;
  readonly flushes: FlushController;
  readonly compactions: CompactionController;
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
    return {
      kind: 'stop',
      cause: 'the disk is full: background work waits for room',
      debtBytes: load.debtBytes,
      estimatedMs: undefined,
    };
  }
  const decision = decideStall(isAutomatic ? load : { ...load, l0Count: 0, l0Bytes: 0, debtBytes: 0 }, settings);
  if (decision.kind === 'none') return decision;
  // A full set of memtables is the pipeline's own affair: it waits for the flush, not for a timer.
  if (decision.cause === 'memtables' && decision.kind === 'stop') return { kind: 'none' };
  const stall = { cause: CAUSES[decision.cause], debtBytes: decision.debtBytes, estimatedMs: decision.estimateMs };
  if (decision.kind === 'stop') return { kind: 'stop', ...stall };
  return { kind: 'delay', bytesPerSecond: decision.bytesPerSecond, ...stall };
}

/** Bytes a second that a compaction that starts now may move; 0 for no limit. */
export function compactionPace(parts: WriteLoadParts): number {
  const bytesPerSecond = paceBackground(writeLoad(parts), parts.settings);
  return Number.isFinite(bytesPerSecond) ? bytesPerSecond : 0;
}

function writeLoad({ state, flushes, compactions, memtableBytes }: WriteLoadParts): WriteLoad {
  const { fileCount, storedBytes } = state.version.totals[0];
  return {
    sealedCount: state.sealed.length,
    sealedMax: SEALED_MEMTABLES_MAX,
    activeBytes: state.active.memtable.usedBytes,
    memtableBytes,
    l0Count: fileCount,
    l0Bytes: storedBytes,
    debtBytes: compactions.debtBytes,
    flushBytesPerSecond: flushes.bytesPerSecond,
    compactionBytesPerSecond: compactions.counters.bytesPerSecond,
  };
}
