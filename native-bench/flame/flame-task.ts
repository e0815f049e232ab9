import type { ThreadProfile } from '../../src/profile/process-profiler.js';
import type { WorkloadResult, WorkloadTask } from '../workloads/workload-result.js';

/** What takes the profile: the child itself, or somebody who looks at it from outside. */
export type Recorder = 'outside' | 'v8-cpu' | 'v8-alloc' | 'io';

export const TASK_VARIABLE = 'STEMEDB_FLAME_TASK';

/** What the profiled process is told, in a variable of its environment: its preload needs it too. */
export interface FlameTask {
  readonly task: WorkloadTask;
  readonly recorder: Recorder;
  /** The report, as JSON. */
  readonly reportPath: string;
  /** Where file operations are written down, one file a thread: its name begins so. */
  readonly tracePrefix: string;
}

/** While it was measured; preparation is no part of a graph. Of the clock that perf is told to use (CLOCK_MONOTONIC). */
export interface MeasuredWindow {
  readonly startNs: number;
  readonly endNs: number;
}

export interface FlameReport {
  readonly processId: number;
  readonly window: MeasuredWindow;
  readonly result: WorkloadResult;
  /** Of V8's profilers. */
  readonly threads?: readonly ThreadProfile[];
}
