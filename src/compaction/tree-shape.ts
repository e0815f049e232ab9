import type { TombstoneFragment } from '../base/range-tombstones.js';
import type { BlobMetadata } from '../blob/blob-metadata.js';
import type { KeyRange } from '../read/key-range.js';
import type { Levels } from '../version/levels-builder.js';

/** Where a compaction that runs will put its outputs: within the range of all of its inputs. */
export interface RunningOutput extends KeyRange {
  readonly level: number;
}

/** All that the picker looks at: plain data, of one moment. */
export interface TreeShape {
  /** L0 newest first, the others by key. */
  readonly levels: Levels;
  /** Numbers of the tables that running compactions read. */
  readonly busyTables: ReadonlySet<number>;
  readonly runningOutputs: readonly RunningOutput[];
  readonly blobs: ReadonlyMap<number, BlobMetadata>;
  /** Sequences that readers look at, ascending. */
  readonly snapshots: readonly number[];
  /** The range deletes of all tables, fragmented: sorted and disjoint, the sequences of each descending. */
  readonly rangeDeletes: readonly TombstoneFragment[];
  readonly nowMs: number;
  /** What expires at or before it is seen by nobody. */
  readonly expiryCutoffMs: number;
  /** When the last memtable was flushed; 0 if none was since the database was opened. */
  readonly lastFlushMs: number;
}
