import { LEVEL_COUNT } from '../base/limits.js';
import { overlaps } from '../compaction/table-ranges.js';
import type { KeyRange } from '../read/key-range.js';
import type { Levels } from '../version/levels-builder.js';

/**
 * Where tables of this range go whose data is newer than all there is: as deep as no table of the level, or of one above it, has
 * keys in the range, so that everything newer stays above everything older. L0 takes them always. A level into which a
 * compaction is about to put tables, there, ends the way down like one that has them already.
 */
export function bulkLevel(levels: Levels, range: KeyRange, isBusy: (level: number) => boolean): number {
  let deepest = 0;
  for (let level = 0; level < LEVEL_COUNT; level++) {
    if (levels[level].some((table) => overlaps(table, range))) break;
    if (level > 0 && isBusy(level)) break;
    deepest = level;
  }
  return deepest;
}
