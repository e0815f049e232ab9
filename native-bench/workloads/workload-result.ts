import type { EngineName } from '../peers/bench-engine.js';
import type { WorkloadFigures } from './workload.js';

/** What the child is told, as one line of JSON on its standard input. */
export interface WorkloadTask {
  readonly engine: EngineName;
  readonly workload: string;
  readonly directory: string;
  readonly recordCount: number;
  readonly valueBytes: number;
  readonly durationMs: number;
  readonly seed: number;
}

/** What the process took while it was measured, all its threads together. */
export interface ProcessFigures {
  readonly cpuSeconds: number;
  readonly rssBytesMax: number;
  /** As the kernel counts them (`/proc/self/io`); 0 where it does not. */
  readonly writtenBytes: number;
  readonly readBytes: number;
  readonly eventLoopDelayMsP99: number;
  readonly eventLoopDelayMsMax: number;
  /** What the directory takes on disk at the end. */
  readonly storedBytes: number;
}

/** What it reports, as one line of JSON; also what results files hold, and what regression runs compare. */
export interface WorkloadResult {
  readonly figures: WorkloadFigures;
  readonly process: ProcessFigures;
  readonly counters: Readonly<Record<string, number>>;
}
