import type { Options } from '../../src/engine/options.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { entriesOf, openOn } from './test-database.js';

/** Small tables and blocks, large values apart: a few hundred entries touch every kind of file. */
export const RICH_OPTIONS: Options = {
  memtableBytes: 64 * 1024,
  tableBytes: 8192,
  baseLevelBytes: 16_384,
  blockBytes: 256,
  blobThreshold: 512,
  autoCompact: false,
  threads: 1,
};

const DAY_MS = 24 * 3600 * 1000;

export interface RichDatabase {
  readonly disk: MemoryFileSystem;
  /** What the database holds. */
  readonly contents: ReadonlyMap<string, string>;
  /** Every value that a key ever had. */
  readonly history: ReadonlyMap<string, ReadonlySet<string>>;
  /** Keys of the bulk load. */
  readonly loadedKeys: ReadonlySet<string>;
}

/** Its delete is in the log alone. */
export const LOGGED_DELETE = 'key 0002';

function keyOf(i: number): string {
  return `key ${String(i).padStart(4, '0')}`;
}

/** Notes what is written, as the database does it. */
class Shadow {
  readonly contents = new Map<string, string>();
  readonly history = new Map<string, Set<string>>();

  put(key: string, value: string): void {
    this.contents.set(key, value);
    this.history.set(key, (this.history.get(key) ?? new Set()).add(value));
  }

  delete(key: string): void {
    this.contents.delete(key);
  }

  deleteRange(gte: string, lt: string): void {
    for (const key of [...this.history.keys()]) if (key >= gte && key < lt) this.delete(key);
  }
}

/**
 * The disk of a killed database: tables in several levels with versions over one another, deletes and range deletes over older
 * versions, entries that expire, a bulk load, blob files, and a log with records that are in no table.
 */
export async function richDatabase(compression: 'lz4' | 'none' = 'none'): Promise<RichDatabase> {
  const disk = new MemoryFileSystem();
  const shadow = new Shadow();
  const db = await openOn(disk, { ...RICH_OPTIONS, compression });
  const put = async (i: number, value: string, ttlMs?: number): Promise<void> => {
    shadow.put(keyOf(i), value);
    await db.put(keyOf(i), value, { sync: false, ttlMs });
  };
  for (let i = 0; i < 300; i++) await put(i, i % 25 === 0 ? `large ${i} `.repeat(100) : `first ${i} ${i * 7919}`);
  await db.compact();
  for (let i = 0; i < 300; i += 3) await put(i, `second ${i}`, i % 2 === 0 ? DAY_MS : undefined);
  for (let i = 1; i < 100; i += 10) {
    shadow.delete(keyOf(i));
    await db.del(keyOf(i), { sync: false });
  }
  await db.flush();
  await db.compact({ gte: keyOf(0), lt: keyOf(150) });
  shadow.deleteRange(keyOf(200), keyOf(220));
  await db.deleteRange(keyOf(200), keyOf(220));
  for (let i = 205; i < 240; i += 5) await put(i, `third ${i}`);
  await db.flush();
  const loaded = Array.from({ length: 60 }, (_, i): [string, string] => [keyOf(100 + i), `bulk ${i} ${i * 31}`]);
  for (const [key, value] of loaded) shadow.put(key, value);
  await db.bulkLoad(loaded);
  for (let i = 0; i < 300; i += 20) await put(i, `fourth ${i} ${i % 40 === 0 ? 'x'.repeat(700) : ''}`);
  await db.flush();
  for (let i = 0; i < 320; i += 16) {
    shadow.put(keyOf(i), `logged ${i}`);
    await db.put(keyOf(i), `logged ${i}`);
  }
  shadow.delete(LOGGED_DELETE);
  await db.del(LOGGED_DELETE);
  const found = new Map(await entriesOf(db));
  const killed = disk.clone();
  await db.close();
  for (const [key, value] of found)
    if (shadow.contents.get(key) !== value) throw new Error(`the shadow of ${key} is wrong`);
  if (found.size !== shadow.contents.size) throw new Error('the shadow has another size');
  const loadedKeys = new Set(loaded.map(([key]) => key));
  return { disk: killed, contents: shadow.contents, history: shadow.history, loadedKeys };
}
