import type { BlobMetadata } from '../blob/blob-metadata.js';
import type { TableMetadata } from '../table/table-metadata.js';
import type { Levels } from '../version/levels-builder.js';
import type { CompactionSettings } from './compaction-settings.js';
import type { TreeShape } from './tree-shape.js';

/** The blob files, by number, of which so much is garbage that what lives is to be moved out of them. */
export function wastedBlobs(shape: TreeShape, settings: CompactionSettings): Map<number, BlobMetadata> {
  const wasted = new Map<number, BlobMetadata>();
  if (shape.blobs.size === 0) return wasted;
  const liveBytes = liveBytesOf(shape.levels);
  for (const blob of shape.blobs.values()) {
    const garbage = blob.valueBytes - (liveBytes.get(blob.number) ?? 0);
    if (garbage > blob.valueBytes * settings.blobGarbageShare) wasted.set(blob.number, blob);
  }
  return wasted;
}

function liveBytesOf(levels: Levels): Map<number, number> {
  const live = new Map<number, number>();
  for (const tables of levels) {
    for (const { blobUses } of tables) {
      for (const { number, valueBytes } of blobUses) live.set(number, (live.get(number) ?? 0) + valueBytes);
    }
  }
  return live;
}

/** Bytes of values that the table keeps in those blob files. */
export function bytesInBlobs(table: TableMetadata, blobs: ReadonlyMap<number, unknown>): number {
  let bytes = 0;
  for (const { number, valueBytes } of table.blobUses) if (blobs.has(number)) bytes += valueBytes;
  return bytes;
}

/** Those of the blob files that the tables refer to. */
export function blobsOf(tables: readonly TableMetadata[], blobs: ReadonlyMap<number, BlobMetadata>): BlobMetadata[] {
  if (blobs.size === 0) return [];
  const used = new Set(tables.flatMap(({ blobUses }) => blobUses.map(({ number }) => number)));
  return [...blobs.values()].filter(({ number }) => used.has(number));
}
