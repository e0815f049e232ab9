import { startProgress } from '../support/progress.js';
import { say } from '../support/say.js';
import type { Build } from './builds.js';
import { compareBuilds } from './compare-builds.js';
import { measureOn } from './measure.js';
import { outcomeOf } from './outcome.js';
import { type RegressOptions, UsageError } from './regress-options.js';
import type { RunResult } from './regress-result.js';
import { JUDGED_FIGURES, type Side } from './sample.js';
import { type LookPlan, pairsMaxNeeded, planLooks } from './statistics/looks.js';
import { sizeOf } from './suite.js';

/** One whole comparison of two builds, with a progress bar. */
export async function runComparison(
  builds: Readonly<Record<Side, Build>>,
  options: RegressOptions,
): Promise<RunResult> {
  const suite = options.workloads.map((workload) => sizeOf(workload, options.scale));
  const plan = planOf(options);
  say(`Base: ${builds.base.label}. Candidate: ${builds.candidate.label}.`);
  const mostPairs = suite.length * (options.pairsMax + 1);
  const progress = startProgress('compare', mostPairs, 'pairs at most');
  let begun = 0;
  try {
    const comparisons = await compareBuilds(suite, measureOn(builds), {
      plan,
      thresholdRatio: 1 + options.thresholdPercent / 100,
      mustSeeRatio: 1 + options.mustSeePercent / 100,
      seed: options.seed,
      onProcess: ({ workload }) => progress.update(begun++, workload),
    });
    return { ...builds, outcome: outcomeOf(comparisons), comparisons };
  } finally {
    progress.stop();
  }
}

function planOf({ workloads, pairsMin, pairsMax, alarmChancePercent }: RegressOptions): LookPlan {
  const figureCount = workloads.length * JUDGED_FIGURES.length;
  const alpha = alarmChancePercent / 100;
  const plan = planLooks(pairsMin, pairsMax, alpha, figureCount);
  if (plan !== undefined) return plan;
  const needed = pairsMaxNeeded(alpha, figureCount);
  throw new UsageError(
    `--pairs-max ${pairsMax} can show no slowdown among ${workloads.length} workloads at an alarm chance of ${alarmChancePercent} %: at least ${needed}`,
  );
}
