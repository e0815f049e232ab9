/**
 * The steps of `compact(range)`. Level by level everything in the range is pushed down, so that no step is larger than any other
 * compaction, and nothing is rewritten more often than there are levels; what has lain in the last level all along is
 * rewritten where it holds something to drop. Then each key of the range is there once, and no tombstone is, but for
 * what readers still look at.
 */
import { compareBytes } from '../base/bytes.js';
import type { KeyBounds } from '../jobs/job.js';
import { endsBefore } from '../read/key-range.js';
import type { TableMetadata } from '../table/table-metadata.js';
import type { CompactionPlan } from './compaction-plan.js';
import type { CompactionSettings } from './compaction-settings.js';
import { LAST_LEVEL } from './level-targets.js';
import { type PickContext, pickContext } from './pick-context.js';
import { pickL0Merge, pickL0Move } from './pick-l0.js';
import { pushDown } from './push-down.js';
import { isUnpinned, rewriteInPlace } from './rewrite-in-place.js';
import { bytesInBlobs } from './rewritten-blobs.js';
import { expiredShare, reclaimableShare } from './table-garbage.js';
import type { TreeShape } from './tree-shape.js';

/** What one call of `compact` covers: keys, and data that was there when it began; else it would never end under load. */
export interface ManualRange {
  readonly bounds: KeyBounds;
  /** The last sequence that counts. */
  readonly sequenceMax: number;
  /** Tables with this number and above were made later. */
  readonly numberEnd: number;
}

/** The next step, or that there is none left, or none until something that runs has ended. */
export type ManualStep =
  | { readonly kind: 'plan'; readonly plan: CompactionPlan }
  | { readonly kind: 'blocked' }
  | { readonly kind: 'done' };

const MOTIVE = { reason: 'manual', score: 1 } as const;

export function pickManual(shape: TreeShape, range: ManualRange, settings: CompactionSettings): ManualStep {
  const context = pickContext(shape, settings);
  let isBlocked = false;
  for (let level = 0; level <= LAST_LEVEL; level++) {
    const indexes = wantedIndexes(context, range, level);
    // The last level has its turn when nothing can come down any more.
    if (indexes.length === 0 || (level === LAST_LEVEL && isBlocked)) continue;
    const plan = pickAt(context, level, indexes);
    if (plan !== undefined) return { kind: 'plan', plan };
    isBlocked = true;
  }
  return { kind: isBlocked ? 'blocked' : 'done' };
}

function wantedIndexes(context: PickContext, range: ManualRange, level: number): number[] {
  const tables = context.shape.levels[level];
  return [...tables.keys()].filter((index) => isWanted(context, range, level, tables[index]));
}

function isWanted(context: PickContext, range: ManualRange, level: number, table: TableMetadata): boolean {
  if (!isWithin(table, range.bounds)) return false;
  if (level < LAST_LEVEL) return table.smallestSequence <= range.sequenceMax;
  return table.number < range.numberEnd && holdsDroppable(context, table);
}

function isWithin(table: TableMetadata, { start, end }: KeyBounds): boolean {
  const endsInFront = start !== undefined && endsBefore(table, start);
  const startsBehind = end !== undefined && compareBytes(table.smallestKey, end) >= 0;
  return !endsInFront && !startsBehind;
}

function holdsDroppable(context: PickContext, table: TableMetadata): boolean {
  if (expiredShare(table, context.shape.expiryCutoffMs) > 0 || bytesInBlobs(table, context.wastedBlobs) > 0)
    return true;
  return reclaimableShare(table) > 0 && isUnpinned(context, table);
}

function pickAt(context: PickContext, level: number, indexes: readonly number[]): CompactionPlan | undefined {
  const tables = context.shape.levels[level];
  if (level === 0) {
    const wanted = new Set(indexes.map((index) => tables[index]));
    return (
      pickL0Move(context, MOTIVE, (table) => wanted.has(table)) ??
      pickL0Merge(context, MOTIVE, (table) => wanted.has(table))
    );
  }
  for (const index of indexes) {
    const plan =
      level === LAST_LEVEL
        ? rewriteInPlace(context, MOTIVE, level, [tables[index]])
        : pushDown(context, MOTIVE, level, index);
    if (plan !== undefined) return plan;
  }
  return undefined;
}
