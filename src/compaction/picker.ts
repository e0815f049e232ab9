import type { CompactionPlan } from './compaction-plan.js';
import type { CompactionSettings } from './compaction-settings.js';
import { pickBlobGarbage } from './pick-blob-garbage.js';
import { type PickContext, pickContext } from './pick-context.js';
import { pickExpiredDrop, pickRangeDeleteDrop } from './pick-drop.js';
import { pickIntraL0, pickL0Merge, pickL0Move } from './pick-l0.js';
import { pickLevelSize } from './pick-level-size.js';
import { pickSettle } from './pick-settle.js';
import { pickSmallTables } from './pick-small-tables.js';
import { pickWorn } from './pick-worn.js';
import { levelScores } from './scores.js';
import type { TreeShape } from './tree-shape.js';

/**
 * The most useful thing that can be done now, beside what runs; undefined if nothing is. Asked again with that under way, it
 * finds the next one that does not touch it. First what costs nothing, then what keeps reads and writes fast, then what
 * gives space back.
 */
export function pickCompaction(shape: TreeShape, settings: CompactionSettings): CompactionPlan | undefined {
  const context = pickContext(shape, settings);
  return (
    pickRangeDeleteDrop(context) ??
    pickExpiredDrop(context) ??
    pickL0Move(context) ??
    pickByScore(context) ??
    pickWorn(context) ??
    pickBlobGarbage(context) ??
    pickSettle(context) ??
    pickSmallTables(context)
  );
}

/** The level that is most over its target and can be helped. */
function pickByScore(context: PickContext): CompactionPlan | undefined {
  const { shape, settings, targets } = context;
  const scores = levelScores(shape, targets, settings);
  const due = [...scores.keys()].filter((level) => scores[level] >= 1).sort((a, b) => scores[b] - scores[a]);
  let isL0Waiting = false;
  for (const level of due) {
    const score = scores[level];
    // L0 waits for its output level to be free of others, so nothing new may start there: with one after the other it would wait forever.
    if (isL0Waiting && level === targets.l0OutputLevel) continue;
    const plan =
      level === 0 ? pickFromL0(context, score) : pickLevelSize(context, { reason: 'level-size', score }, level);
    if (plan !== undefined) return plan;
    isL0Waiting ||= level === 0;
  }
  return undefined;
}

function pickFromL0(context: PickContext, score: number): CompactionPlan | undefined {
  const motive = { reason: 'l0', score } as const;
  return pickL0Merge(context, motive) ?? (isL0Full(context) ? pickIntraL0(context, motive) : undefined);
}

/** Half way from where L0 is compacted to where writers would feel it. */
function isL0Full({ shape, settings }: PickContext): boolean {
  return shape.levels[0].length >= (settings.l0CompactionCount + settings.l0SlowdownCount) / 2;
}
