import type { TableMetadata } from '../table/table-metadata.js';
import type { CompactionPlan } from './compaction-plan.js';
import { isIdle } from './conflicts.js';
import { prefixBytes, spansOf } from './level-overlaps.js';
import { nextLevel } from './level-targets.js';
import type { Motive } from './make-plan.js';
import type { PickContext } from './pick-context.js';
import { pushDown } from './push-down.js';
import { tombstoneShare } from './table-garbage.js';

/** Costs so close to each other are the same: then the table that has waited longest goes, so that all take turns. */
const COST_STEP = 1 / 8;

/**
 * The table of a level that costs least to push down: the fewest bytes to read and write below for each byte that leaves. Where a
 * table went down, the level below is denser and this level sparse, so the cheapest place moves on by itself.
 */
export function pickLevelSize(context: PickContext, motive: Motive, level: number): CompactionPlan | undefined {
  for (const index of byCost(context, level)) {
    const plan = pushDown(context, motive, level, index);
    if (plan !== undefined) return plan;
  }
  return undefined;
}

function byCost({ shape, targets }: PickContext, level: number): number[] {
  const tables = shape.levels[level];
  const below = shape.levels[nextLevel(shape.levels, targets, level)];
  const spans = spansOf(tables, below);
  const bytesBefore = prefixBytes(below);
  const costs = tables.map((table, index) => {
    const { start, end } = spans[index];
    return costOf(table, bytesBefore[end] - bytesBefore[start]);
  });
  const candidates = tables.map((_, index) => index).filter((index) => isIdle(shape, tables[index]));
  return candidates.sort((a, b) => costs[a] - costs[b] || tables[a].number - tables[b].number);
}

/** Whole steps. Tombstones are worth more than they weigh: what they hide goes with them. */
function costOf(table: TableMetadata, overlappedBytes: number): number {
  const weight = table.fileBytes * (1 + tombstoneShare(table));
  return Math.round(overlappedBytes / weight / COST_STEP);
}
