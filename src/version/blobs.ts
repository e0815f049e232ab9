import type { BlobMetadata } from '../blob/blob-metadata.js';
import type { Levels, MisfitReporter } from './levels-builder.js';

/** Blob files by number. */
export type Blobs = ReadonlyMap<number, BlobMetadata>;

export const NO_BLOBS: Blobs = new Map();

/**
 * Those of the `known` blob files that a table of `levels` refers to. One that lost its last reference is out by that alone,
 * so the manifest has no record of it. A reference to a file that nobody added does not fit.
 */
export function blobsInUse(known: Blobs, levels: Levels, report: MisfitReporter): Blobs {
  const inUse = new Map<number, BlobMetadata>();
  for (const tables of levels) {
    for (const { number: table, blobUses } of tables) {
      for (const { number } of blobUses) {
        const blob = known.get(number);
        if (blob === undefined) report(`table ${table} refers to blob file ${number}, which does not exist`);
        inUse.set(number, blob);
      }
    }
  }
  return inUse.size === 0 ? NO_BLOBS : inUse;
}
