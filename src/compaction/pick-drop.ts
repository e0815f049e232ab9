/** Tables that can go as they are, unread: a range delete covers all of them, or all in them has expired. */
import { compareBytes } from '../base/bytes.js';
import type { TombstoneFragment } from '../base/range-tombstones.js';
import { endsBefore } from '../read/key-range.js';
import type { TableMetadata } from '../table/table-metadata.js';
import type { CompactionPlan, CompactionReason, PlanInput } from './compaction-plan.js';
import { isIdle } from './conflicts.js';
import { digestOf } from './level-digest.js';
import { dropPlan } from './make-plan.js';
import type { PickContext } from './pick-context.js';
import { overlappingSpan, overlaps } from './table-ranges.js';
import type { TreeShape } from './tree-shape.js';

export function pickRangeDeleteDrop({ shape }: PickContext): CompactionPlan | undefined {
  if (shape.rangeDeletes.length === 0) return undefined;
  return dropAll(shape, 'range-delete', (_level, table) => isCovered(shape, table));
}

export function pickExpiredDrop({ shape }: PickContext): CompactionPlan | undefined {
  if (!shape.levels.some((tables) => digestOf(tables).hasExpiring)) return undefined;
  return dropAll(
    shape,
    'expired',
    (level, table) => isWhollyExpired(table, shape.expiryCutoffMs) && !hidesOlder(shape, level, table),
  );
}

function dropAll(
  shape: TreeShape,
  reason: CompactionReason,
  isDroppable: (level: number, table: TableMetadata) => boolean,
): CompactionPlan | undefined {
  const dropped: PlanInput[] = [];
  for (const [level, tables] of shape.levels.entries()) {
    for (const table of tables) if (isDroppable(level, table) && isIdle(shape, table)) dropped.push({ level, table });
  }
  return dropped.length === 0 ? undefined : dropPlan({ reason, score: 1 }, dropped);
}

/**
 * Whether range deletes newer than all of the table cover all of its keys, and no reader looks at a moment between. What is newer
 * for a key lies in front of what is older, so those range deletes are in tables in front of it, and go on to hide what the table
 * hid.
 */
function isCovered({ rangeDeletes, snapshots }: TreeShape, table: TableMetadata): boolean {
  let index = firstEndingAfter(rangeDeletes, table.smallestKey);
  let reached = table.smallestKey;
  for (; index < rangeDeletes.length; index++) {
    const { start, end, sequences } = rangeDeletes[index];
    if (compareBytes(start, reached) > 0 || !hasHiding(sequences, snapshots, table)) return false;
    reached = end;
    if (endsBefore(table, reached)) return true;
  }
  return false;
}

/** The range delete that came first after the table's data decides: a reader between them would be between later ones as well. */
function hasHiding(sequences: readonly number[], snapshots: readonly number[], table: TableMetadata): boolean {
  const sequence = sequences.findLast((each) => each > table.largestSequence);
  if (sequence === undefined) return false;
  return !snapshots.some((snapshot) => snapshot >= table.smallestSequence && snapshot < sequence);
}

function firstEndingAfter(fragments: readonly TombstoneFragment[], key: Uint8Array): number {
  let low = 0;
  let high = fragments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareBytes(fragments[middle].end, key) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isWhollyExpired(table: TableMetadata, cutoffMs: number): boolean {
  const { entryCount, expiringCount, rangeDeleteCount, largestExpiryMs } = table;
  return expiringCount > 0 && expiringCount === entryCount && rangeDeleteCount === 0 && largestExpiryMs <= cutoffMs;
}

/** What has expired still hides older versions of its keys: they must not come back. */
function hidesOlder(shape: TreeShape, level: number, table: TableMetadata): boolean {
  const [newestLevel, ...others] = shape.levels;
  if (level === 0) {
    const older = newestLevel.slice(newestLevel.indexOf(table) + 1);
    if (older.some((each) => overlaps(each, table))) return true;
  }
  return others.slice(level).some((tables) => {
    const { start, end } = overlappingSpan(tables, table);
    return start < end;
  });
}
