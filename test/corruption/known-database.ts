/** Databases of many shapes whose content is known, as they stand on a disk when nobody has them open. */
import type { Clock } from '../../src/base/clock.js';
import { Prng } from '../../src/base/prng.js';
import type { BatchOperation, Database } from '../../src/engine/api.js';
import type { Options } from '../../src/engine/options.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import type { JobRunner } from '../../src/jobs/job.js';
import { openWith, testEnvironment } from '../../src/testing.js';

export type Content = ReadonlyMap<string, string>;

export interface KnownDatabase {
  readonly name: string;
  readonly disk: MemoryFileSystem;
  readonly directory: string;
  readonly options: Options;
  readonly databaseId: number;
  /** What it holds after so many of the records that are in the log alone: the last one is what it holds. */
  readonly states: readonly Content[];
}

/** After all that expires early has expired, and long before the rest does. */
export const READ_AT_MS = 1_800_000_000_000;
const WRITTEN_AT_MS = READ_AT_MS - 3600 * 1000;
const SOON_MS = 1000;
const LATE_MS = 30 * 24 * 3600 * 1000;

export function fixedClock(nowMs: number): Clock {
  return { nowMs: () => nowMs, monotonicMs: () => performance.now() };
}

/** Never comes to an end, so that sealed memtables wait and the log keeps their segments. */
const stuckRunner: JobRunner = { run: () => new Promise(() => undefined), close: async () => undefined };

const DIRECTORY = '/db';
export const BASE_OPTIONS: Options = { walSync: 'fdatasync', autoCompact: false, blobThreshold: 0 };

/** A database under construction: what is written is put down in its content too. */
class Builder {
  readonly disk = new MemoryFileSystem();
  readonly databaseId: number;
  readonly #salt: string;
  readonly #options: Options;
  readonly #nowMs: number;
  readonly #content = new Map<string, string>();
  /** Since everything was last in tables. */
  #states: Content[] = [new Map()];
  #isFlushing = true;
  #db: Database | undefined;

  /** Two databases of different salts have nothing in common but their keys, and the lengths of their values. */
  constructor(salt: string, options: Options) {
    this.#salt = salt;
    this.#options = { ...BASE_OPTIONS, ...options };
    this.databaseId = new Prng(salt.charCodeAt(0)).nextUint32();
    // No two databases are made in the same millisecond.
    this.#nowMs = WRITTEN_AT_MS + salt.charCodeAt(0);
  }

