import type { EngineName } from '../peers/bench-engine.js';
import type { WorkloadFacts } from './results-file.js';

export interface PlannedRun {
  readonly facts: WorkloadFacts;
  readonly engine: EngineName;
  readonly round: number;
}

/** Workload by workload; within one the engines take turns, A B C A B C, so that a slow minute hits all of them. */
export function planRuns(
  workloads: readonly WorkloadFacts[],
  engines: readonly EngineName[],
  rounds: number,
): PlannedRun[] {
  return workloads.flatMap((facts) => {
    const taking = engines.filter((engine) => !isTwin(engine, facts, engines));
    return Array.from({ length: rounds }, (_, index) => index + 1).flatMap((round) =>
      taking.map((engine) => ({ facts, engine, round })),
    );
  });
}

/** A group commit changes what waits for the disk, and nothing else: elsewhere the row would be that of classic-level again. */
function isTwin(engine: EngineName, { isDurable }: WorkloadFacts, engines: readonly EngineName[]): boolean {
  return engine === 'classic-level-grouped' && !isDurable && engines.includes('classic-level');
}
