import { compareBytes } from '../base/bytes.js';
import { endsBefore, firstTableReaching, type KeyRange, lastTableStartingBefore } from '../read/key-range.js';
import type { TableMetadata } from '../table/table-metadata.js';

/** Whether some key could be in both. */
export function overlaps(a: KeyRange, b: KeyRange): boolean {
  return !endsBefore(a, b.smallestKey) && !endsBefore(b, a.smallestKey);
}

/** The smallest range that holds all of the ranges; there is at least one. */
export function hullOf(ranges: readonly KeyRange[]): KeyRange {
  let first = ranges[0];
  let last = ranges[0];
  for (const range of ranges) {
    if (compareBytes(range.smallestKey, first.smallestKey) < 0) first = range;
    if (endsAfter(range, last)) last = range;
  }
  return {
    smallestKey: first.smallestKey,
    largestKey: last.largestKey,
    isLargestKeyExclusive: last.isLargestKeyExclusive,
  };
}

function endsAfter(a: KeyRange, b: KeyRange): boolean {
  const order = compareBytes(a.largestKey, b.largestKey);
  return order > 0 || (order === 0 && b.isLargestKeyExclusive && !a.isLargestKeyExclusive);
}

/** A part of a sorted, disjoint list of tables: `[start, end)`. */
export interface IndexSpan {
  readonly start: number;
  readonly end: number;
}

/** Which of the tables of one level below L0 overlap the range. */
export function overlappingSpan(tables: readonly KeyRange[], range: KeyRange): IndexSpan {
  const start = firstTableReaching(tables, range.smallestKey);
  const { largestKey, isLargestKeyExclusive } = range;
  let end = lastTableStartingBefore(tables, largestKey) + 1;
  const startsAtLargest = end < tables.length && compareBytes(tables[end].smallestKey, largestKey) === 0;
  if (startsAtLargest && !isLargestKeyExclusive) end++;
  return { start, end: Math.max(start, end) };
}

export function overlappingTables(tables: readonly TableMetadata[], range: KeyRange): TableMetadata[] {
  const { start, end } = overlappingSpan(tables, range);
  return tables.slice(start, end);
}

export function sumBytes(tables: readonly { readonly fileBytes: number }[]): number {
  return tables.reduce((sum, { fileBytes }) => sum + fileBytes, 0);
}
