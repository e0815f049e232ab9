/** What StemeDB is held to, and whether a run reached it. The goals themselves are the workloads' own. */
import type { EngineName } from '../peers/bench-engine.js';
import type { AmplifiedRun } from './amplification.js';
import type { FigureLimit, WorkloadFacts } from './results-file.js';
import { type Spread, spreadOf } from './spread.js';
import type { EngineSummary } from './summary.js';

export interface Judgement {
  /** What was judged: `times lmdb, the best peer`, `writeAmplification`. */
  readonly label: string;
  /** Whom a ratio is to. */
  readonly peer?: EngineName;
  readonly bound: 'at least' | 'at most';
  readonly goal: number;
  readonly reached: Spread;
}

export function isMet({ bound, goal, reached }: Judgement): boolean {
  return bound === 'at least' ? reached.median >= goal : reached.median <= goal;
}

/** Some rounds would have judged otherwise: the run does not tell for sure. */
export function isDoubtful({ goal, reached }: Judgement): boolean {
  return reached.min < goal && goal < reached.max;
}

export function judgementsOf(
  facts: WorkloadFacts,
  ourRuns: readonly AmplifiedRun[],
  peers: readonly EngineSummary[],
  bestPeer: EngineSummary | undefined,
): Judgement[] {
  const { ratioGoalPeer, limits = [] } = facts;
  const peer = ratioGoalPeer === undefined ? bestPeer : peers.find(({ engine }) => engine === ratioGoalPeer);
  const ratio = peer === undefined ? undefined : ratioJudgement(facts, peer);
  const figures = limits.flatMap((limit) => limitJudgements(limit, ourRuns));
  return ratio === undefined ? figures : [ratio, ...figures];
}

function ratioJudgement(
  { ratioGoal, ratioGoalPeer }: WorkloadFacts,
  { engine, ratio }: EngineSummary,
): Judgement | undefined {
  if (ratio === undefined || ratioGoal === undefined) return undefined;
  const label = ratioGoalPeer === undefined ? `times ${engine}, the best peer` : `times ${engine}`;
  return { label, peer: engine, bound: 'at least', goal: ratioGoal, reached: ratio };
}

function limitJudgements({ figure, min, max }: FigureLimit, ourRuns: readonly AmplifiedRun[]): Judgement[] {
  const reached = spreadOf(ourRuns.map((run) => figureNamed(figure, run)));
  if (reached === undefined) return [];
  const judgements: Judgement[] = [];
  if (min !== undefined) judgements.push({ label: figure, bound: 'at least', goal: min, reached });
  if (max !== undefined) judgements.push({ label: figure, bound: 'at most', goal: max, reached });
  return judgements;
}

function figureNamed(name: string, { figures, process, amplification }: AmplifiedRun): number | undefined {
  const known: Readonly<Record<string, number | undefined>> = {
    writeAmplification: amplification.write,
    readAmplification: amplification.read,
    spaceAmplification: amplification.space,
    ...process,
    ...figures.also,
  };
  return known[name];
}
