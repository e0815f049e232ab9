import { type Database, open } from '../../../src/index.js';

/** A line as the log has it: a level and a text. */
const LINE = /^(INFO|WARN|ERROR) .+$/;

const pipeline = {
  parse: (line: string) => ({ line, level: LINE.exec(line)?.[1] }),
  validate: ({ level }: { level: string | undefined }) => {
    if (level === undefined) throw new Error('the line has no level');
  },
  key: ({ line }: { line: string }) => `log/${line.slice(line.lastIndexOf('#') + 1)}`,
  value: ({ line }: { line: string }) => line,
  tenant: 'logs',
};

/** Takes in lines of which some are damaged, looks at those, repairs and replays them. Returns what is in the store then. */
export async function walk(directory: string, lines: readonly string[]): Promise<Map<string, string>> {
  const db = await open(directory);
  try {
    const taken = await db.ingest(lines, pipeline, { name: 'app.log' });
    console.log(`${taken.accepted} stored, ${taken.rejected} in quarantine`);

    for await (const record of db.quarantine.list({ tenant: 'logs', limit: 3 })) {
      console.log(record.number, record.reason, record.detail, record.payload.toString());
    }

    const replayed = await db.quarantine.replay({ tenant: 'logs', reason: 'invalid' }, 'pipeline', {
      fix: ({ payload }) => payload.toString().replace(/^\?+/, 'INFO'),
    });
    console.log(`${replayed.replayed} of ${replayed.found} replayed`);
    return await contentsOf(db);
  } finally {
    await db.close();
  }
}

async function contentsOf(db: Database): Promise<Map<string, string>> {
  const entries = new Map<string, string>();
  for await (const [key, value] of db.iterator()) entries.set(key.toString(), value.toString());
  return entries;
}
