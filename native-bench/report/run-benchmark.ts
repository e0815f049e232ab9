import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { removeWorkDirectory } from '../support/work-directory.js';
import type { WorkloadResult, WorkloadTask } from '../workloads/workload-result.js';
import type { FailedRun, WorkloadRun } from './results-file.js';
import type { PlannedRun } from './run-plan.js';

export interface Measured {
  readonly runs: readonly WorkloadRun[];
  readonly failures: readonly FailedRun[];
}

export interface Measuring {
  readonly sizes: Pick<WorkloadTask, 'recordCount' | 'valueBytes' | 'durationMs' | 'seed'>;
  /** Each run gets a directory of its own below it, which is gone afterwards. */
  readonly directory: string;
  /** Starts a fresh process and waits for what it reports. */
  readonly measure: (task: WorkloadTask) => Promise<WorkloadResult>;
  /** Before each run, and once at the end. */
  readonly onProgress?: (doneCount: number, next: PlannedRun | undefined) => void;
}

/** One after another, as planned. A run that fails is told and costs no other one. */
export async function runBenchmark(plan: readonly PlannedRun[], measuring: Measuring): Promise<Measured> {
  const runs: WorkloadRun[] = [];
  const failures: FailedRun[] = [];
  /** Workloads that an engine has no idiom for: the first round tells. */
  const missing = new Set<string>();
  for (const [index, planned] of plan.entries()) {
    const { facts, engine, round } = planned;
    const pair = `${facts.name} ${engine}`;
    measuring.onProgress?.(index, planned);
    if (missing.has(pair)) continue;
    try {
      runs.push({ ...(await measureFresh(planned, measuring)), workload: facts.name, engine, round });
    } catch (error) {
      if (isMissingIdiom(error)) missing.add(pair);
      else failures.push({ workload: facts.name, engine, round, message: messageOf(error) });
    }
  }
  measuring.onProgress?.(plan.length, undefined);
  return { runs, failures };
}

async function measureFresh({ facts, engine, round }: PlannedRun, measuring: Measuring): Promise<WorkloadResult> {
  const workload = facts.name;
  const directory = join(measuring.directory, `${workload}-${engine}-${round}.db`);
  mkdirSync(directory, { recursive: true });
  try {
    return await measuring.measure({ engine, workload, directory, ...measuring.sizes });
  } finally {
    removeWorkDirectory(directory);
  }
}

function isMissingIdiom(error: unknown): boolean {
  return error instanceof Error && error.name === 'MissingIdiomError';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
