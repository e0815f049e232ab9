import type { TableMetadata } from '../table/table-metadata.js';

/** What one walk over the tables of a level tells, so that most reasons to compact it need none of their own. */
export interface LevelDigest {
  readonly bytes: number;
  readonly hasExpiring: boolean;
  /** Deletes of both kinds, or several versions of a key. */
  readonly hasReclaimable: boolean;
  readonly hasBlobs: boolean;
  readonly oldestAtMs: number;
}

/** The tables of a level never change, and versions share the levels that they have in common: each is walked once. */
const digests = new WeakMap<readonly TableMetadata[], LevelDigest>();

export function digestOf(tables: readonly TableMetadata[]): LevelDigest {
  const known = digests.get(tables);
  if (known !== undefined) return known;
  const digest = walk(tables);
  digests.set(tables, digest);
  return digest;
}

function walk(tables: readonly TableMetadata[]): LevelDigest {
  let bytes = 0;
  let hasExpiring = false;
  let hasReclaimable = false;
  let hasBlobs = false;
  let oldestAtMs = Number.POSITIVE_INFINITY;
  for (const table of tables) {
    bytes += table.fileBytes;
    hasExpiring ||= table.expiringCount > 0;
    hasReclaimable ||= table.tombstoneCount > 0 || table.rangeDeleteCount > 0;
    hasReclaimable ||= table.keyCount > 0 && table.keyCount < table.entryCount;
    hasBlobs ||= table.blobUses.length > 0;
    oldestAtMs = Math.min(oldestAtMs, table.oldestAtMs);
  }
  return { bytes, hasExpiring, hasReclaimable, hasBlobs, oldestAtMs };
}
