import type { WorkloadResult } from '../workloads/workload-result.js';

export type Side = 'base' | 'candidate';

/** What one process took for one operation. Less is better, of all of them. */
export interface Sample {
  readonly operations: number;
  readonly timeUsPerOperation: number;
  /** All threads together: also what a worker burns beside. */
  readonly cpuUsPerOperation: number;
  readonly writtenBytesPerOperation: number;
}

/** The base and the candidate, measured one right after the other. */
export interface Pair {
  readonly seed: number;
  readonly first: Side;
  readonly base: Sample;
  readonly candidate: Sample;
}

/** What is judged: a slowdown of either is one. */
export const JUDGED_FIGURES = ['timeUsPerOperation', 'cpuUsPerOperation'] as const;
export type JudgedFigure = (typeof JUDGED_FIGURES)[number];

export function sampleOf({ figures, process: took }: WorkloadResult): Sample {
  const { operations, elapsedMs } = figures;
  return {
    operations,
    timeUsPerOperation: (elapsedMs * 1000) / operations,
    cpuUsPerOperation: (took.cpuSeconds * 1e6) / operations,
    writtenBytesPerOperation: took.writtenBytes / operations,
  };
}

/** Undefined where a pair has nothing to compare, as of a workload so short that no CPU time was counted. */
export function logRatiosOf(pairs: readonly Pair[], figure: JudgedFigure): number[] | undefined {
  const ratios = pairs.map(({ base, candidate }) => Math.log(candidate[figure] / base[figure]));
  return ratios.every(Number.isFinite) ? ratios : undefined;
}
