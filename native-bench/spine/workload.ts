import type { BenchData } from './bench-data.js';
import type { BenchEngine } from './bench-engine.js';

export const WORKLOAD_NAMES = ['async-ingest', 'durable-ingest', 'point-reads', 'memory'] as const;
export type WorkloadName = (typeof WORKLOAD_NAMES)[number];

/** Figures by name; units stand at the end of each name. */
export type Measurements = Record<string, number>;

export interface WorkloadContext {
  readonly data: BenchData;
  /** Opens the engine under test in this workload's directory, again if it was closed. */
  readonly openEngine: () => Promise<BenchEngine>;
  readonly recordCount: number;
  /** How long a workload runs that is bounded by time. */
  readonly durationMs: number;
}

export type Workload = (context: WorkloadContext) => Promise<Measurements>;
