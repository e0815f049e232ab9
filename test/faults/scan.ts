import type { Database } from '../../src/engine/api.js';
import type { Options } from '../../src/engine/options.js';
import { open } from '../../src/index.js';

export type ScannedEntry = [key: string, value: Buffer];

const PAGE_ENTRIES = 1000;

/** All that an open database holds, in order. */
export async function entriesOf(db: Database): Promise<ScannedEntry[]> {
  const found: ScannedEntry[] = [];
  await using iterator = db.iterator();
  for (;;) {
    const page = await iterator.nextv(PAGE_ENTRIES);
    if (page.length === 0) return found;
    for (const [key, value] of page) found.push([key.toString(), value]);
  }
}

/** All that the database in `directory` holds, in order, read without writing. */
export async function contentsOf(directory: string, options: Options = {}): Promise<ScannedEntry[]> {
  await using db = await open(directory, { readOnly: true, ...options });
  return await entriesOf(db);
}
