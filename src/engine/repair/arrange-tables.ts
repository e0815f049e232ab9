/**
 * Which table is newer than which, when no manifest tells. A reader asks L0 from new to old, then level by level, and believes the first
 * answer: so of two tables that share keys, all of the upper one must be newer than all of the lower one. Sequence numbers tell
 * that for tables whose ranges of them do not interleave; those that do interleave, as the levels of a tree mostly do, have to
 * be merged first. Pure.
 */
import { hullOf, overlaps } from '../../compaction/table-ranges.js';
import type { KeyRange } from '../../read/key-range.js';
import type { TableMetadata } from '../../table/table-metadata.js';
import { EMPTY_LEVELS } from '../../version/levels-builder.js';
import type { AddedTable } from '../../version/version-edit.js';
import { bulkLevel } from '../bulk-level.js';

/** Keys and sequences of a table, or of some that count as one. */
interface Cluster extends KeyRange {
  readonly tables: TableMetadata[];
  readonly smallestSequence: number;
  readonly largestSequence: number;
}

/** Groups of tables that must be merged before they can be put in order; a group of one needs no merge. */
export function clusterTables(tables: readonly TableMetadata[]): TableMetadata[][] {
  let clusters = tables.map(clusterOf);
  // A merged pair reaches further than its parts, so it may interleave with more.
  for (let count = -1; count !== clusters.length; ) {
    count = clusters.length;
    clusters = clusters.reduce<Cluster[]>(absorb, []);
  }
  return clusters.map((cluster) => cluster.tables);
}

/** As deep as nothing in a table's range lies there or above, the oldest first. `groups` do not interleave; tables of one are disjoint. */
export function placeTables(groups: readonly (readonly TableMetadata[])[]): AddedTable[] {
  const clusters = groups.filter((tables) => tables.length > 0).map((tables) => tables.map(clusterOf).reduce(join));
  clusters.sort((a, b) => a.largestSequence - b.largestSequence);
  const levels = EMPTY_LEVELS.map((): TableMetadata[] => []);
  const placed: AddedTable[] = [];
  for (const cluster of clusters) {
    const level = bulkLevel(levels, cluster, () => false);
    levels[level].push(...cluster.tables);
    for (const table of cluster.tables) placed.push({ level, table });
  }
  return placed;
}

function clusterOf(table: TableMetadata): Cluster {
  const { smallestKey, largestKey, isLargestKeyExclusive, smallestSequence, largestSequence } = table;
  return { tables: [table], smallestKey, largestKey, isLargestKeyExclusive, smallestSequence, largestSequence };
}

/** Adds a cluster, together with those that it interleaves with. */
function absorb(clusters: Cluster[], next: Cluster): Cluster[] {
  const apart = clusters.filter((cluster) => !interleave(cluster, next));
  const together = clusters.filter((cluster) => interleave(cluster, next));
  return [...apart, together.reduce(join, next)];
}

function interleave(a: Cluster, b: Cluster): boolean {
  const isApart = a.largestSequence < b.smallestSequence || b.largestSequence < a.smallestSequence;
  return !isApart && overlaps(a, b);
}

function join(a: Cluster, b: Cluster): Cluster {
  return {
    ...hullOf([a, b]),
    tables: [...a.tables, ...b.tables],
    smallestSequence: Math.min(a.smallestSequence, b.smallestSequence),
    largestSequence: Math.max(a.largestSequence, b.largestSequence),
  };
}
