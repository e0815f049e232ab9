import type { Workload } from '../workloads/workload.js';
import type { WorkloadFacts } from './results-file.js';

/** What of a workload is data: it is kept with the results, so that these can be shown when the workload has changed. */
export function factsOf(workload: Workload): WorkloadFacts {
  const { name, description, isDurable, unit, ratioGoal, ratioGoalPeer, limits } = workload;
  return { name, description, isDurable, unit, ratioGoal, ratioGoalPeer, limits };
}
