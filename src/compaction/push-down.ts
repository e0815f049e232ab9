import type { TableMetadata } from '../table/table-metadata.js';
import type { CompactionPlan } from './compaction-plan.js';
import { areIdle, isIdle, isWayFree } from './conflicts.js';
import { LAST_LEVEL, nextLevel } from './level-targets.js';
import { inputsAt, type Motive, mergePlan, movePlan } from './make-plan.js';
import type { PickContext } from './pick-context.js';
import { reclaimableShare } from './table-garbage.js';
import { hullOf, type IndexSpan, overlappingSpan, sumBytes } from './table-ranges.js';

/**
 * Brings the table at `index` of a level below L0 one level further: as it is where nothing overlaps it there, else merged with
 * what does. Undefined if something that runs is in the way.
 */
export function pushDown(
  context: PickContext,
  motive: Motive,
  level: number,
  index: number,
): CompactionPlan | undefined {
  const { shape, targets } = context;
  const seed = shape.levels[level][index];
  const outputLevel = nextLevel(shape.levels, targets, level);
  const below = shape.levels[outputLevel];
  const span = overlappingSpan(below, seed);
  const overlapped = below.slice(span.start, span.end);
  if (!isIdle(shape, seed) || !areIdle(shape, overlapped)) return undefined;
  if (!isWayFree(shape, hullOf([seed, ...overlapped]), level, outputLevel)) return undefined;
  if (overlapped.length === 0 && isMovable(context, motive, seed, outputLevel)) {
    return movePlan(motive, inputsAt(level, [seed]), outputLevel);
  }
  const upper = withFreeNeighbours(context, level, index, outputLevel, span);
  return mergePlan(context, motive, [...inputsAt(level, upper), ...inputsAt(outputLevel, overlapped)], outputLevel);
}

/**
 * Whether a table that nothing overlaps may go to a level as it is. Not if the next step would have to read too much with it; and
 * not with something to drop, when dropping is what somebody waits for.
 */
export function isMovable(context: PickContext, motive: Motive, table: TableMetadata, outputLevel: number): boolean {
  if (motive.reason === 'manual' && outputLevel === LAST_LEVEL && reclaimableShare(table) > 0) return false;
  return grandparentBytes(context, table, outputLevel) <= context.settings.grandparentBytesMax;
}

/** What a table would overlap in the level below `outputLevel`. */
export function grandparentBytes({ shape }: PickContext, table: TableMetadata, outputLevel: number): number {
  if (outputLevel === LAST_LEVEL) return 0;
  const tables = shape.levels[outputLevel + 1];
  const { start, end } = overlappingSpan(tables, table);
  return sumBytes(tables.slice(start, end));
}

/** The table, and neighbours on both sides that add nothing to what is read below: they come at half the price. */
function withFreeNeighbours(
  context: PickContext,
  level: number,
  index: number,
  outputLevel: number,
  span: IndexSpan,
): TableMetadata[] {
  const { shape, settings } = context;
  const tables = shape.levels[level];
  const below = shape.levels[outputLevel];
  let bytes = tables[index].fileBytes + sumBytes(below.slice(span.start, span.end));
  const isFree = (neighbour: TableMetadata): boolean => {
    const { start, end } = overlappingSpan(below, neighbour);
    if (start === end || start < span.start || end > span.end || !isIdle(shape, neighbour)) return false;
    if (!isWayFree(shape, neighbour, level, outputLevel)) return false;
    bytes += neighbour.fileBytes;
    return bytes <= settings.compactionBytesMax;
  };
  let start = index;
  let end = index + 1;
  while (start > 0 && isFree(tables[start - 1])) start--;
  while (end < tables.length && isFree(tables[end])) end++;
  return tables.slice(start, end);
}
