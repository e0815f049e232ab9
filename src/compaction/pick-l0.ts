/**
 * The three ways out of L0: tables in nobody's way go down as they are; tables that overlap are merged into the level below;
 * and when that level is busy, the newest of them become one table that stays.
 */
import { LEVEL_COUNT } from '../base/limits.js';
import type { TableMetadata } from '../table/table-metadata.js';
import type { CompactionPlan } from './compaction-plan.js';
import type { CompactionSettings } from './compaction-settings.js';
import { areIdle, isIdle, isWayFree } from './conflicts.js';
import { leavableGroups, oldestUpTo } from './l0-tables.js';
import { inputsAt, type Motive, mergePlan, movePlan } from './make-plan.js';
import type { PickContext } from './pick-context.js';
import { grandparentBytes, isMovable } from './push-down.js';
import { hullOf, overlappingSpan, overlappingTables, overlaps, sumBytes } from './table-ranges.js';

/**
 * Tables that overlap nothing older in L0 go as deep as nothing overlaps them: data that comes in the order of its keys is never
 * rewritten. Not above the base level, where tables would only be in the way; and not onto much that the next step would have to
 * read with them: that is better shared with the tables still to come.
 */
export function pickL0Move(
  context: PickContext,
  motive: Motive = { reason: 'l0', score: 1 },
  isWanted: (table: TableMetadata) => boolean = () => true,
): CompactionPlan | undefined {
  const tables = context.shape.levels[0];
  const moved: TableMetadata[] = [];
  let outputLevel = 0;
  for (let index = tables.length - 1; index >= 0; index--) {
    const level = isWanted(tables[index]) ? depthOf(context, motive, index) : undefined;
    if (level === undefined || (outputLevel !== 0 && level !== outputLevel)) continue;
    outputLevel = level;
    moved.unshift(tables[index]);
  }
  if (moved.length === 0) return undefined;
  return movePlan(motive, inputsAt(0, moved), outputLevel);
}

/** The level that a table of L0 can be moved to; undefined if it cannot. */
function depthOf(context: PickContext, motive: Motive, index: number): number | undefined {
  const { shape, targets } = context;
  const tables = shape.levels[0];
  const table = tables[index];
  if (!isIdle(shape, table)) return undefined;
  for (let older = index + 1; older < tables.length; older++) if (overlaps(tables[older], table)) return undefined;
  let level = 0;
  while (level + 1 < LEVEL_COUNT && !isOverlapped(shape.levels[level + 1], table)) level++;
  if (level < targets.l0OutputLevel || !isWayFree(shape, table, 0, level)) return undefined;
  return grandparentBytes(context, table, level) <= table.fileBytes && isMovable(context, motive, table, level)
    ? level
    : undefined;
}

function isOverlapped(level: readonly TableMetadata[], table: TableMetadata): boolean {
  const { start, end } = overlappingSpan(level, table);
  return start < end;
}

/** Merges the largest group of tables that may leave L0, or one that holds a table which `isWanted`, into the level below. */
export function pickL0Merge(
  context: PickContext,
  motive: Motive,
  isWanted: (table: TableMetadata) => boolean = () => true,
): CompactionPlan | undefined {
  const groups = leavableGroups(context.shape).filter((group) => group.some(isWanted));
  for (const group of groups.toSorted((a, b) => sumBytes(b) - sumBytes(a))) {
    const plan = mergeGroup(context, motive, group);
    if (plan !== undefined) return plan;
  }
  return undefined;
}

function mergeGroup(context: PickContext, motive: Motive, group: readonly TableMetadata[]): CompactionPlan | undefined {
  const { shape, settings, targets } = context;
  const outputLevel = targets.l0OutputLevel;
  const leaving = oldestUpTo(group, settings.compactionBytesMax);
  const overlapped = overlappingTables(shape.levels[outputLevel], hullOf(leaving));
  if (!areIdle(shape, overlapped)) return undefined;
  if (!isWayFree(shape, hullOf([...leaving, ...overlapped]), 0, outputLevel)) return undefined;
  return mergePlan(context, motive, [...inputsAt(0, leaving), ...inputsAt(outputLevel, overlapped)], outputLevel);
}

/**
 * The newest idle tables that lie one after the other become one, so that readers have fewer to ask while the way down is
 * taken. A table much larger than those before it together would be rewritten for little, and ends the run.
 */
export function pickIntraL0(context: PickContext, motive: Motive): CompactionPlan | undefined {
  const { shape, settings } = context;
  const tables = shape.levels[0];
  const start = tables.findIndex((table) => isIdle(shape, table));
  if (start === -1) return undefined;
  let end = start + 1;
  let bytes = tables[start].fileBytes;
  while (end < tables.length && isIdle(shape, tables[end]) && joinsRun(tables[end], bytes, settings)) {
    bytes += tables[end].fileBytes;
    end++;
  }
  if (end - start < settings.intraL0CountMin) return undefined;
  return mergePlan(context, { ...motive, reason: 'intra-l0' }, inputsAt(0, tables.slice(start, end)), 0);
}

function joinsRun(table: TableMetadata, bytes: number, { compactionBytesMax }: CompactionSettings): boolean {
  return table.fileBytes <= bytes * 2 && bytes + table.fileBytes <= compactionBytesMax;
}
