import { compareBytes } from '../base/bytes.js';
import type { HalfOpenRange } from './bounds.js';

/** First and last user key of a table; the last one is in it unless it is exclusive, the end of a range delete. */
export interface KeyRange {
  readonly smallestKey: Uint8Array;
  readonly largestKey: Uint8Array;
  readonly isLargestKeyExclusive: boolean;
}

export function isInRange(range: KeyRange, key: Uint8Array): boolean {
  return compareBytes(key, range.smallestKey) >= 0 && !endsBefore(range, key);
}

/** Whether all of the range lies before `key`. */
export function endsBefore({ largestKey, isLargestKeyExclusive }: KeyRange, key: Uint8Array): boolean {
  const order = compareBytes(largestKey, key);
  return order < 0 || (order === 0 && isLargestKeyExclusive);
}

export function overlapsRange(table: KeyRange, { start, end }: HalfOpenRange): boolean {
  return !endsBefore(table, start) && (end === undefined || compareBytes(table.smallestKey, end) < 0);
}

/**
 * Index of the first table that ends at or after `key`; `tables.length` if none does. The tables are sorted and disjoint.
 * On the path of every point read: what both ends of the remaining tables share with the key is not compared again, since
 * everything between them shares it too.
 */
export function firstTableReaching(tables: readonly KeyRange[], key: Uint8Array): number {
  let low = 0;
  let high = tables.length;
  let lowShared = 0;
  let highShared = 0;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const { largestKey, isLargestKeyExclusive } = tables[middle];
    const limit = Math.min(largestKey.length, key.length);
    let shared = Math.min(lowShared, highShared);
    while (shared < limit && largestKey[shared] === key[shared]) shared++;
    const isBefore =
      shared < limit
        ? largestKey[shared] < key[shared]
        : largestKey.length < key.length || (isLargestKeyExclusive && largestKey.length === key.length);
    if (isBefore) {
      low = middle + 1;
      lowShared = shared;
    } else {
      high = middle;
      highShared = shared;
    }
  }
  return low;
}

/** Index of the last table that starts before `key`; -1 if none does. */
export function lastTableStartingBefore(tables: readonly KeyRange[], key: Uint8Array): number {
  let low = 0;
  let high = tables.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareBytes(tables[middle].smallestKey, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
