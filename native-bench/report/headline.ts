import type { WorkloadFigures } from '../workloads/workload.js';

/** The one figure that a workload is judged by, in its unit: `ms` is time per operation, all else is something per second. */
export function headlineOf(unit: string, figures: WorkloadFigures): number {
  if (unit === 'ms') return figures.elapsedMs / figures.operations;
  const perSecond = 1000 / figures.elapsedMs;
  if (unit === 'MB/s') return ((figures.writtenUserBytes ?? 0) / 1e6) * perSecond;
  return figures.operations * perSecond;
}

export function isLowerBetter(unit: string): boolean {
  return unit === 'ms';
}

/** How many times as good `ours` is as `theirs`. */
export function timesAsGood(unit: string, ours: number, theirs: number): number {
  return isLowerBetter(unit) ? theirs / ours : ours / theirs;
}
