import type { WorkloadResult } from '../workloads/workload-result.js';
import type { WorkloadFacts, WorkloadRun } from './results-file.js';

/** How many bytes the disk moved or holds for one byte of the user's. Left out where the workload has no such bytes. */
export interface Amplification {
  /** All that the process wrote while it was measured, over the keys and values handed in. */
  readonly write?: number;
  /** What the process read from the disk while it was measured, over the records asked for; page-cache hits are free. */
  readonly read?: number;
  /** What the directory takes at the end, over the keys and values that are there. */
  readonly space?: number;
}

export interface AmplifiedRun extends WorkloadRun {
  readonly amplification: Amplification;
}

export function amplificationOf(
  facts: WorkloadFacts,
  { figures, process }: WorkloadResult,
  recordBytes: number,
): Amplification {
  const { operations, writtenUserBytes, liveUserBytes } = figures;
  const readUserBytes = isOneRecordRead(facts) ? operations * recordBytes : undefined;
  return {
    write: over(process.writtenBytes, writtenUserBytes),
    read: over(process.readBytes, readUserBytes),
    space: over(process.storedBytes, liveUserBytes),
  };
}

/** An operation hands out one record: of others it is not known how many bytes they asked for. */
function isOneRecordRead({ name }: WorkloadFacts): boolean {
  return /^(?:read(?!missing)|multiget)/.test(name);
}

function over(bytes: number, userBytes: number | undefined): number | undefined {
  return userBytes === undefined || userBytes === 0 ? undefined : bytes / userBytes;
}
