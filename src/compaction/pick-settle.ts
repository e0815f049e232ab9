import type { CompactionPlan } from './compaction-plan.js';
import type { CompactionSettings } from './compaction-settings.js';
import { isIdle } from './conflicts.js';
import { digestOf } from './level-digest.js';
import { LAST_LEVEL } from './level-targets.js';
import type { PickContext } from './pick-context.js';
import { pickL0Merge } from './pick-l0.js';
import { pickLevelSize } from './pick-level-size.js';
import { sumBytes } from './table-ranges.js';
import type { TreeShape } from './tree-shape.js';

/**
 * When writes have paused, there is time for what the targets leave: they bound the levels, but not L0, and in a small
 * store a few tables of L0 are much. The fullest of the levels above the last goes down until together they are a
 * small share of it; what they hide below cannot be more.
 */
export function pickSettle(context: PickContext): CompactionPlan | undefined {
  const { shape, settings } = context;
  if (shape.nowMs - shape.lastFlushMs < settings.settleMs) return undefined;
  const idleBytes = shape.levels.map((tables) => sumBytes(tables.filter((table) => isIdle(shape, table))));
  if (!isTopHeavy(idleBytes, digestOf(shape.levels[LAST_LEVEL]).bytes, settings)) return undefined;
  const motive = { reason: 'settle', score: 0 } as const;
  const upper = [...idleBytes.keys()].filter((level) => level < LAST_LEVEL && idleBytes[level] > 0);
  for (const level of upper.sort((a, b) => idleBytes[b] - idleBytes[a])) {
    const plan = level === 0 ? pickL0Merge(context, motive) : pickLevelSize(context, motive, level);
    if (plan !== undefined) return plan;
  }
  return undefined;
}

/** When to ask the picker again though nothing happens: the store may have settled by then. Undefined if there is nothing to settle. */
export function settlesAtMs(
  shape: Pick<TreeShape, 'levels' | 'lastFlushMs'>,
  settings: CompactionSettings,
): number | undefined {
  const levelBytes = shape.levels.map((tables) => digestOf(tables).bytes);
  const isDue = isTopHeavy(levelBytes, levelBytes[LAST_LEVEL], settings);
  return isDue ? shape.lastFlushMs + settings.settleMs : undefined;
}

function isTopHeavy(levelBytes: readonly number[], lastBytes: number, { upperShareMax }: CompactionSettings): boolean {
  const upperBytes = levelBytes.slice(0, LAST_LEVEL).reduce((sum, bytes) => sum + bytes, 0);
  return upperBytes > lastBytes * upperShareMax;
}
