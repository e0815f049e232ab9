import type { Database } from '../../src/engine/api.js';
import { keyIdOf } from './crash-plan.js';
import { identifyValue } from './crash-value.js';

/** What a reopened database shows through its whole surface. */
export interface Observation {
  /** The name of each value by its key. */
  readonly names: ReadonlyMap<string, string>;
  /** Disorder, and ways of reading that disagree with the scan. Empty when all is well. */
  readonly problems: readonly string[];
}

const SCAN_ENTRIES = 500;

/** Scans forwards and backwards, and asks for every key of `expectedKeys` and every key found one by one. */
export async function observe(db: Database, expectedKeys: ReadonlySet<string>): Promise<Observation> {
  const problems: string[] = [];
  const names = await scanForwards(db, problems);
  await scanBackwards(db, names, problems);
  for (const key of expectedKeys) {
    if (!names.has(key) && db.getSync(key) !== undefined) problems.push(`getSync finds ${key}, the scan does not`);
  }
  await compareGetMany(db, names, problems);
  return { names, problems };
}

async function scanForwards(db: Database, problems: string[]): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  const iterator = db.iterator();
  let previous: Buffer | undefined;
  for (;;) {
    const entries = await iterator.nextv(SCAN_ENTRIES);
    if (entries.length === 0) break;
    for (const [key, value] of entries) {
      const text = key.toString('latin1');
      if (previous !== undefined && Buffer.compare(previous, key) >= 0) problems.push(`${text} is out of order`);
      if (db.getSync(key)?.equals(value) !== true) problems.push(`getSync of ${text} disagrees with the scan`);
      // A value that nobody made is handed to the model as it is: it knows no such name.
      names.set(text, identifyValue(value, keyIdOf(text)) ?? `damaged value of ${value.length} bytes`);
      previous = key;
    }
  }
  await iterator.close();
  return names;
}

async function scanBackwards(db: Database, names: ReadonlyMap<string, string>, problems: string[]): Promise<void> {
  const expected = [...names.keys()].reverse();
  let place = 0;
  for await (const [key] of db.iterator({ reverse: true, values: false })) {
    const text = key.toString('latin1');
    if (text !== expected[place]) {
      problems.push(`backwards, key ${place} is ${text}; forwards it was ${expected[place] ?? 'none'}`);
      return;
    }
    place++;
  }
  if (place !== expected.length) problems.push(`backwards there are ${place} keys, forwards ${expected.length}`);
}

async function compareGetMany(db: Database, names: ReadonlyMap<string, string>, problems: string[]): Promise<void> {
  const keys = [...names.keys()].filter((_, place) => place % 10 === 0);
  const values = await db.getMany(keys);
  keys.forEach((key, place) => {
    const value = values[place];
    const name = value === undefined ? undefined : identifyValue(value, keyIdOf(key));
    const isAgreed = value !== undefined && (name === names.get(key) || name === undefined);
    if (!isAgreed) problems.push(`getMany of ${key} disagrees with the scan`);
  });
}
