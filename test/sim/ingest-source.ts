import type { Database } from '../../src/engine/api.js';
import type { IngestCounts, IngestOutcome } from '../../src/engine/ingest/ingest-api.js';
import { isBadItem, itemKey, SOURCES } from './quarantine-step.js';

/** `hold`: between two items. */
export function ingestSource(
  db: Database,
  source: number,
  batchRecords: number,
  hold?: () => Promise<void>,
  onProgress?: (counts: IngestCounts) => void,
): Promise<IngestOutcome> {
  const { name, tenant, items } = SOURCES[source];
  const pipeline = { parse: parsed, key: itemKey, value: (item: string) => item, tenant };
  const options = { name, batchRecords, ...(onProgress !== undefined && { onProgress }) };
  return db.ingest(hold === undefined ? items : slowly(items, hold), pipeline, options);
}

async function* slowly(items: readonly string[], hold: () => Promise<void>): AsyncGenerator<string, void> {
  for (const item of items) {
    await hold();
    yield item;
  }
}

function parsed(item: string): string {
  if (isBadItem(item)) throw new Error('a bad item');
  return item;
}
