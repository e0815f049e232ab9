import type { DatabaseStats, LevelStats } from '../engine/api.js';
import { recoveryGauges } from '../metrics/recovery-gauges.js';
import { formatTable } from './table-printer.js';
import { formatBytes, formatCount, formatMs } from './units.js';

/** The statistics of a database for a terminal: what it is, how it came up, and a row a level. */
export function formatStats(stats: DatabaseStats): string {
  const { sequence, wal, memtables, recovery, blobs, compactions } = stats;
  const facts: readonly (readonly [string, string])[] = [
    ['directory', stats.directory],
    ['sequence', `${formatCount(sequence.visible)} visible, ${formatCount(sequence.last)} written`],
    ['log', stats.readOnly ? 'not written: opened read-only' : `${wal.syncMode} (${wal.syncModeReason})`],
    ['memtable', `${formatBytes(memtables.activeBytes)} active, ${formatCount(memtables.sealedCount)} sealed`],
    ['recovery', `${formatMs(recovery.totalMs)}, ${formatBytes(recovery.replayedBytes)} of log replayed`],
    [
      'recovery time',
      `${recoveryGauges(recovery)
        .map(({ name, value }) => `${name} ${value.toFixed(3)}`)
        .join(', ')}`,
    ],
    [
      'blobs',
      `${formatCount(blobs.fileCount)} files, ${formatBytes(blobs.storedBytes)}, ${formatBytes(blobs.garbageBytes)} garbage`,
    ],
    ['compaction', `${formatBytes(compactions.debtBytes)} to be moved`],
    ['reads', stats.readMode],
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  const lines = [...facts, ...warnings(stats)].map(([name, text]) => `${name.padEnd(width)}  ${text}\n`);
  return `${lines.join('')}\n${formatLevels(stats.levels)}`;
}

function warnings(stats: DatabaseStats): [string, string][] {
  const { tornTail } = stats.recovery;
  const found: [string, string][] = [];
  if (tornTail !== undefined) {
    found.push(['torn tail', `${tornTail.file} at byte ${tornTail.offsetBytes}; nothing there was acknowledged`]);
  }
  for (const { file, problem } of stats.recovery.damage) found.push(['DAMAGE', `${file}: ${problem}`]);
  if (stats.backgroundError !== undefined) found.push(['ERROR', stats.backgroundError]);
  return found;
}

const HEADER = ['level', 'files', 'entries', 'tombstones', 'stored', 'raw', 'stored/raw'];

function formatLevels(levels: readonly LevelStats[]): string {
  const total = levels.reduce(
    (sum, level) => ({
      level: sum.level,
      fileCount: sum.fileCount + level.fileCount,
      storedBytes: sum.storedBytes + level.storedBytes,
      rawBytes: sum.rawBytes + level.rawBytes,
      entryCount: sum.entryCount + level.entryCount,
      tombstoneCount: sum.tombstoneCount + level.tombstoneCount,
    }),
    { level: -1, fileCount: 0, storedBytes: 0, rawBytes: 0, entryCount: 0, tombstoneCount: 0 },
  );
  const rows = levels.map((level) => levelRow(`L${level.level}`, level));
  return formatTable(HEADER, [...rows, levelRow('total', total)]);
}

function levelRow(name: string, level: LevelStats): string[] {
  return [
    name,
    formatCount(level.fileCount),
    formatCount(level.entryCount),
    formatCount(level.tombstoneCount),
    formatBytes(level.storedBytes),
    formatBytes(level.rawBytes),
    level.rawBytes === 0 ? '-' : (level.storedBytes / level.rawBytes).toFixed(2),
  ];
}
