import type { TableMetadata } from '../table/table-metadata.js';
import type { CompactionPlan } from './compaction-plan.js';
import { areIdle, isWayFree } from './conflicts.js';
import { inputsAt, type Motive, mergePlan } from './make-plan.js';
import type { PickContext } from './pick-context.js';
import { hullOf } from './table-ranges.js';

/**
 * Merges neighbours of one level into tables of the same level, for what that drops. They lie next to each other, so nothing
 * that stays is within the range of the outputs; what a running compaction puts into a gap between them would be.
 */
export function rewriteInPlace(
  context: PickContext,
  motive: Motive,
  level: number,
  neighbours: readonly TableMetadata[],
): CompactionPlan | undefined {
  const { shape } = context;
  if (!areIdle(shape, neighbours) || !isWayFree(shape, hullOf(neighbours), level - 1, level)) return undefined;
  return mergePlan(context, motive, inputsAt(level, neighbours), level);
}

/** Whether a rewrite in the last level leaves one version of each key and no tombstone: no reader looks at less than all of it. */
export function isUnpinned({ shape }: PickContext, { largestSequence }: TableMetadata): boolean {
  return shape.snapshots.length === 0 || largestSequence <= shape.snapshots[0];
}
