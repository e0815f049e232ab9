/** What a results file holds (docs/benchmarks.md): plain data, so that tables, pages and regression runs can be made of it later. */
import type { EngineName } from '../peers/bench-engine.js';
import type { WorkloadResult } from '../workloads/workload-result.js';

/** Raised whenever a field changes its meaning or goes; fields may be added without. */
export const RESULTS_FORMAT_VERSION = 1;

export interface ResultsFile {
  readonly formatVersion: typeof RESULTS_FORMAT_VERSION;
  /** When the run began, ISO 8601 in UTC. */
  readonly date: string;
  /** Short hash, with `-dirty` when the tree was changed; `unknown` outside of a repository. */
  readonly commit: string;
  readonly settings: RunSettings;
  readonly machine: MachineFacts;
  /** Missing where they could not be measured. */
  readonly limits?: MachineLimits;
  /** What makes these figures worth less, as it was said before the run. */
  readonly notes: readonly string[];
  readonly workloads: readonly WorkloadFacts[];
  /** In the order in which they ran. */
  readonly runs: readonly WorkloadRun[];
  readonly failures: readonly FailedRun[];
}

export interface RunSettings {
  readonly isQuick: boolean;
  readonly rounds: number;
  readonly seed: number;
  readonly engines: readonly EngineName[];
  /** What each workload was given; some take a multiple or a part of it, as their descriptions say. */
  readonly recordCount: number;
  readonly valueBytes: number;
  readonly durationMs: number;
  readonly libuvThreads: number;
}

export interface MachineFacts {
  readonly node: string;
  readonly platform: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly fileSystem: string;
  readonly loadAtStart: number;
}

/** The floor under every row, measured in the same run. */
export interface MachineLimits {
  /** Whole file, the final fdatasync included. */
  readonly sequentialWriteMbPerS: number;
  /** Past the page cache (O_DIRECT); missing where the file system refuses that. */
  readonly sequentialReadMbPerS?: number;
  readonly cachedReadMbPerS: number;
  /** 4 KiB at the end of a growing file, then fdatasync. */
  readonly appendSyncUsP50: number;
  readonly appendSyncUsP99: number;
  /** 4 KiB over zeros that are on disk already, then fdatasync. */
  readonly overwriteSyncUsP50: number;
  readonly overwriteSyncUsP99: number;
  readonly memoryCopyMbPerS: number;
  /** `Map.get` over a million keys in random order. */
  readonly mapGetNs: number;
  /** A message to a worker thread and its answer. */
  readonly threadRoundTripUsP50: number;
  readonly threadRoundTripUsP99: number;
}

/** What a figure of ours must keep to: a key of `also`, of the process figures, or an amplification. */
export interface FigureLimit {
  readonly figure: string;
  readonly min?: number;
  readonly max?: number;
}

/** A workload as it was when it was run. */
export interface WorkloadFacts {
  readonly name: string;
  readonly description: string;
  readonly isDurable: boolean;
  readonly unit: string;
  readonly ratioGoal?: number;
  /** The peer that the goal is about; missing: the best one. */
  readonly ratioGoalPeer?: EngineName;
  readonly limits?: readonly FigureLimit[];
}

export interface WorkloadRun extends WorkloadResult {
  readonly workload: string;
  readonly engine: EngineName;
  /** From 1 on. Runs of one round are neighbours in time: they are what is compared. */
  readonly round: number;
}

export interface FailedRun {
  readonly workload: string;
  readonly engine: EngineName;
  readonly round: number;
  readonly message: string;
}
