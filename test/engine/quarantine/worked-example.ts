import * as v from 'valibot';
import { type Database, type IngestPipeline, open } from '../../../src/index.js';

interface LogLine {
  readonly log: string;
  readonly line: number;
  readonly text: string;
}

const pipeline: IngestPipeline<string, LogLine> = {
  parse: (item) => JSON.parse(item),
  validate: v.object({ log: v.string(), line: v.number(), text: v.string() }),
  key: ({ log, line }) => `${log}/${String(line).padStart(9, '0')}`,
  value: ({ text }) => text,
  // What could not be parsed is no record: its text still tells where it is from.
  tenant: (record, item) => record?.log ?? /"log":"(\w+)"/.exec(item)?.[1] ?? 'unknown',
};

/** Takes in lines of which some were cut short on their way, looks at those, repairs and replays them. */
export async function walk(directory: string, lines: AsyncIterable<string>): Promise<void> {
  const db = await open(directory);
  try {
    const taken = await db.ingest(lines, pipeline, { name: 'shipper-1' });
    console.log(`${taken.accepted} stored, ${taken.rejected} in quarantine`);

    for await (const tenant of db.quarantine.tenants()) {
      const [first] = await listed(db, tenant, 1);
      console.log(`${tenant}: ${first.reason}, ${first.detail}, item ${first.position}: ${first.payload}`);
    }

    const replayed = await db.quarantine.replay({ reason: 'malformed' }, 'pipeline', {
      fix: ({ payload }) => `${payload}"}`,
      by: 'the night shift',
    });
    console.log(`${replayed.replayed} of ${replayed.found} replayed, ${replayed.failed} failed`);
  } finally {
    await db.close();
  }
}

async function listed(db: Database, tenant: string, limit: number) {
  const records = [];
  for await (const record of db.quarantine.list({ tenant, limit })) records.push(record);
  return records;
}
