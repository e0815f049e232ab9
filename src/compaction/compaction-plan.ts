import type { BlobMetadata } from '../blob/blob-metadata.js';
import type { TableMetadata } from '../table/table-metadata.js';

export type CompactionReason =
  | 'l0'
  | 'intra-l0'
  | 'level-size'
  | 'range-delete'
  | 'expired'
  | 'tombstones'
  | 'age'
  | 'blob-garbage'
  | 'settle'
  | 'small-tables'
  | 'manual';

export interface PlanInput {
  readonly level: number;
  readonly table: TableMetadata;
}

/**
 * What to do next.
 *
 *     merge   the inputs become new tables of the output level
 *     move    the inputs go to the output level as they are: an edit of the manifest
 *     drop    the inputs go, since nobody can see anything in them: an edit of the manifest
 */
export interface CompactionPlan {
  readonly kind: 'merge' | 'move' | 'drop';
  readonly reason: CompactionReason;
  /** Newest first where keys overlap: by level, L0 newest first, the others by key. */
  readonly inputs: readonly PlanInput[];
  readonly outputLevel: number;
  /** How urgent it is; 1 is due. */
  readonly score: number;
  /** Values in these are written anew. */
  readonly rewrittenBlobs?: readonly BlobMetadata[];
}
