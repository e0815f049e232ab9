import type { KeyRange } from '../read/key-range.js';
import { endsBefore } from '../read/key-range.js';
import type { IndexSpan } from './table-ranges.js';

/** For each table of one level the tables of a deeper one that it overlaps: one walk along both. */
export function spansOf(tables: readonly KeyRange[], below: readonly KeyRange[]): IndexSpan[] {
  let start = 0;
  return tables.map((table) => {
    while (start < below.length && endsBefore(below[start], table.smallestKey)) start++;
    let end = start;
    while (end < below.length && !endsBefore(table, below[end].smallestKey)) end++;
    return { start, end };
  });
}

/** The bytes of all tables before each index, and at last those of all. */
export function prefixBytes(tables: readonly { readonly fileBytes: number }[]): Float64Array {
  const before = new Float64Array(tables.length + 1);
  for (let i = 0; i < tables.length; i++) before[i + 1] = before[i] + tables[i].fileBytes;
  return before;
}
