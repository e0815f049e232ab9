import type { TableMetadata } from '../table/table-metadata.js';
import type { CompactionPlan } from './compaction-plan.js';
import { isIdle } from './conflicts.js';
import type { PickContext } from './pick-context.js';
import { rewriteInPlace } from './rewrite-in-place.js';
import { bytesInBlobs } from './rewritten-blobs.js';

/**
 * Rewrites tables that keep values in wasted blob files, where they are: the values go to a new file, and the old one is gone with
 * the last table that refers to it. Neighbours go together, so that their values share a file.
 */
export function pickBlobGarbage(context: PickContext): CompactionPlan | undefined {
  if (context.wastedBlobs.size === 0) return undefined;
  for (const { level, index } of byValueBytes(context)) {
    const neighbours = neighboursInWasted(context, level, index);
    const plan = rewriteInPlace(context, { reason: 'blob-garbage', score: 1 }, level, neighbours);
    if (plan !== undefined) return plan;
  }
  return undefined;
}

interface WastefulTable {
  readonly level: number;
  readonly index: number;
  readonly valueBytes: number;
}

function byValueBytes({ shape, wastedBlobs }: PickContext): WastefulTable[] {
  const wasteful: WastefulTable[] = [];
  for (const [level, tables] of shape.levels.entries()) {
    for (const [index, table] of tables.entries()) {
      const valueBytes = bytesInBlobs(table, wastedBlobs);
      if (valueBytes > 0 && isIdle(shape, table)) wasteful.push({ level, index, valueBytes });
    }
  }
  return wasteful.sort((a, b) => b.valueBytes - a.valueBytes);
}

/** The table and those behind it that have values in the same kind of file. Tables of L0 stay apart: their order is all they have. */
function neighboursInWasted(context: PickContext, level: number, index: number): TableMetadata[] {
  const { shape, settings, wastedBlobs } = context;
  const tables = shape.levels[level];
  const neighbours = [tables[index]];
  let bytes = weightOf(tables[index], context);
  for (let next = index + 1; level > 0 && next < tables.length; next++) {
    bytes += weightOf(tables[next], context);
    const isWasteful = bytesInBlobs(tables[next], wastedBlobs) > 0 && isIdle(shape, tables[next]);
    if (!isWasteful || bytes > settings.compactionBytesMax) break;
    neighbours.push(tables[next]);
  }
  return neighbours;
}

function weightOf(table: TableMetadata, { wastedBlobs }: PickContext): number {
  return table.fileBytes + bytesInBlobs(table, wastedBlobs);
}
