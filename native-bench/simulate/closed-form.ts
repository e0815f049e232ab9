/**
 * What arithmetic says of a store that has its targets. A byte that comes to a level is written there once, and so are the bytes
 * of the level that it is merged with: all of the base level for a whole L0, and half the ratio of two levels further down.
 * Half, since a place of a level is empty after its turn and twice as full as the mean before the next one. To that comes one
 * table: those at both ends of a merge are read and written whole, though on the mean half of each overlaps.
 */
import { LEVEL_COUNT } from '../../src/base/limits.js';
import { LAST_LEVEL, levelTargets } from '../../src/compaction/level-targets.js';
import type { SimulatedStore, StoreOptions } from './simulated-store.js';

/** Whole tables for each table that goes down. */
const EDGE_TABLES = 1;

/** For each level the bytes written into it for each byte of the user; L0 is the flush. */
export function closedFormWrites(store: SimulatedStore, options: StoreOptions): number[] {
  const writes = new Array<number>(LEVEL_COUNT).fill(0);
  writes[0] = 1;
  if (options.workload.isOrdered) return writes;
  const { baseLevel, bytes } = levelTargets(store.levels, options.settings);
  const sizes = bytes.with(LAST_LEVEL, store.bytesOf(LAST_LEVEL));
  const l0Bytes = options.settings.l0CompactionCount * options.memtableBytes;
  let arriving = survivingShare(options, l0Bytes / options.entryBytes);
  writes[baseLevel] = arriving * (1 + sizes[baseLevel] / l0Bytes);
  for (let level = baseLevel + 1; level <= LAST_LEVEL; level++) {
    arriving = survivingShare(options, writesThatMake(options, sizes[level - 1] / options.entryBytes));
    writes[level] = arriving * (1 + sizes[level] / sizes[level - 1] / 2 + EDGE_TABLES);
  }
  return writes;
}

/** How much larger than the last level the store is, if all that is above it is hidden versions. */
export function closedFormSpace(store: SimulatedStore, options: StoreOptions): number {
  if (options.workload.isOrdered) return 1;
  const { bytes } = levelTargets(store.levels, options.settings);
  const upper = bytes.slice(0, LAST_LEVEL).reduce((sum, each) => sum + each, 0);
  return 1 + upper / store.bytesOf(LAST_LEVEL);
}

/** Of so many writes, the share that is the last one to its key. */
function survivingShare({ workload }: StoreOptions, writes: number): number {
  return workload.distinctKeys(writes) / writes;
}

/** The inverse of `distinctKeys`, by halving. */
function writesThatMake({ workload, keyCount }: StoreOptions, distinct: number): number {
  let low = distinct;
  let high = distinct;
  while (workload.distinctKeys(high) < distinct && high < keyCount * 1e6) high *= 2;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (workload.distinctKeys(middle) < distinct) low = middle;
    else high = middle;
  }
  return high;
}
