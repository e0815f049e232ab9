import { type SimulationCase, type SimulationReport, simulate, stepsOf } from './simulate.js';
import type { Step } from './step.js';

const RUNS_MAX = 300;

export interface ShrunkCase {
  readonly steps: readonly Step[];
  readonly report: SimulationReport;
}

/** Fewer steps with which `drawn` still fails, in whatever way; undefined if it does not fail at all. */
export async function shrink(
  drawn: Pick<SimulationCase, 'seed' | 'focus'>,
  run: (simulationCase: SimulationCase) => Promise<SimulationReport> = simulate,
): Promise<ShrunkCase | undefined> {
  let steps = stepsOf(drawn);
  let report = await run({ ...drawn, steps });
  if (report.failure === undefined) return undefined;
  let runs = 1;
  // Delta debugging: ever smaller parts are left out, and what fails without them is what goes on.
  for (let partLength = Math.ceil(steps.length / 2); partLength >= 1; ) {
    let isSmaller = false;
    for (let at = 0; at < steps.length && runs < RUNS_MAX; ) {
      const fewer = [...steps.slice(0, at), ...steps.slice(at + partLength)];
      const outcome = await run({ ...drawn, steps: fewer });
      runs++;
      if (outcome.failure === undefined) at += partLength;
      else {
        steps = fewer;
        report = outcome;
        isSmaller = true;
      }
    }
    if (runs >= RUNS_MAX) break;
    if (partLength > 1) partLength = Math.ceil(partLength / 2);
    else if (!isSmaller) break;
  }
  return { steps, report };
}
