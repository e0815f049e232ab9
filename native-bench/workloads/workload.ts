import type { BenchEngine, EngineName, OpenSettings } from '../peers/bench-engine.js';

export const KEY_BYTES = 16;

/** Records by index: the same seed gives the same ones in every process. */
export interface RecordSource {
  readonly valueBytes: number;
  /** `count` keys of KEY_BYTES from index `first` on, in one buffer. */
  keys(first: number, count: number): Buffer;
  key(index: number): Buffer;
  value(index: number): Buffer;
}

export interface WorkloadContext {
  /** Holds only what the engine writes. */
  readonly directory: string;
  /** Opens the engine under test in `directory`, again if it was closed. */
  readonly openEngine: (settings?: OpenSettings) => Promise<BenchEngine>;
  readonly records: RecordSource;
  /** How many records there are at the start of what is measured, or are written. */
  readonly recordCount: number;
  /** How long a workload is measured that is bounded by time. */
  readonly durationMs: number;
  readonly seed: number;
  readonly machine: Machine;
}

/** What workloads ask of the machine around them, handed in so that a test needs none of it. */
export interface Machine {
  /** Bytes that this process has caused to be written so far, all its threads together; 0 where the kernel does not count them. */
  writtenBytes(): number;
  /** What the directory takes on disk now. */
  storedBytes(): number;
  /** Waits until the engine writes nothing more, or for as long as is fair. */
  settle(): Promise<void>;
  /** Has another process write the first `recordCount` records of `context.records` into the directory. */
  writeElsewhere(write: ElsewhereWrite): Promise<void>;
  /** Makes the next read of the directory's files one of the disk; false where that is not permitted. */
  dropPageCache(): boolean;
}

export interface ElsewhereWrite {
  readonly recordCount: number;
  readonly settings?: OpenSettings;
  /** `closed`: all is durable, settled and closed. `killed`: it dies by SIGKILL once every write is acknowledged. */
  readonly end: 'closed' | 'killed';
}

/** What a workload itself measures. What the process took meanwhile is measured around it (workload-child.ts). */
export interface WorkloadFigures {
  /** Operations while it was measured: of what kind, the workload says. */
  readonly operations: number;
  readonly elapsedMs: number;
  /** Of single operations, or of batches where these are what is waited for. */
  readonly latencyUs?: LatencyFigures;
  /** Bytes of keys and values that were handed in, for write amplification. */
  readonly writtenUserBytes?: number;
  /** Bytes of keys and values that are there at the end, for space amplification. */
  readonly liveUserBytes?: number;
  /** Anything else, units last: `gapMsMax`, `windowShareMin`. */
  readonly also?: Readonly<Record<string, number>>;
}

export interface LatencyFigures {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** Around what is measured, and nothing else: preparation is not. */
export interface Meter {
  start(): void;
  stop(): void;
}

/** `figure` names a key of `WorkloadFigures.also` or of `ProcessFigures`. */
export interface FigureLimit {
  readonly figure: string;
  readonly min?: number;
  readonly max?: number;
}

export interface Workload {
  /** As on the command line: `fillrandom`. */
  readonly name: string;
  /** One line: what one operation is, and how it is done. */
  readonly description: string;
  /** Every operation is durable before it counts. Durable and other rows never share a table. */
  readonly isDurable: boolean;
  /** `ops/s`, `rows/s`, `MB/s`, `ms`. */
  readonly unit: string;
  /** At least so many times the best peer (`ops/s`), from the goals of the project; undefined: no goal. */
  readonly ratioGoal?: number;
  /** The peer that the goal is about; undefined: the best one. */
  readonly ratioGoalPeer?: EngineName;
  /** What figures of ours must keep to, whatever the peers reach. */
  readonly limits?: readonly FigureLimit[];
  run(context: WorkloadContext, meter: Meter): Promise<WorkloadFigures>;
}
