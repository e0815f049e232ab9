import { compareBytes } from '../base/bytes.js';
import { endsBefore, type KeyRange } from '../read/key-range.js';

/**
 * Puts tables into as few runs as there can be, each sorted and without overlaps: a merge then has one source a run, and the
 * dozens of tables of a level are one. Which sequence is newer they say themselves, so their order does not matter.
 */
export function disjointRuns<T extends KeyRange>(tables: readonly T[]): T[][] {
  const runs: T[][] = [];
  for (const table of tables.toSorted((a, b) => compareBytes(a.smallestKey, b.smallestKey))) {
    const free = runs.find((run) => endsBefore(run[run.length - 1], table.smallestKey));
    if (free === undefined) runs.push([table]);
    else free.push(table);
  }
  return runs;
}
