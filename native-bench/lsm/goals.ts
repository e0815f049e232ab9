import { median } from '../support/samples.js';
import { formatCount, formatTable } from '../support/text-table.js';
import { ENGINE_NAMES, type EngineName } from './lsm-engine.js';
import type { Measurements, WorkloadName } from './workloads.js';

export interface Run {
  readonly engine: EngineName;
  readonly workload: WorkloadName;
  readonly round: number;
  readonly measurements: Measurements;
}

/** Looks at the medians of a figure for all engines and says whether ours is good enough. */
interface Figure {
  readonly label: string;
  readonly name: string;
  readonly shown: (value: number) => string;
  readonly goal?: { readonly text: string; readonly isMet: (ours: number, medians: Medians) => boolean };
}

type Medians = (engine: EngineName, name: string) => number | undefined;

const shownRatio = (value: number): string => value.toFixed(2);
const shownBytes = (value: number): string => `${(value / 1e6).toFixed(0)} MB`;
const shownSeconds = (value: number): string => `${value.toFixed(1)} s`;
const classic = (medians: Medians, name: string): number => medians('classic-level', name) ?? Number.NaN;

const FIGURES: readonly Figure[] = [
  { label: 'random ingest, records/s', name: 'randomIngestPerS', shown: formatCount },
  {
    label: 'random ingest, total time',
    name: 'randomIngestS',
    shown: shownSeconds,
    goal: { text: "≤ 1.5 × classic-level's", isMet: (ours, of) => ours <= 1.5 * classic(of, 'randomIngestS') },
  },
  {
    label: 'slowest 5-s window, records/s',
    name: 'randomWindowPerSMin',
    shown: formatCount,
    goal: { text: '> 0', isMet: (ours) => ours > 0 },
  },
  {
    label: 'slowest window over the median one',
    name: 'randomWindowShareMin',
    shown: shownRatio,
    goal: { text: '≥ 0.25', isMet: (ours) => ours >= 0.25 },
  },
  { label: 'longest gap between acknowledgements, ms', name: 'randomGapMsMax', shown: formatCount },
  {
    label: 'write amplification, random (process I/O)',
    name: 'randomWriteAmplification',
    shown: shownRatio,
    goal: { text: "≤ classic-level's", isMet: (ours, of) => ours <= classic(of, 'randomWriteAmplification') },
  },
  { label: 'tables after settling, random', name: 'randomTableBytes', shown: shownBytes },
  { label: 'time-ordered ingest, records/s', name: 'orderedIngestPerS', shown: formatCount },
  {
    label: 'write amplification, time-ordered (process I/O)',
    name: 'orderedWriteAmplification',
    shown: shownRatio,
    goal: { text: '≤ 2.2', isMet: (ours) => ours <= 2.2 },
  },
  {
    label: 'scan forward, rows/s',
    name: 'scanForwardPerS',
    shown: formatCount,
    goal: { text: "≥ 2 × classic-level's", isMet: (ours, of) => ours >= 2 * classic(of, 'scanForwardPerS') },
  },
  {
    label: 'scan reverse, rows/s',
    name: 'scanReversePerS',
    shown: formatCount,
    goal: {
      text: 'within 1.5 × of forward',
      isMet: (ours, of) => ours * 1.5 >= (of('stemedb', 'scanForwardPerS') ?? Number.NaN),
    },
  },
  { label: 'missing keys, getSync/s', name: 'missingPerS', shown: formatCount },
  {
    label: 'false positives of filters per 1,000 missing keys',
    name: 'missingFalsePositivesPer1000',
    shown: shownRatio,
  },
  { label: 'block reads per 1,000 missing keys', name: 'missingBlockReadsPer1000', shown: shownRatio },
  {
    label: 'block reads beyond false positives per 1,000',
    name: 'missingExtraReadsPer1000',
    shown: shownRatio,
    goal: { text: '≤ 1', isMet: (ours) => ours <= 1 },
  },
  { label: 'overwrites, records/s', name: 'overwritePerS', shown: formatCount },
  {
    label: 'space amplification, overwrites',
    name: 'overwriteSpaceAmplification',
    shown: shownRatio,
    goal: { text: '≤ 1.15', isMet: (ours) => ours <= 1.15 },
  },
];

/** A row a figure: the medians of each engine, the ratio to classic-level, and the goal. */
export function formatResults(runs: readonly Run[]): string {
  const medians: Medians = (engine, name) => medianOf(runs, engine, name);
  const rows = FIGURES.filter(({ name }) => ENGINE_NAMES.some((engine) => medians(engine, name) !== undefined));
  return formatTable([['medians', ...ENGINE_NAMES, 'ratio', 'goal', ''], ...rows.map((row) => rowOf(row, medians))]);
}

function rowOf({ label, name, shown, goal }: Figure, medians: Medians): string[] {
  const values = ENGINE_NAMES.map((engine) => medians(engine, name));
  const [ours, theirs] = values;
  const ratio = ours !== undefined && theirs !== undefined ? `${(ours / theirs).toFixed(2)} ×` : '';
  const row = [label, ...values.map((value) => (value === undefined ? '' : shown(value))), ratio];
  if (goal === undefined || ours === undefined) return row;
  return [...row, goal.text, goal.isMet(ours, medians) ? 'met' : 'MISSED'];
}

function medianOf(runs: readonly Run[], engine: EngineName, name: string): number | undefined {
  const values = runs
    .filter((run) => run.engine === engine)
    .map((run) => run.measurements[name])
    .filter((value) => value !== undefined && value !== null);
  return values.length === 0 ? undefined : median(values);
}
