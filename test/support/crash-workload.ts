import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Prng } from '../../src/base/prng.js';
import type { BatchOperation, Database, WriteOptions } from '../../src/engine/api.js';
import type { Options } from '../../src/engine/options.js';
import type { FileOperation } from '../../src/fs/file-operation.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { interceptFileSystem } from '../../src/fs/intercepted-file-system.js';
import type { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { settles } from './settles.js';
import { DIRECTORY, openOn } from './test-database.js';
import type { CrashBounds } from './write-history.js';
import { WriteHistory } from './write-history.js';

/** The disk as a crash left it, and what may be on it. */
export interface Crash {
  readonly kind: 'power loss' | 'kill';
  readonly disk: MemoryFileSystem;
  readonly history: WriteHistory;
  readonly bounds: CrashBounds;
  /** When it came, for the message. */
  readonly moment: string;
}

export const KEYS = Array.from({ length: 40 }, (_, i) => `key ${String(i).padStart(2, '0')}`);
const MOMENTS: ReadonlySet<string> = new Set(['datasync', 'write', 'rename', 'remove', 'syncDirectory']);

export function optionsOf(prng: Prng): Options {
  return {
    memtableBytes: prng.pick([4096, 8192, 32_768]),
    blockBytes: prng.pick([64, 256, 4096]),
    blockCacheBytes: prng.pick([0, 10_000, 1_000_000]),
    bloomBitsPerKey: prng.pick([0, 1, 10]),
    compression: prng.pick(['lz4', 'none'] as const),
    readMode: prng.pick(['mmap', 'pread'] as const),
    walSync: prng.pick(['fdatasync', 'direct'] as const),
    flushOnClose: prng.chance(0.5),
    rowCacheBytes: prng.pick([0, 4096]),
  };
}

/** Longer than any run: what expires is written as such, and not gone when it is looked for. */
const DAY_MS = 24 * 3600 * 1000;

/** What the next write of a random run does; `tag` makes its values its own. */
export function drawOperations(prng: Prng, tag: string): BatchOperation[] {
  const count = prng.chance(0.3) ? 2 + prng.below(12) : 1;
  // Now and then one that is cut into fragments.
  const valueBytes = prng.chance(0.01) ? 150_000 : prng.pick([0, 10, 100, 1000]);
  return Array.from({ length: count }, () => drawOperation(prng, tag.padEnd(valueBytes, 'v')));
}

function drawOperation(prng: Prng, value: string): BatchOperation {
  const index = prng.below(KEYS.length);
  const key = KEYS[index];
  // Never an empty range: nothing is written for it, so its promise says nothing of the writes before it.
  if (prng.chance(0.05)) return { type: 'delRange', gte: key, lt: KEYS[index + 1 + prng.below(7)] ?? 'key ~' };
  if (prng.chance(0.2)) return { type: 'del', key };
  return prng.chance(0.2) ? { type: 'put', key, value, ttlMs: DAY_MS } : { type: 'put', key, value };
}

/** One operation by its own call, several as a batch. */
export function write(db: Database, operations: readonly BatchOperation[], options: WriteOptions): Promise<void> {
  return operations.length > 1 ? db.batch(operations, options) : writeOne(db, operations[0], options);
}

function writeOne(db: Database, operation: BatchOperation, options: WriteOptions): Promise<void> {
  switch (operation.type) {
    case 'put':
      return db.put(operation.key, operation.value, { ...options, ttlMs: operation.ttlMs });
    case 'del':
      return db.del(operation.key, options);
    case 'delRange':
      return db.deleteRange(operation.gte, operation.lt, options);
  }
}

/** A seeded run of writes of all kinds, flushes, compactions and reopens, with crashes drawn at the moments that matter. */
export class CrashWorkload {
  readonly #prng: Prng;
  readonly #disk: MemoryFileSystem;
  readonly #fileSystem: FileSystem;
  readonly #history: WriteHistory;
  readonly #crashChance: number;
  readonly #options: Options;
  readonly #inFlight = new Set<Promise<void>>();
  readonly crashes: Crash[] = [];

  /** `wrap` may put a worse disk between the database and the one that crashes. */
  constructor(
    disk: MemoryFileSystem,
    history: WriteHistory,
    prng: Prng,
    crashChance: number,
    wrap: (disk: FileSystem) => FileSystem = (same) => same,
  ) {
    this.#prng = prng;
    this.#disk = disk;
    this.#history = history;
    this.#crashChance = crashChance;
    this.#options = optionsOf(prng);
    const before = (operation: FileOperation) => this.#mayCrash('before', operation);
    const after = (operation: FileOperation) => this.#mayCrash('after', operation);
    this.#fileSystem = interceptFileSystem(wrap(disk), before, after);
  }

  /** Runs `stepCount` steps and closes the database. */
  async run(stepCount: number): Promise<void> {
    let db = await this.#open();
    for (let step = 0; step < stepCount; step++) {
      const dice = this.#prng.below(100);
      if (dice < 70) this.#write(db);
      else if (dice < 80) await settles('writes in flight', Promise.all(this.#inFlight));
      else if (dice < 86) await nextTurn();
      else if (dice < 90) await this.#sync(db);
      else if (dice < 95) await this.#flush(db, () => db.flush());
      else if (dice < 97) await this.#flush(db, () => db.compact());
      else {
        await this.#close(db);
        db = await this.#open();
      }
    }
    await this.#close(db);
  }

  #open(): Promise<Database> {
    return openOn(this.#fileSystem, this.#options);
  }

  #write(db: Database): void {
    const operations = drawOperations(this.#prng, `${this.#history.count}:`);
    const count = this.#history.add(operations);
    const sync = this.#prng.chance(0.5);
    const noted = write(db, operations, { sync }).then(() => {
      this.#history.acknowledge(count, sync);
      this.#inFlight.delete(noted);
    });
    this.#inFlight.add(noted);
  }

  async #sync(db: Database): Promise<void> {
    const { count } = this.#history;
    await settles('sync()', db.sync());
    this.#history.acknowledge(count, true);
  }

  async #flush(db: Database, flush: () => Promise<void>): Promise<void> {
    const { ackedCount } = this.#history;
    const done = flush();
    // By turns with writes, and without.
    if (this.#prng.chance(0.5)) for (let i = 0; i < 5; i++) this.#write(db);
    await settles('a flush or compaction', done);
    this.#history.acknowledgeFlush(ackedCount);
  }

  async #close(db: Database): Promise<void> {
    const { count } = this.#history;
    await settles('the close', db.close());
    await settles('writes in flight', Promise.all(this.#inFlight));
    this.#history.acknowledge(count, true);
  }

  #mayCrash(when: string, { kind, path }: FileOperation): undefined {
    if (!MOMENTS.has(kind) || !this.#prng.chance(this.#crashChance)) return;
    const seed = this.#prng.nextUint32();
    const crash = this.#prng.chance(0.7) ? 'power loss' : 'kill';
    const moment = `${when} ${kind} ${path}`;
    const disk = crash === 'kill' ? this.#disk.clone() : this.#disk.crashClone(seed);
    this.crashes.push({ kind: crash, disk, history: this.#history, bounds: this.#history.bounds(crash), moment });
  }
}

/** Opens what a crash left and checks it. Returns the history as it was found, for the next life of the database. */
export async function checkCrash({ kind, disk, history, bounds, moment }: Crash, prng: Prng): Promise<WriteHistory> {
  const isCreated = await disk.exists(join(DIRECTORY, 'CURRENT'));
  const db = await openOn(disk, optionsOf(prng));
  try {
    const found = new Map<string, string>();
    for (const [key, value] of await db.iterator().nextv(KEYS.length + 1)) found.set(`${key}`, `${value}`);
    for (const key of KEYS) {
      if (found.get(key) !== db.getSync(key)?.toString())
        throw new Error(`get and scan disagree on ${key} (${moment})`);
    }
    const count = history.matchingCount(found, bounds);
    if (count !== undefined) return history.cutTo(count);
    const range = `${bounds.floor} to ${bounds.ceiling}`;
    throw new Error(`after a ${kind} ${moment}: not the state after ${range} writes (CURRENT: ${isCreated})`);
  } finally {
    await settles('the close after a crash', db.close());
  }
}

export interface CrashRunReport {
  readonly crashCount: number;
  readonly writeCount: number;
}

/** The whole of it: a life with crashes, a second life from each of some of those, and a check after every crash. */
export async function runCrashes(
  seed: number,
  newDisk: () => MemoryFileSystem,
  wrap?: (disk: FileSystem) => FileSystem,
): Promise<CrashRunReport> {
  const prng = new Prng(seed);
  const history = new WriteHistory();
  const first = new CrashWorkload(newDisk(), history, prng, 0.02, wrap);
  await first.run(90);
  let crashCount = 0;
  for (const [i, crash] of first.crashes.entries()) {
    const survivor = await checkCrash(crash, prng);
    crashCount++;
    if (i % 3 !== 0) continue;
    const second = new CrashWorkload(crash.disk, survivor, prng, 0.02, wrap);
    await second.run(25);
    for (const again of second.crashes.slice(0, 4)) {
      await checkCrash(again, prng);
      crashCount++;
    }
  }
  return { crashCount, writeCount: history.count };
}
