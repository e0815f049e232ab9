import { BLOCK_CACHE_BYTES_DEFAULT, MEMTABLE_BYTES_DEFAULT, SEALED_MEMTABLES_MAX } from '../../src/base/limits.js';
import { median } from '../support/samples.js';
import { formatCount, formatTable } from '../support/text-table.js';
import type { EngineName } from './bench-engine.js';
import type { Measurements, WorkloadName } from './workload.js';

/** A figure that both engines are measured by; `ratioMin` is the goal, if there is one. */
interface ComparedFigure {
  readonly label: string;
  readonly name: string;
  readonly ratioMin?: number;
}

/** A figure of ours with an upper limit. */
interface LimitedFigure {
  readonly label: string;
  readonly name: string;
  readonly max: number;
  readonly shown: (value: number) => string;
}

export interface Run {
  readonly engine: EngineName;
  readonly workload: WorkloadName;
  readonly round: number;
  readonly measurements: Measurements;
}

const RSS_BYTES_MAX =
  (1 + SEALED_MEMTABLES_MAX) * MEMTABLE_BYTES_DEFAULT + BLOCK_CACHE_BYTES_DEFAULT + 200 * 1024 * 1024;

const COMPARED: readonly ComparedFigure[] = [
  { label: 'async ingest, records/s', name: 'asyncIngestPerS', ratioMin: 1.5 },
  { label: 'durable ingest, records/s', name: 'durableIngestPerS', ratioMin: 3 },
  { label: 'getSync hot, after load, reads/s', name: 'getSyncLoadedPerS', ratioMin: 2 },
  { label: 'getSync hot, after reopen, reads/s', name: 'getSyncReopenedPerS' },
  { label: 'getSync hot, after compact, reads/s', name: 'getSyncCompactedPerS' },
  { label: 'getSync everywhere, after compact, reads/s', name: 'getSyncUniformPerS' },
  { label: 'get hot, after load, reads/s', name: 'getLoadedPerS', ratioMin: 10 },
  { label: 'get hot, after reopen, reads/s', name: 'getReopenedPerS' },
  { label: 'get hot, after compact, reads/s', name: 'getCompactedPerS' },
  { label: 'get hot, 16 in flight, after load, reads/s', name: 'get16LoadedPerS' },
  { label: 'get hot, 16 in flight, after reopen, reads/s', name: 'get16ReopenedPerS' },
  { label: 'get hot, 16 in flight, after compact, reads/s', name: 'get16CompactedPerS' },
];

const shownMs = (value: number): string => `${value.toFixed(2)} ms`;
const shownUs = (value: number): string => `${value.toFixed(2)} µs`;
const shownMb = (value: number): string => `${(value / 1e6).toFixed(0)} MB`;

const LIMITED: readonly LimitedFigure[] = [
  { label: 'event-loop delay p99, async ingest', name: 'asyncIngestEventLoopP99Ms', max: 10, shown: shownMs },
  { label: 'event-loop delay p99, durable ingest', name: 'durableIngestEventLoopP99Ms', max: 10, shown: shownMs },
  { label: 'resident memory max', name: 'rssMaxBytes', max: RSS_BYTES_MAX, shown: shownMb },
];

const INFORMATIVE: readonly Omit<LimitedFigure, 'max'>[] = [
  { label: 'processor time a record, async ingest', name: 'asyncIngestCpuUs', shown: shownUs },
  { label: 'processor time a record, durable ingest', name: 'durableIngestCpuUs', shown: shownUs },
  { label: 'durable ack p50', name: 'durableAckP50Ms', shown: shownMs },
  { label: 'durable ack p99', name: 'durableAckP99Ms', shown: shownMs },
  { label: 'event-loop delay max, async ingest', name: 'asyncIngestEventLoopMaxMs', shown: shownMs },
  { label: 'getSync p50, after load', name: 'getSyncLoadedP50Us', shown: shownUs },
  { label: 'getSync p99, after load', name: 'getSyncLoadedP99Us', shown: shownUs },
  { label: 'getSync p50, after compact', name: 'getSyncCompactedP50Us', shown: shownUs },
  { label: 'anonymous memory max', name: 'rssAnonymousMaxBytes', shown: shownMb },
  { label: 'mapped file memory max', name: 'rssFileMaxBytes', shown: shownMb },
  { label: 'external memory at the end', name: 'externalBytes', shown: shownMb },
  {
    label: 'resident memory slope, last 60 %',
    name: 'rssSlopeMbPerMRecords',
    shown: (value) => `${value.toFixed(2)} MB per million records`,
  },
];

/** The comparison, the limits, and figures for the curious. */
export function formatResults(runs: readonly Run[]): string {
  const compared = COMPARED.map((figure) => comparedRow(runs, figure)).filter((row) => row !== undefined);
  const limited = LIMITED.map((figure) => limitedRow(runs, figure)).filter((row) => row !== undefined);
  const informative = INFORMATIVE.map((figure) => informativeRow(runs, figure)).filter((row) => row !== undefined);
  const tables = [
    { heading: ['medians', 'stemedb', 'classic-level', 'ratio', 'goal', ''], rows: compared },
    { heading: ['limits', 'stemedb', 'limit', ''], rows: limited },
    { heading: ['also', 'stemedb', 'classic-level'], rows: informative },
  ];
  return tables
    .filter(({ rows }) => rows.length > 0)
    .map(({ heading, rows }) => formatTable([heading, ...rows]))
    .join('\n\n');
}

function comparedRow(runs: readonly Run[], { label, name, ratioMin }: ComparedFigure): string[] | undefined {
  const ours = medianOf(runs, 'stemedb', name);
  const theirs = medianOf(runs, 'classic-level', name);
  if (ours === undefined && theirs === undefined) return undefined;
  const ratio = ours !== undefined && theirs !== undefined ? ours / theirs : undefined;
  const row = [label, shownCount(ours), shownCount(theirs), ratio === undefined ? '' : `${ratio.toFixed(2)} ×`];
  if (ratioMin === undefined || ratio === undefined) return row;
  return [...row, `≥ ${ratioMin} ×`, ratio >= ratioMin ? 'met' : 'MISSED'];
}

function limitedRow(runs: readonly Run[], { label, name, max, shown }: LimitedFigure): string[] | undefined {
  const ours = medianOf(runs, 'stemedb', name);
  if (ours === undefined) return undefined;
  return [label, shown(ours), `< ${shown(max)}`, ours < max ? 'met' : 'MISSED'];
}

function informativeRow(runs: readonly Run[], figure: Omit<LimitedFigure, 'max'>): string[] | undefined {
  const ours = medianOf(runs, 'stemedb', figure.name);
  const theirs = medianOf(runs, 'classic-level', figure.name);
  if (ours === undefined && theirs === undefined) return undefined;
  return [figure.label, ours === undefined ? '' : figure.shown(ours), theirs === undefined ? '' : figure.shown(theirs)];
}

function medianOf(runs: readonly Run[], engine: EngineName, name: string): number | undefined {
  const values = runs
    .filter((run) => run.engine === engine)
    .map((run) => run.measurements[name])
    .filter((value) => value !== undefined);
  return values.length === 0 ? undefined : median(values);
}

function shownCount(value: number | undefined): string {
  return value === undefined ? '' : formatCount(value);
}