  get db(): Database {
    if (this.#db === undefined) throw new Error('it is not open');
    return this.#db;
  }

  async open(canFlush = true): Promise<void> {
    const environment = testEnvironment(this.disk, {
      clock: fixedClock(this.#nowMs),
      randomUint32: () => this.databaseId,
      ...(canFlush ? {} : { createRunner: () => stuckRunner }),
    });
    this.#isFlushing = canFlush;
    this.#db = await openWith(DIRECTORY, this.#options, environment);
  }

  async close(): Promise<void> {
    await this.db.close();
    this.#db = undefined;
  }

  async flush(): Promise<void> {
    await this.db.flush();
    this.#states = [new Map(this.#content)];
  }

  async bulkLoad(from: number, to: number, valueBytes: number): Promise<void> {
    const entries = range(from, to).map((i) => [keyOf(i), this.value(i, valueBytes)] as const);
    await this.db.bulkLoad(entries);
    for (const [key, value] of entries) this.#content.set(key, value);
    this.#states = [new Map(this.#content)];
  }

  value(i: number, valueBytes: number): string {
    return `${this.#salt}${i}:`.padEnd(valueBytes, `${this.#salt}value ${i} `).slice(0, Math.max(valueBytes, 8));
  }

  put(i: number, valueBytes: number, ttlMs?: number): Promise<void> {
    const operation = { type: 'put' as const, key: keyOf(i), value: this.value(i, valueBytes) };
    return this.batch([ttlMs === undefined ? operation : { ...operation, ttlMs }]);
  }

  async putAll(from: number, to: number, valueBytes: number): Promise<void> {
    for (const i of range(from, to)) await this.put(i, valueBytes);
  }

  async batch(operations: readonly BatchOperation[]): Promise<void> {
    await this.db.batch(operations);
    for (const operation of operations) this.#apply(operation);
    this.#states.push(new Map(this.#content));
  }

  /** As a killed process leaves it. */
  async kill(name: string): Promise<KnownDatabase> {
    const disk = this.disk.clone();
    if (this.#isFlushing) await this.close();
    return this.#known(name, disk, DIRECTORY);
  }

  async finish(name: string, directory = DIRECTORY): Promise<KnownDatabase> {
    await this.close();
    return this.#known(name, this.disk.clone(), directory);
  }

  #known(name: string, disk: MemoryFileSystem, directory: string): KnownDatabase {
    return { name, disk, directory, options: this.#options, databaseId: this.databaseId, states: this.#states };
  }

  #apply(operation: BatchOperation): void {
    if (operation.type === 'put') {
      const expires = operation.ttlMs !== undefined && operation.ttlMs <= SOON_MS;
      if (expires) this.#content.delete(`${operation.key}`);
      else this.#content.set(`${operation.key}`, `${operation.value}`);
    } else if (operation.type === 'del') {
      this.#content.delete(`${operation.key}`);
    } else {
      for (const key of this.#content.keys()) {
        if (key >= `${operation.gte}` && key < `${operation.lt}`) this.#content.delete(key);
      }
    }
  }
}

/** Every key that a database of any shape may hold; those between are missing in all of them. */
export function keyOf(i: number): string {
  return `key ${String(i).padStart(4, '0')}`;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

/** Writes of each sort, each a record of its own in the log. */
async function writeTail(builder: Builder): Promise<void> {
  await builder.put(3, 40);
  await builder.put(900, 700);
  await builder.batch([
    { type: 'put', key: keyOf(901), value: builder.value(901, 30), ttlMs: LATE_MS },
    { type: 'del', key: keyOf(1) },
    { type: 'delRange', gte: keyOf(10), lt: keyOf(14) },
  ]);
  await builder.batch([{ type: 'del', key: keyOf(900) }]);
  await builder.put(902, 60);
}

async function tablesOfL0(salt: string): Promise<KnownDatabase> {
  const builder = new Builder(salt, { blockBytes: 512 });
  await builder.open();
  await builder.putAll(0, 60, 60);
  await builder.flush();
  await builder.putAll(30, 70, 20);
  await builder.batch([{ type: 'del', key: keyOf(5) }]);
  await builder.flush();
  await writeTail(builder);
  return builder.kill('tables in L0, filters, lz4, a log that was not flushed');
}

async function deepLevels(salt: string): Promise<KnownDatabase> {
  const builder = new Builder(salt, {
    blockBytes: 256,
    bloomBitsPerKey: 0,
    compression: 'none',
    tableBytes: 4096,
    baseLevelBytes: 4096,
  });
  await builder.open();
  await builder.putAll(0, 90, 90);
  await builder.flush();
  await builder.putAll(20, 80, 80);
  await builder.flush();
  await builder.db.compact();
  await builder.putAll(40, 60, 50);
  await builder.flush();
  return builder.finish('deep levels, no filters, no compression, closed');
}

/** Keys whose separators are long and share no prefix: they fill more than one partition. */
async function twoLevelIndex(salt: string): Promise<KnownDatabase> {
  const builder = new Builder(salt, { blockBytes: 64, compression: 'none' });
  await builder.open();
  for (const i of range(0, 24)) {
    const group = String.fromCharCode(97 + i).repeat(3000);
    for (const end of ['1', '2']) {
      await builder.batch([{ type: 'put', key: `${group}${end}`, value: builder.value(i, 20) }]);
    }
  }
  await builder.flush();
  return builder.finish('an index of two levels');
}

async function blobsAndRangeDeletes(salt: string): Promise<KnownDatabase> {
  const builder = new Builder(salt, { blockBytes: 512, blobThreshold: 200, compression: 'none' });
  await builder.open();
  await builder.putAll(0, 30, 40);
  for (const i of range(30, 40)) await builder.put(i, 400);
  for (const i of range(40, 44)) await builder.put(i, 40, LATE_MS);
  for (const i of range(44, 48)) await builder.put(i, 300, SOON_MS);
  await builder.flush();
  await builder.batch([{ type: 'delRange', gte: keyOf(4), lt: keyOf(9) }]);
  await builder.batch([{ type: 'delRange', gte: keyOf(32), lt: keyOf(35) }]);
  await builder.put(33, 500);
  await builder.flush();
  await writeTail(builder);
  return builder.kill('blob files, range deletes, entries that expire');
}

async function compressedBlobs(salt: string): Promise<KnownDatabase> {
  const builder = new Builder(salt, { blobThreshold: 500 });
  await builder.open();
  for (const i of range(0, 12)) await builder.put(i, i % 3 === 0 ? 3000 : 30);
  await builder.flush();
  await builder.db.compact();
  return builder.finish('compressed blob files');
}

async function bulkLoaded(salt: string): Promise<KnownDatabase> {
  const builder = new Builder(salt, { blockBytes: 512 });
  await builder.open();
  await builder.putAll(0, 20, 40);
  await builder.bulkLoad(10, 60, 50);
  await writeTail(builder);
  return builder.kill('a table with one sequence for all, from a bulk load');
}

/** The load is the last thing that happened: its edit is the last of the manifest, its mark the last of the log. */
async function bulkLoadedLast(salt: string): Promise<KnownDatabase> {
  const builder = new Builder(salt, { blockBytes: 512 });
  await builder.open();
  await builder.putAll(0, 20, 40);
  await builder.bulkLoad(10, 40, 50);
  return builder.kill('a bulk load and nothing after it');
}

async function severalSegments(salt: string): Promise<KnownDatabase> {
  const builder = new Builder(salt, { memtableBytes: 4096 });
  await builder.open(false);
  await builder.putAll(0, 12, 900);
  return builder.kill('a log of several segments, nothing flushed');
}

async function recycledSegments(salt: string): Promise<KnownDatabase> {
  const builder = new Builder(salt, { walSync: 'direct' });
  await builder.open();
  for (const i of range(0, 4)) {
    await builder.putAll(i * 10, i * 10 + 12, 50);
    await builder.flush();
  }
  await writeTail(builder);
  return builder.kill('recycled segments, direct I/O');
}

async function rolledManifest(salt: string): Promise<KnownDatabase> {
  const builder = new Builder(salt, {});
  for (const i of range(0, 3)) {
    await builder.open();
    await builder.putAll(i * 10, i * 10 + 15, 30);
    await builder.flush();
    if (i < 2) await builder.close();
  }
  await builder.db.compact();
  await writeTail(builder);
  return builder.kill('a manifest that begins with a snapshot of tables');
}

async function checkpoint(salt: string): Promise<KnownDatabase> {
  const builder = new Builder(salt, { blobThreshold: 300 });
  await builder.open();
  await builder.putAll(0, 20, 60);
  await builder.put(20, 600);
  await builder.flush();
  await builder.db.checkpoint('/checkpoint');
  return builder.finish('a checkpoint', '/checkpoint');
}

export const SHAPES = {
  tablesOfL0,
  deepLevels,
  twoLevelIndex,
  blobsAndRangeDeletes,
  compressedBlobs,
  bulkLoaded,
  bulkLoadedLast,
  severalSegments,
  recycledSegments,
  rolledManifest,
  checkpoint,
} as const;

export type ShapeName = keyof typeof SHAPES;
