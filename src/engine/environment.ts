import type { Clock } from '../base/clock.js';
import type { StemeError } from '../base/errors.js';
import type { Timers } from '../base/timers.js';
import type { FileSystem } from '../fs/file-system.js';
import type { JobRunner } from '../jobs/job.js';
import type { TouchMemory } from '../memtable/arena-pool.js';
import type { ResolvedOptions } from './options.js';

/** Of the quarantine. Defaults: see base/limits.ts. */
export interface JournalSizes {
  readonly segmentBytesMax?: number;
  readonly pendingBytesMax?: number;
  readonly openWritersMax?: number;
}

/** Everything of the outside world that the engine touches, handed in so that a test can hold it. */
export interface Environment {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly timers: Timers;
  /** A random number of 32 bits: names a new database. */
  readonly randomUint32: () => number;
  readonly coreCount: number;
  /**
   * Log space is prepared in pieces of so many bytes, and a segment of the quarantine has about as many. Default: 1 MiB, or a memtable where
   * that is more; for the quarantine see base/limits.ts.
   */
  readonly logSpaceBytes?: number;
  /** Of the quarantine's files and memory. */
  readonly journalSizes?: JournalSizes;
  /** Has the kernel give pages to memory before it is used. Left out: they come with the first store. */
  readonly touchMemory?: TouchMemory;
  readonly createRunner: (options: ResolvedOptions) => JobRunner;
  /** Something went wrong that loses nothing and stops nothing. */
  readonly onWarning: (warning: StemeError) => void;
}
