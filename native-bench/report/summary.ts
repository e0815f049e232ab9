/** From single runs to what tables and pages show: medians over the rounds, with how far apart they were. */
import { ENGINE_NAMES, type EngineName } from '../peers/bench-engine.js';
import { KEY_BYTES, type LatencyFigures } from '../workloads/workload.js';
import type { ProcessFigures } from '../workloads/workload-result.js';
import { type Amplification, type AmplifiedRun, amplificationOf } from './amplification.js';
import { type Judgement, judgementsOf } from './goals.js';
import { headlineOf, isLowerBetter, timesAsGood } from './headline.js';
import type { ResultsFile, WorkloadFacts, WorkloadRun } from './results-file.js';
import { type Spread, spreadOf } from './spread.js';

/** The engine under test; all others are its peers. */
export const OURS: EngineName = 'stemedb';

export interface EngineSummary {
  readonly engine: EngineName;
  readonly roundCount: number;
  readonly headline: Spread;
  readonly latencyUs?: LatencyFigures;
  readonly process: ProcessFigures;
  readonly amplification: Amplification;
  /** What else the workload measured. */
  readonly also: Readonly<Record<string, number>>;
  /** How many times as good ours was, round by round; undefined for ours, and where ours did not run. */
  readonly ratio?: Spread;
}

export interface WorkloadSummary {
  readonly facts: WorkloadFacts;
  readonly engines: readonly EngineSummary[];
  readonly bestPeer?: EngineSummary;
  readonly judgements: readonly Judgement[];
}

export function summarize(results: ResultsFile): WorkloadSummary[] {
  const recordBytes = KEY_BYTES + results.settings.valueBytes;
  return results.workloads
    .map((facts) => {
      const runs = results.runs
        .filter((run) => run.workload === facts.name)
        .map((run) => ({ ...run, amplification: amplificationOf(facts, run, recordBytes) }));
      return summarizeWorkload(facts, runs);
    })
    .filter(({ engines }) => engines.length > 0);
}

function summarizeWorkload(facts: WorkloadFacts, runs: readonly AmplifiedRun[]): WorkloadSummary {
  const engines = ENGINE_NAMES.map((engine) => summarizeEngine(facts, engine, runs)).filter(
    (engine) => engine !== undefined,
  );
  const peers = engines.filter(({ engine }) => engine !== OURS);
  const bestPeer = bestOf(facts.unit, peers);
  const ourRuns = runs.filter(({ engine }) => engine === OURS);
  return { facts, engines, bestPeer, judgements: judgementsOf(facts, ourRuns, peers, bestPeer) };
}

function summarizeEngine(
  facts: WorkloadFacts,
  engine: EngineName,
  allRuns: readonly AmplifiedRun[],
): EngineSummary | undefined {
  const runs = allRuns.filter((run) => run.engine === engine);
  const headline = spreadOf(runs.map(({ figures }) => headlineOf(facts.unit, figures)));
  if (headline === undefined) return undefined;
  return {
    engine,
    roundCount: runs.length,
    headline,
    latencyUs: mediansOf<LatencyFigures>(runs.map(({ figures }) => figures.latencyUs)),
    process: mediansOf<ProcessFigures>(runs.map((run) => run.process)) ?? runs[0].process,
    amplification: mediansOf<Amplification>(runs.map((run) => run.amplification)) ?? {},
    also: mediansOf<Record<string, number>>(runs.map(({ figures }) => figures.also)) ?? {},
    ratio: engine === OURS ? undefined : ratioTo(facts.unit, runs, allRuns),
  };
}

/** Ours over theirs in each round that both finished. Neighbours in time are compared: the machine's drift falls out. */
function ratioTo(unit: string, theirs: readonly WorkloadRun[], allRuns: readonly WorkloadRun[]): Spread | undefined {
  const ratios = theirs.map((their) => {
    const our = allRuns.find(({ engine, round }) => engine === OURS && round === their.round);
    if (our === undefined) return undefined;
    return timesAsGood(unit, headlineOf(unit, our.figures), headlineOf(unit, their.figures));
  });
  return spreadOf(ratios);
}

function bestOf(unit: string, engines: readonly EngineSummary[]): EngineSummary | undefined {
  const sign = isLowerBetter(unit) ? -1 : 1;
  return engines.toSorted((a, b) => sign * (b.headline.median - a.headline.median)).at(0);
}

/** The median of each field over the rounds that have it. */
function mediansOf<T extends object>(records: readonly (T | undefined)[]): T | undefined {
  const known = records.filter((record) => record !== undefined) as unknown as Readonly<
    Record<string, number | undefined>
  >[];
  if (known.length === 0) return undefined;
  const names = new Set(known.flatMap((record) => Object.keys(record)));
  const medians: Record<string, number> = {};
  for (const name of names) {
    const spread = spreadOf(known.map((record) => record[name]));
    if (spread !== undefined) medians[name] = spread.median;
  }
  return medians as T;
}
