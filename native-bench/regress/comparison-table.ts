import { formatTable } from '../support/text-table.js';
import type { FigureComparison, WorkloadComparison } from './compare-builds.js';
import { isSlower } from './outcome.js';
import type { JudgedFigure } from './sample.js';
import type { Verdict } from './statistics/judge.js';

const FIGURE_LABELS: Record<JudgedFigure, string> = { timeUsPerOperation: 'time', cpuUsPerOperation: 'CPU time' };

/** A row a figure: what an operation takes, candidate over base, so that more than 1 is slower. */
export function formatComparisons(comparisons: readonly WorkloadComparison[], thresholdPercent: number): string {
  const rows = comparisons.flatMap((comparison) =>
    comparison.figures.map((figure, index) => [
      index === 0 ? comparison.entry.workload : '',
      FIGURE_LABELS[figure.figure],
      index === 0 ? String(figure.pairs) : '',
      figure.ratio.toFixed(3),
      `${figure.low.toFixed(3)} – ${figure.high.toFixed(3)}`,
      wordsOf(figure, thresholdPercent),
    ]),
  );
  const skipped = comparisons.flatMap(({ entry, skipped: reason }) =>
    reason === undefined ? [] : [`${entry.workload}: skipped, ${reason}`],
  );
  const heading = ['workload', 'figure', 'pairs', 'ratio', 'interval', 'verdict'];
  return [...(rows.length > 0 ? [formatTable([heading, ...rows])] : []), ...skipped].join('\n');
}

function wordsOf({ verdict, passBound }: FigureComparison, thresholdPercent: number): string {
  const excluded = `more than ${formatPercent(passBound)} slower is excluded`;
  const words: Record<Verdict, string> = {
    slower: `SLOWER, beyond ${thresholdPercent} % and noise`,
    faster: `faster, beyond ${thresholdPercent} % and noise`,
    same: `fine: ${excluded}`,
    unclear: `no slowdown shown; ${excluded}`,
    noisy: `too noisy to judge: only ${excluded}`,
  };
  return words[verdict];
}

/** `1.2` is `20.0 %`. */
export function formatPercent(ratio: number): string {
  return Number.isFinite(ratio) ? `${Math.max(0, (ratio - 1) * 100).toFixed(1)} %` : 'any';
}

export function namesOfSlower(comparisons: readonly WorkloadComparison[]): string {
  return comparisons
    .filter(isSlower)
    .map(({ entry }) => entry.workload)
    .join(', ');
}
