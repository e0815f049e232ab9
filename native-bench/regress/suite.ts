/** What is measured when nothing else is asked for: short and steady workloads that between them pass through most of the engine. */
import type { WorkloadTask } from '../workloads/workload-result.js';

export type WorkloadSize = Pick<WorkloadTask, 'recordCount' | 'valueBytes' | 'durationMs'>;

export interface SuiteEntry extends WorkloadSize {
  readonly workload: string;
}

export const DEFAULT_WORKLOADS = [
  'fillrandom',
  'fillsync-64',
  'readrandom-sync',
  'readrandom',
  'readseq',
  'seekrandom',
  'multiget',
  'open-clean',
];

/** Without the opens: two calls, and what the canary slows is what passes from call to call. */
export const CANARY_WORKLOADS = DEFAULT_WORKLOADS.filter((name) => name !== 'open-clean');

const USUAL_SIZE: WorkloadSize = { recordCount: 200_000, valueBytes: 100, durationMs: 1000 };

/** Writing is bounded by records, so that both builds end with the same tree; the rest by time. */
const SIZES: Readonly<Record<string, Partial<WorkloadSize>>> = {};

/** `scale` 0.1 takes a tenth of the records and of the time. */
export function sizeOf(workload: string, scale: number): SuiteEntry {
  const { recordCount, valueBytes, durationMs } = { ...USUAL_SIZE, ...SIZES[workload] };
  return {
    workload,
    recordCount: Math.max(1000, Math.round(recordCount * scale)),
    valueBytes,
    durationMs: Math.max(50, Math.round(durationMs * scale)),
  };
}

/** Just enough to learn whether a build can run the workload at all. */
export function probeSizeOf(entry: SuiteEntry): SuiteEntry {
  return { ...entry, recordCount: 1000, durationMs: 50 };
}
