import type { TableMetadata } from '../table/table-metadata.js';

/** Deletes of all kinds among what is in the table. */
export function tombstoneShare({ entryCount, tombstoneCount, rangeDeleteCount }: TableMetadata): number {
  const total = entryCount + rangeDeleteCount;
  return total === 0 ? 0 : (tombstoneCount + rangeDeleteCount) / total;
}

/** Tombstones, and versions that a newer one of the same table hides: what the last level need not keep. */
export function reclaimableShare({ entryCount, keyCount, tombstoneCount, rangeDeleteCount }: TableMetadata): number {
  const total = entryCount + rangeDeleteCount;
  const hiddenCount = keyCount === 0 ? 0 : entryCount - keyCount;
  return total === 0 ? 0 : Math.min(1, (tombstoneCount + rangeDeleteCount + hiddenCount) / total);
}

/** The share of entries that have expired, as far as the metadata tells: all that expire, once the last of them has. */
export function expiredShare({ entryCount, expiringCount, largestExpiryMs }: TableMetadata, cutoffMs: number): number {
  return expiringCount === 0 || largestExpiryMs > cutoffMs ? 0 : expiringCount / entryCount;
}
