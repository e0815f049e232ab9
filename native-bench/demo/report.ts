import type { DatabaseStats } from '../../src/engine/api.js';
import { EVENT_LOOP_RESOLUTION_MS } from '../support/event-loop-delay.js';
import { formatCount, formatMegabytes, formatMs, formatTable } from '../support/text-table.js';
import type { AuditResult } from './audit.js';
import type { IngestStatus } from './protocol.js';

/** One row a figure, one column a process: the one that was killed, and the one that finished. */
export function formatIngestTable(killed: IngestStatus, finished: IngestStatus): string {
  const row = (label: string, figure: (status: IngestStatus) => string): string[] => [
    label,
    figure(killed),
    figure(finished),
  ];
  return formatTable([
    ['ingest', 'until the kill', 'after recovery'],
    row('records', (status) => formatCount(status.records)),
    row('records/s', (status) => formatCount((status.records / status.elapsedMs) * 1000)),
    row('MB/s', (status) => (status.bytes / 1000 / status.elapsedMs).toFixed(1)),
    row('syncs', (status) => formatCount(status.syncs)),
    row('records per sync', (status) => formatCount(status.records / status.syncs)),
    row('ack p50', (status) => formatMs(status.ackP50Ms)),
    row('ack p99', (status) => formatMs(status.ackP99Ms)),
    row(`event-loop delay p99 (${EVENT_LOOP_RESOLUTION_MS} ms timer)`, (status) =>
      formatMs(status.eventLoopDelayP99Ms),
    ),
  ]);
}

export function formatStorageTable(stats: DatabaseStats): string {
  const used = stats.levels.filter((level) => level.fileCount > 0);
  const sum = (figure: (level: DatabaseStats['levels'][number]) => number): number =>
    used.reduce((total, level) => total + figure(level), 0);
  const rows = used.map((level) => [
    `L${level.level}`,
    formatCount(level.fileCount),
    formatCount(level.entryCount),
    formatMegabytes(level.storedBytes),
    formatMegabytes(level.rawBytes),
  ]);
  return formatTable([
    ['level', 'files', 'entries', 'stored', 'raw'],
    ...rows,
    [
      'all',
      formatCount(sum((level) => level.fileCount)),
      formatCount(sum((level) => level.entryCount)),
      formatMegabytes(sum((level) => level.storedBytes)),
      formatMegabytes(sum((level) => level.rawBytes)),
    ],
  ]);
}

export function formatRecovery(stats: DatabaseStats): string {
  const { totalMs, replayedRecords, replayedBytes, segmentCount, tornTail } = stats.recovery;
  const replayed = `${formatCount(replayedRecords)} records (${formatMegabytes(replayedBytes)}) from ${segmentCount} log segments`;
  const tail = tornTail === undefined ? '' : `; dropped an unacknowledged tail in ${tornTail.file}`;
  return `recovered in ${formatMs(totalMs)}: replayed ${replayed}${tail}`;
}

export function formatAudit(result: AuditResult): string {
  const problems = [
    `lost ${formatCount(result.lostRecords)}`,
    `invented ${formatCount(result.inventedRecords)}`,
    `torn batches ${formatCount(result.tornBatches)}`,
    `out of order ${formatCount(result.misorderedKeys)}`,
  ];
  return `${formatCount(result.foundRecords)} records found: ${problems.join(', ')}`;
}
