/**
 * How large each level should be. Sizes are derived backwards from the largest level, which is the last one in a store at
 * rest: each level above it is a tenth of the one below, up to the first that is small enough for what comes from L0, the
 * base level. Levels above the base stay empty, so the levels above the last hold about 1/10 + 1/100 + … of it,
 * whatever the size of the store: that bounds the space that hidden versions take. (RocksDB calls it dynamic level bytes.)
 *
 *     last level 200 GiB    L6 200 GiB   L5 20 GiB   L4 2 GiB   L3 256 MiB = base   L1, L2 empty
 *     last level   5 GiB    L6   5 GiB   L5 512 MiB = base                          L1–L4 empty
 *     last level   1 GiB    L6   1 GiB = base: one merge with all of it costs less than a stop on the way
 *
 * A base level that is smaller than what comes from L0 at once would only pass it on. So where the tenth is, the levels are
 * packed somewhat closer, for a larger base.
 */
import { LEVEL_COUNT } from '../base/limits.js';
import type { Levels } from '../version/levels-builder.js';
import type { CompactionSettings } from './compaction-settings.js';
import { digestOf } from './level-digest.js';

export const LAST_LEVEL = LEVEL_COUNT - 1;

export interface LevelTargets {
  /** The first level that is to hold data. Levels above it that still do, as a store that shrank has them, are drained. */
  readonly baseLevel: number;
  /** Where L0 is merged to: the base level, or a level above it that is not drained yet; L0 never jumps over data. */
  readonly l0OutputLevel: number;
  /** By level; 0 where a level should be empty, infinite for the last one. */
  readonly bytes: readonly number[];
}

export function levelTargets(levels: Levels, settings: CompactionSettings): LevelTargets {
  const bytes = new Array<number>(LEVEL_COUNT).fill(0);
  bytes[LAST_LEVEL] = Number.POSITIVE_INFINITY;
  const lastBytes = Math.max(...levels.slice(1).map((tables) => digestOf(tables).bytes));
  let stepCount = 0;
  while (stepCount < LAST_LEVEL - 1 && lastBytes / settings.levelMultiplier ** stepCount > settings.baseBytesMax)
    stepCount++;
  const baseLevel = LAST_LEVEL - stepCount;
  const smallest = lastBytes / settings.levelMultiplier ** stepCount;
  const largest = lastBytes / settings.levelMultiplierMin ** stepCount;
  const baseBytes = Math.max(smallest, Math.min(largest, settings.baseBytesMin));
  const multiplier = (lastBytes / baseBytes) ** (1 / stepCount);
  for (let level = baseLevel; level < LAST_LEVEL; level++) bytes[level] = baseBytes * multiplier ** (level - baseLevel);
  return { baseLevel, l0OutputLevel: Math.min(baseLevel, firstFilledLevel(levels, 1)), bytes };
}

/** The first level from `level` on that has tables; the last level if none has. */
export function firstFilledLevel(levels: Levels, level: number): number {
  let filled = level;
  while (filled < LAST_LEVEL && levels[filled].length === 0) filled++;
  return filled;
}

/** Where a table of `level` goes next: to the level below, but never into a level that should be empty and is. */
export function nextLevel(levels: Levels, targets: LevelTargets, level: number): number {
  return Math.max(level + 1, Math.min(targets.baseLevel, firstFilledLevel(levels, level + 1)));
}
