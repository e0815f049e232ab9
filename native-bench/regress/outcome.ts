import type { FigureComparison, WorkloadComparison } from './compare-builds.js';

/** As the process ends: 0, 1 and 2. */
export const OUTCOMES = ['fine', 'slower', 'not-judged'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export function exitCodeOf(outcome: Outcome): number {
  return OUTCOMES.indexOf(outcome);
}

/** A slowdown that was seen counts, whatever else could not be judged. */
export function outcomeOf(comparisons: readonly WorkloadComparison[]): Outcome {
  if (comparisons.some(isSlower)) return 'slower';
  const measured = comparisons.filter(({ skipped }) => skipped === undefined);
  return measured.length > 0 && measured.every(isJudged) ? 'fine' : 'not-judged';
}

export function isSlower({ figures }: WorkloadComparison): boolean {
  return figures.some(({ verdict }) => verdict === 'slower');
}

/** The time decides: where CPU time alone is too noisy, a slowdown would still be seen. */
export function isJudged({ figures }: WorkloadComparison): boolean {
  return figures.some(({ figure, verdict }) => figure === 'timeUsPerOperation' && verdict !== 'noisy');
}

/** The least slowdown that the pairs of a workload would have raised an alarm for, in whichever figure. */
export function smallestSeenOf(figures: readonly FigureComparison[]): number {
  return Math.min(...figures.map(({ smallestSeen }) => smallestSeen));
}
