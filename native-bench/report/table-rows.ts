/** The tables of a run as rows of text, first the heading: the terminal and the page show the same ones. */
import {
  formatFigure,
  formatGoal,
  formatMb,
  formatOptional,
  formatRange,
  formatRatio,
  formatReached,
  formatUs,
  formatVerdict,
} from './format-figure.js';
import { type Grouped, groupWorkloads } from './groups.js';
import type { MachineLimits } from './results-file.js';
import type { EngineSummary, WorkloadSummary } from './summary.js';

export type TableRows = readonly (readonly string[])[];

export interface GroupTables extends Grouped<WorkloadSummary> {
  readonly speed: TableRows;
  readonly cost: TableRows;
}

export function groupTables(summaries: readonly WorkloadSummary[]): GroupTables[] {
  return groupWorkloads(summaries, ({ facts }) => facts).map((group) => ({
    ...group,
    speed: speedRows(group.members),
    cost: costRows(group.members),
  }));
}

const SPEED_HEADING = ['workload', 'engine', 'median', 'unit', 'min–max', 'p50', 'p99', 'p99.9', 'max'];
const SPEED_VERDICTS = ['stemedb is', 'goal', 'verdict'];

export function speedRows(summaries: readonly WorkloadSummary[]): TableRows {
  const rows = summaries.flatMap((summary) => summary.engines.map((engine) => speedRow(summary, engine)));
  return withoutEmptyColumns([[...SPEED_HEADING, ...SPEED_VERDICTS], ...rows]);
}

/** The ratio stands with the peer that it is to, and so do goal and verdict, mostly with the best one. */
function speedRow({ facts, bestPeer, judgements }: WorkloadSummary, summary: EngineSummary): string[] {
  const { engine, headline, roundCount, latencyUs, ratio } = summary;
  const isBest = engine === bestPeer?.engine;
  const judgement = judgements.find(({ peer }) => peer === engine);
  return [
    facts.name,
    isBest ? `${engine} (best peer)` : engine,
    formatFigure(headline.median),
    facts.unit,
    formatRange(headline, roundCount),
    formatUs(latencyUs?.p50),
    formatUs(latencyUs?.p99),
    formatUs(latencyUs?.p999),
    formatUs(latencyUs?.max),
    formatRatio(ratio),
    judgement === undefined ? '' : formatGoal(judgement),
    judgement === undefined ? '' : formatVerdict(judgement),
  ];
}

const COST_HEADING = ['workload', 'engine', 'write amp', 'read amp', 'space amp', 'written', 'read', 'RSS max'];
const COST_PROCESS = ['CPU s', 'loop p99', 'loop max', 'also'];

export function costRows(summaries: readonly WorkloadSummary[]): TableRows {
  const rows = summaries.flatMap(({ facts, engines }) => engines.map((engine) => costRow(facts.name, engine)));
  return withoutEmptyColumns([[...COST_HEADING, ...COST_PROCESS], ...rows]);
}

function costRow(workload: string, { engine, amplification, process, also }: EngineSummary): string[] {
  return [
    workload,
    engine,
    formatOptional(amplification.write),
    formatOptional(amplification.read),
    formatOptional(amplification.space),
    formatMb(process.writtenBytes),
    formatMb(process.readBytes),
    formatMb(process.rssBytesMax),
    formatFigure(process.cpuSeconds),
    formatLoopDelay(process.eventLoopDelayMsP99),
    formatLoopDelay(process.eventLoopDelayMsMax),
    Object.entries(also)
      .map(([name, value]) => `${name} ${Number.isInteger(value) ? value : formatFigure(value)}`)
      .join(', '),
  ];
}

/** Zero is a loop that never turned: operations that are done at once left it no chance. */
function formatLoopDelay(ms: number): string {
  return ms === 0 ? '' : formatUs(ms * 1000);
}

/** What none of these workloads has is no question to them: readers write nothing, one round has no spread. */
function withoutEmptyColumns(rows: TableRows): TableRows {
  const isFilled = rows[0].map((_, column) => rows.slice(1).some((row) => row[column] !== ''));
  return rows.map((row) => row.filter((_, column) => isFilled[column]));
}

/** Every goal that was judged, in one place. */
export function goalRows(summaries: readonly WorkloadSummary[]): TableRows {
  const rows = summaries.flatMap(({ facts, judgements }) =>
    judgements.map((judgement) => [
      facts.name,
      judgement.label,
      formatReached(judgement),
      formatGoal(judgement),
      formatVerdict(judgement),
    ]),
  );
  return [['workload', 'judged', 'reached', 'goal', 'verdict'], ...rows];
}

export function limitRows(limits: MachineLimits): TableRows {
  const perSecond = (value: number | undefined): string => `${formatOptional(value)} MB/s`;
  const quantiles = (p50: number, p99: number): string => `${formatUs(p50)} (p99 ${formatUs(p99)})`;
  const { sequentialReadMbPerS } = limits;
  return [
    ['what this machine allows', 'measured'],
    ['sequential write, synced', perSecond(limits.sequentialWriteMbPerS)],
    ['sequential read, past the page cache', sequentialReadMbPerS === undefined ? '' : perSecond(sequentialReadMbPerS)],
    ['sequential read, from the page cache', perSecond(limits.cachedReadMbPerS)],
    ['append 4 KiB and fdatasync', quantiles(limits.appendSyncUsP50, limits.appendSyncUsP99)],
    ['overwrite 4 KiB of zeros and fdatasync', quantiles(limits.overwriteSyncUsP50, limits.overwriteSyncUsP99)],
    ['memory copy', perSecond(limits.memoryCopyMbPerS)],
    ['Map.get, 1 M random keys', `${formatFigure(limits.mapGetNs)} ns`],
    ['thread round trip', quantiles(limits.threadRoundTripUsP50, limits.threadRoundTripUsP99)],
  ];
}
