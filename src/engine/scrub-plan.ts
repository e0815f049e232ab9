/** Which table a scrub reads next, and when: pure, over what it knows of the current version. */
import { SCRUB_BYTES_PER_SECOND_MAX } from '../base/limits.js';
import type { TableMetadata } from '../table/table-metadata.js';

export type ScrubbedTable = Pick<TableMetadata, 'number' | 'fileBytes' | 'createdAtMs' | 'blobUses'>;

/** When each table was read last, by number. */
export type CheckTimes = ReadonlyMap<number, number>;

/** The one that was read the longest ago; never is longer than ever, and of those the oldest file comes first. */
export function nextToScrub<T extends ScrubbedTable>(tables: readonly T[], checkedAtMs: CheckTimes): T | undefined {
  let next: T | undefined;
  for (const table of tables) if (next === undefined || isBefore(table, next, checkedAtMs)) next = table;
  return next;
}

function isBefore(a: ScrubbedTable, b: ScrubbedTable, checkedAtMs: CheckTimes): boolean {
  const never = Number.NEGATIVE_INFINITY;
  const [aAtMs, bAtMs] = [checkedAtMs.get(a.number) ?? never, checkedAtMs.get(b.number) ?? never];
  if (aAtMs !== bAtMs) return aAtMs < bAtMs;
  return a.createdAtMs === b.createdAtMs ? a.number < b.number : a.createdAtMs < b.createdAtMs;
}

/**
 * From the start of one table to the start of the next, so that all are read once a period, evenly. Where that would take more
 * than a modest share of the disk, the period gets longer.
 */
export function scrubStepMs(table: ScrubbedTable, tables: readonly ScrubbedTable[], periodMs: number): number {
  const bytes = scrubBytes(table);
  const totalBytes = tables.reduce((sum, one) => sum + scrubBytes(one), 0);
  return Math.max((periodMs * bytes) / totalBytes, (bytes * 1000) / SCRUB_BYTES_PER_SECOND_MAX);
}

/** With the values in blob files that are read for it, before compression: their stored size is not known. */
function scrubBytes({ fileBytes, blobUses }: ScrubbedTable): number {
  return blobUses.reduce((sum, { valueBytes }) => sum + valueBytes, fileBytes);
}
