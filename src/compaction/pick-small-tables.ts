import type { CompactionPlan } from './compaction-plan.js';
import { LAST_LEVEL } from './level-targets.js';
import type { PickContext } from './pick-context.js';
import { rewriteInPlace } from './rewrite-in-place.js';

/**
 * Makes one table of neighbours in the last level that fit into one, so that moves of small tables do not fill the directory.
 * Each time a byte is rewritten for this, its table is several times as large as before.
 */
export function pickSmallTables(context: PickContext): CompactionPlan | undefined {
  const { shape, settings } = context;
  const tables = shape.levels[LAST_LEVEL];
  const roomBytes = settings.tableBytesTarget / 2;
  let start = 0;
  let bytes = 0;
  for (let end = 1; end <= tables.length; end++) {
    bytes += tables[end - 1].fileBytes;
    while (bytes > roomBytes) bytes -= tables[start++].fileBytes;
    if (end - start < settings.smallTablesMin) continue;
    const plan = rewriteInPlace(context, { reason: 'small-tables', score: 0 }, LAST_LEVEL, tables.slice(start, end));
    if (plan !== undefined) return plan;
  }
  return undefined;
}
