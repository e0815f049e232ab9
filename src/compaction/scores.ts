import { LEVEL_COUNT } from '../base/limits.js';
import type { Levels } from '../version/levels-builder.js';
import type { CompactionSettings } from './compaction-settings.js';
import { digestOf } from './level-digest.js';
import { LAST_LEVEL, type LevelTargets, levelTargets } from './level-targets.js';
import { sumBytes } from './table-ranges.js';
import type { TreeShape } from './tree-shape.js';

/**
 * How urgent each level is: 1 is due, 2 has twice as much as it should. Tables that are being compacted do not count: they
 * are as good as gone. The last level is never due.
 */
export function levelScores(shape: TreeShape, targets: LevelTargets, settings: CompactionSettings): number[] {
  return shape.levels.map((tables, level) => {
    const busy = shape.busyTables.size === 0 ? [] : tables.filter(({ number }) => shape.busyTables.has(number));
    if (busy.length === tables.length || level === LAST_LEVEL) return 0;
    const bytes = digestOf(tables).bytes - sumBytes(busy);
    if (level === 0)
      return Math.max((tables.length - busy.length) / settings.l0CompactionCount, bytes / settings.baseBytesMin);
    if (level < targets.baseLevel) return 1 + bytes / settings.baseBytesMin;
    return bytes / targets.bytes[level];
  });
}

/**
 * Bytes that compactions have to read and write until every level is within its target: what is too much in a level takes
 * its share of the level below with it, and is then too much there.
 */
export function compactionDebtBytes(levels: Levels, settings: CompactionSettings): number {
  const targets = levelTargets(levels, settings);
  const bytes = levels.map((tables) => digestOf(tables).bytes);
  let debt = 0;
  let excess = 0;
  if (levels[0].length >= settings.l0CompactionCount || bytes[0] >= settings.baseBytesMin) {
    excess = bytes[0];
    debt = bytes[0] + bytes[targets.l0OutputLevel];
  }
  for (let level = targets.l0OutputLevel; level < LEVEL_COUNT - 1; level++) {
    const arrived = bytes[level] + excess;
    excess = Math.max(0, arrived - targets.bytes[level]);
    if (excess > 0) debt += excess * (1 + bytes[level + 1] / arrived);
  }
  return debt;
}
