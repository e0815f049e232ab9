import type { DatabaseStats } from '../engine/api.js';
import type { IngestResult } from './ingest.js';
import { printable } from './printable.js';
import type { FormatName } from './record-reader/record-reader.js';
import { shellWord } from './shell-word.js';
import { formatBytes, formatCount, formatMs } from './units.js';

/** What `steme ingest --json` prints. */
export interface IngestSummary extends IngestResult {
  readonly source: string;
  readonly format: FormatName;
  readonly database: string;
  readonly recordsPerSecond: number;
  readonly megabytesPerSecond: number;
  readonly syncs: number;
  readonly syncP99Ms: number;
}

export function summarize(
  result: IngestResult,
  stats: DatabaseStats,
  plan: { readonly source: string; readonly format: FormatName },
): IngestSummary {
  const seconds = Math.max(result.durationMs, 1) / 1000;
  return {
    source: plan.source,
    format: plan.format,
    database: stats.directory,
    ...result,
    recordsPerSecond: Math.round(result.storedRecords / seconds),
    megabytesPerSecond: Number((result.sourceBytes / 1e6 / seconds).toFixed(3)),
    syncs: stats.wal.syncs,
    syncP99Ms: stats.wal.syncLatency.p99Ms,
  };
}

/** One line for people, and a second one when the ingest was interrupted. */
export function formatSummary(summary: IngestSummary): string {
  const parts = [
    `ingested ${formatCount(summary.storedRecords)} records (${formatBytes(summary.sourceBytes)} of ${summary.format}) ` +
      `in ${formatMs(summary.durationMs)}`,
    `${formatCount(summary.recordsPerSecond)} records/s`,
    `${summary.megabytesPerSecond.toFixed(1)} MB/s`,
    `${formatCount(summary.syncs)} syncs, p99 ${formatMs(summary.syncP99Ms)}`,
  ];
  if (summary.emptyLines > 0) parts.push(`${formatCount(summary.emptyLines)} empty lines skipped`);
  parts.push(`${formatCount(summary.rejectedRecords)} rejected${describeRejections(summary)}`);
  return `${parts.join(', ')}\n${summary.interrupted ? formatInterruption(summary) : ''}`;
}

/** Why, and how to look at them. */
function describeRejections(summary: IngestSummary): string {
  const { rejectedRecords, rejectedByReason, rejectedBefore, rejectedTenant, database } = summary;
  if (rejectedRecords === 0) return '';
  const reasons = Object.entries(rejectedByReason).map(([code, count]) => `${code} ${formatCount(count)}`);
  const before = rejectedBefore === 0 ? '' : `, ${formatCount(rejectedBefore)} of them in the quarantine before`;
  const words = ['steme', 'quarantine', 'ls', '--db', database];
  if (rejectedTenant !== undefined && isPrintable(rejectedTenant)) words.push('--tenant', rejectedTenant);
  return ` (${reasons.join(', ')})${before}: ${words.map(shellWord).join(' ')}`;
}

function isPrintable(text: string): boolean {
  return printable(Buffer.from(text)) === text;
}

function formatInterruption(summary: IngestSummary): string {
  return (
    `interrupted after line ${formatCount(summary.lastLine)}; all of it is durable. ` +
    'Run the same command again to complete it: a record keeps its key, so nothing is stored twice.\n'
  );
}
