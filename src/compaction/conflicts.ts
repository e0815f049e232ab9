/**
 * What keeps compactions that run at once apart. A plan may be installed before or after any of the running ones, so it must
 * fit both trees. Hence two rules:
 *
 * 1. It takes no busy table. A running compaction took every table of its output level that its inputs overlap, so no idle table
 *    of that level is in its way.
 * 2. The range of a running compaction counts as a table that is already in its output level. A plan that would put tables there,
 *    or that would carry tables past it to a deeper level, waits. So outputs stay disjoint, and nothing newer gets below
 *    something older.
 *
 * What a running compaction puts *above* the inputs of a plan is newer than they are, and stays above. What it takes from
 * *below* the output of a plan, is older and stays below. Tombstones that a running compaction may drop, since no older table had
 * their keys when it began, stay droppable: older data for those keys can only come from tables above, which were its inputs.
 */
import type { KeyRange } from '../read/key-range.js';
import type { TableMetadata } from '../table/table-metadata.js';
import { overlaps } from './table-ranges.js';
import type { TreeShape } from './tree-shape.js';

export function isIdle(shape: TreeShape, table: TableMetadata): boolean {
  return !shape.busyTables.has(table.number);
}

export function areIdle(shape: TreeShape, tables: readonly TableMetadata[]): boolean {
  return tables.every((table) => isIdle(shape, table));
}

/** Whether no running compaction will put tables into the range at any level below `above`, down to `outputLevel`. */
export function isWayFree(shape: TreeShape, range: KeyRange, above: number, outputLevel: number): boolean {
  return !shape.runningOutputs.some(
    (output) => output.level > above && output.level <= outputLevel && overlaps(output, range),
  );
}
