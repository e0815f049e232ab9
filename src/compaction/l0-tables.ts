/**
 * Which tables of L0 may leave it together. Tables of L0 overlap, and the newer one comes first; so a table may only go down
 * once everything older that it overlaps goes along or is gone. Tables that are newer may stay.
 */
import { compareBytes } from '../base/bytes.js';
import { endsBefore } from '../read/key-range.js';
import type { TableMetadata } from '../table/table-metadata.js';
import { isIdle } from './conflicts.js';
import { overlaps, sumBytes } from './table-ranges.js';
import type { TreeShape } from './tree-shape.js';

/** Groups that overlap within and not among each other, each newest first. */
export function leavableGroups(shape: TreeShape): TableMetadata[][] {
  return groupsOf(leavableTables(shape)).map((group) => inOrderOf(shape.levels[0], group));
}

/** Idle tables that overlap no older table which has to stay. */
function leavableTables(shape: TreeShape): TableMetadata[] {
  const staying: TableMetadata[] = [];
  const leavable: TableMetadata[] = [];
  for (const table of shape.levels[0].toReversed()) {
    const mayLeave = isIdle(shape, table) && !staying.some((older) => overlaps(older, table));
    (mayLeave ? leavable : staying).push(table);
  }
  return leavable;
}

function groupsOf(tables: readonly TableMetadata[]): TableMetadata[][] {
  const groups: TableMetadata[][] = [];
  let reach: TableMetadata | undefined;
  for (const table of tables.toSorted((a, b) => compareBytes(a.smallestKey, b.smallestKey))) {
    if (reach === undefined || endsBefore(reach, table.smallestKey)) {
      groups.push([]);
      reach = table;
    } else if (!endsBefore(table, reach.largestKey)) {
      reach = table;
    }
    groups.at(-1)?.push(table);
  }
  return groups;
}

function inOrderOf(level: readonly TableMetadata[], group: readonly TableMetadata[]): TableMetadata[] {
  const members = new Set(group);
  return level.filter((table) => members.has(table));
}

/** The oldest tables of a group, newest first, as many as come to `bytesMax` and at least one: they may leave without the rest. */
export function oldestUpTo(group: readonly TableMetadata[], bytesMax: number): TableMetadata[] {
  let count = 1;
  while (count < group.length && sumBytes(group.slice(-count - 1)) <= bytesMax) count++;
  return group.slice(-count);
}
