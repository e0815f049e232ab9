import type { LatencyHistogram } from '../metrics/latency-histogram.js';
import type { DatabaseStats, LatencySummary, LevelStats } from './api.js';
import type { Engine } from './engine.js';
import type { TreeState } from './tree-state.js';

export function collectStats(engine: Engine): DatabaseStats {
  const { directory, options, state, pipeline } = engine.parts;
  const {
    wal,
    segments,
    syncMode,
    flushes,
    compactions,
    scrub,
    blockCache,
    rowCache,
    tables,
    snapshots,
    iterators,
    replay,
    damage,
    openMs,
    replayMs,
    liveLog,
    canMap,
  } = engine.parts;
  return {
    directory,
    readOnly: options.readOnly,
    backgroundError: engine.failure?.message,
    sequence: { last: pipeline.lastSequence, visible: state.visibleSequence },
    writes: { records: pipeline.recordCount, batches: pipeline.batchCount, userBytes: pipeline.userBytes },
    wal: {
      syncMode: syncMode.mode,
      syncModeReason: syncMode.reason,
      writtenBytes: wal.writtenBytes,
      writes: wal.writeCount,
      syncs: wal.syncCount,
      syncLatency: summarize(wal.latency),
      lagMs: wal.lagMs,
      segmentCount: segments.liveNumbers().size,
    },
    memtables: {
      activeBytes: state.active.memtable.usedBytes,
      sealedCount: state.sealed.length,
      capacityBytes: options.memtableBytes,
    },
    levels: levelStats(state),
    blobs: blobStats(state),
    blockCache: {
      capacityBytes: blockCache.capacityBytes,
      usedBytes: blockCache.usedBytes,
      hits: blockCache.hits,
      misses: blockCache.misses,
    },
    rowCache: {
      capacityBytes: rowCache.capacityBytes,
      usedBytes: rowCache.usedBytes,
      rowCount: rowCache.rowCount,
      hits: rowCache.hits,
      misses: rowCache.misses,
    },
    filters: { falsePositives: tables.counters.filterFalsePositives },
    flushes: { count: flushes.count, storedBytes: flushes.storedBytes, totalMs: flushes.totalMs },
    compactions: {
      count: compactions.counters.count,
      movedTableCount: compactions.counters.movedTableCount,
      droppedTableCount: compactions.counters.droppedTableCount,
      readBytes: compactions.counters.readBytes,
      storedBytes: compactions.counters.storedBytes,
      totalMs: compactions.counters.totalMs,
      runningCount: compactions.runningCount,
      debtBytes: compactions.debtBytes,
    },
    stalls: {
      count: pipeline.stalls.count,
      totalMs: pipeline.stalls.totalMs,
      cause: pipeline.stalls.cause,
      debtBytes: pipeline.stalls.current?.debtBytes ?? 0,
      estimateMs: pipeline.stalls.current?.estimateMs,
    },
    scrub: {
      periodHours: scrub.periodHours,
      checkedFiles: scrub.checkedFiles,
      checkedBytes: scrub.checkedBytes,
      damagedFiles: scrub.damagedFiles,
      passCount: scrub.passCount,
      lastPassMs: scrub.lastPassMs,
    },
    snapshots: { open: snapshots.openCount, oldestAgeMs: snapshots.oldestAgeMs() },
    iterators: { open: iterators.openCount, oldestAgeMs: iterators.oldestAgeMs() },
    recovery: {
      totalMs: openMs,
      replayedRecords: replay.operations,
      replayedBytes: replay.bytes,
      segmentCount: replay.chain.length,
      tornTail: replay.tornTail,
      damage,
      lastMs: replayMs,
      predictedMs: liveLog.predictedMs,
      liveLogBytes: liveLog.bytes,
      replayBytesPerSecond: liveLog.pace.bytesPerSecond,
    },
    readMode: options.readMode === 'mmap' && canMap ? 'mmap' : 'pread',
  };
}

function levelStats(state: TreeState): LevelStats[] {
  return state.version.totals.map((totals, level) => ({ level, ...totals }));
}

function blobStats({ version }: TreeState): DatabaseStats['blobs'] {
  let storedBytes = 0;
  let valueBytes = 0;
  for (const blob of version.blobs.values()) {
    storedBytes += blob.fileBytes;
    valueBytes += blob.valueBytes;
  }
  let usedBytes = 0;
  for (const { blobUses } of version.tables()) for (const use of blobUses) usedBytes += use.valueBytes;
  return { fileCount: version.blobs.size, storedBytes, valueBytes, garbageBytes: valueBytes - usedBytes };
}

function summarize(histogram: LatencyHistogram): LatencySummary {
  return {
    count: histogram.count,
    p50Ms: histogram.quantileMs(0.5),
    p99Ms: histogram.quantileMs(0.99),
    maxMs: histogram.maxMs,
  };
}
