/**
 * A database and the map that it must equal, under random operations: writes that may still be on their way, range deletes, expiry
 * under a clock of our own, snapshots and iterators that stay open across all of it, conditional writes, transactions, flushes,
 * compactions of everything or of a part, and reopening. One seed and one configuration replay a run.
 */
import { isDeepStrictEqual } from 'node:util';
import { Prng } from '../../src/base/prng.js';
import type { BatchOperation, Database, EntryIterator, Snapshot } from '../../src/engine/api.js';
import type { Options } from '../../src/engine/options.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { openWith, testEnvironment } from '../../src/testing.js';
import { settles } from '../support/settles.js';
import { DIRECTORY } from '../support/test-database.js';
import { ModelMap, type ModelScan } from './model-map.js';
import { randomBound, randomKey, randomRange, randomScan, randomTtlMs, randomValue } from './model-values.js';

const OPEN_READERS_MAX = 4;
const START_MS = 1_700_000_000_000;

interface OpenSnapshot {
  readonly snapshot: Snapshot;
  readonly model: ModelMap;
  readonly nowMs: number;
}

interface OpenIterator {
  readonly iterator: EntryIterator;
  readonly rest: [string, string][];
}

export class ModelRun {
  readonly #disk = new MemoryFileSystem();
  readonly #options: Options;
  readonly #prng: Prng;
  readonly #model = new ModelMap();
  readonly #snapshots: OpenSnapshot[] = [];
  readonly #iterators: OpenIterator[] = [];
  #nowMs = START_MS;
  #inFlight: Promise<void>[] = [];
  #step = 0;

  constructor(options: Options, seed: number) {
    this.#options = options;
    this.#prng = new Prng(seed);
  }

  async run(stepCount: number): Promise<void> {
    let db = await this.#open();
    try {
      for (this.#step = 0; this.#step < stepCount; this.#step++) {
        if (this.#prng.chance(0.02)) {
          await this.#leave(db);
          db = await this.#open();
        } else {
          await this.#act(db);
        }
      }
      await this.#leave(db);
      db = await this.#open();
      await this.#checkAll(db);
    } finally {
      await settles('the close', db.close());
    }
  }

  #open(): Promise<Database> {
    const clock = { nowMs: () => this.#nowMs, monotonicMs: () => performance.now() };
    const environment = testEnvironment(this.#disk, { clock });
    return settles('the open', openWith(DIRECTORY, { walSync: 'fdatasync', ...this.#options }, environment));
  }

  async #leave(db: Database): Promise<void> {
    await this.#settle();
    await this.#checkAll(db);
    for (const { snapshot } of this.#snapshots.splice(0)) snapshot.close();
    for (const { iterator } of this.#iterators.splice(0)) await iterator.close();
    await settles('the close', db.close());
  }

  async #act(db: Database): Promise<void> {
    const actions: readonly (readonly [weight: number, action: () => Promise<void>])[] = [
      [30, () => this.#write(db)],
      [8, () => this.#deleteRange(db)],
      [6, () => this.#writeIf(db)],
      [4, () => this.#transact(db)],
      [12, () => this.#get(db)],
      [12, () => this.#scan(db)],
      [6, () => this.#openReader(db)],
      [8, () => this.#readOn(db)],
      [5, () => this.#closeReader()],
      [5, () => this.#passTime()],
      [5, () => this.#maintain(db)],
    ];
    let ticket = this.#prng.below(actions.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, action] of actions) {
      ticket -= weight;
      if (ticket < 0) return action();
    }
  }

  async #write(db: Database): Promise<void> {
    const prng = this.#prng;
    const count = prng.chance(0.5) ? 1 : 1 + prng.below(6);
    const operations = Array.from({ length: count }, () => this.#randomOperation());
    const sync = prng.chance(0.3);
    const [first] = operations;
    if (count > 1 || first.type === 'delRange') this.#inFlight.push(db.batch(operations, { sync }));
    else if (first.type === 'del') this.#inFlight.push(db.del(first.key, { sync }));
    else this.#inFlight.push(db.put(first.key, first.value, { sync, ...ttlOf(first) }));
    for (const operation of operations) this.#note(operation);
    if (prng.chance(0.3)) await this.#settle();
  }

  #randomOperation(): BatchOperation {
    const prng = this.#prng;
    if (prng.chance(0.2)) return { type: 'del', key: randomKey(prng) };
    if (prng.chance(0.05)) return { type: 'delRange', ...randomRange(prng) };
    const ttlMs = randomTtlMs(prng);
    const put = { type: 'put' as const, key: randomKey(prng), value: randomValue(prng, this.#step) };
    return ttlMs === undefined ? put : { ...put, ttlMs };
  }

  #note(operation: BatchOperation): void {
    if (operation.type === 'del') this.#model.delete(`${operation.key}`);
    else if (operation.type === 'delRange') this.#model.deleteRange(`${operation.gte}`, `${operation.lt}`);
    else this.#model.put(`${operation.key}`, `${operation.value}`, this.#expiryOf(operation.ttlMs));
  }

  #expiryOf(ttlMs = this.#options.ttlMs ?? 0): number {
    return ttlMs === 0 ? Number.POSITIVE_INFINITY : this.#nowMs + ttlMs;
  }

  async #deleteRange(db: Database): Promise<void> {
    const { gte, lt } = randomRange(this.#prng);
    this.#inFlight.push(db.deleteRange(gte, lt, { sync: false }));
    this.#model.deleteRange(gte, lt);
  }

  async #writeIf(db: Database): Promise<void> {
    const key = randomKey(this.#prng);
    const value = randomValue(this.#prng, this.#step);
    const before = this.#model.get(key, this.#nowMs);
    const isPutIfAbsent = this.#prng.chance(0.5);
    const expected = this.#prng.chance(0.7) ? before : 'another value';
    const shallWrite = isPutIfAbsent ? before === undefined : before === expected;
    if (shallWrite) this.#model.put(key, value, this.#expiryOf());
    const write = isPutIfAbsent ? db.putIfAbsent(key, value) : db.compareAndSet(key, expected, value);
    this.#expectEqual(`a conditional write of ${key}`, await settles('a conditional write', write), shallWrite);
  }

  /** Alone, as all others are awaited first: it must succeed, and read its own writes. */
  async #transact(db: Database): Promise<void> {
    await this.#settle();
    const operations = Array.from({ length: 1 + this.#prng.below(4) }, () => this.#randomOperation());
    const scan = randomScan(this.#prng);
    const rollsBack = this.#prng.chance(0.2);
    const model = this.#model.freeze();
    const work = db.transaction(async (tx) => {
      for (const operation of operations) {
        if (operation.type === 'del') tx.del(operation.key);
        else if (operation.type === 'delRange') tx.deleteRange(operation.gte, operation.lt);
        else tx.put(operation.key, operation.value, ttlOf(operation));
        if (rollsBack) continue;
        this.#note(operation);
      }
      if (!rollsBack) {
        const found = await textOf(tx.iterator(scan));
        this.#expectEqual('a scan in a transaction', found, this.#model.scan(scan, this.#nowMs));
      }
      const key = randomKey(this.#prng);
      if (!rollsBack) this.#expectEqual(`tx.get ${key}`, text(await tx.get(key)), this.#model.get(key, this.#nowMs));
      if (rollsBack) throw new Error('rolled back');
    });
    try {
      await settles('a transaction', work);
    } catch (error) {
      if (!rollsBack || !`${error}`.includes('rolled back')) throw error;
      const everything = { reverse: false, limit: Number.POSITIVE_INFINITY };
      const found = await textOf(db.iterator());
      this.#expectEqual('the state after a rollback', found, model.scan(everything, this.#nowMs));
    }
  }

  async #get(db: Database): Promise<void> {
    await this.#settle();
    const keys = Array.from({ length: 1 + this.#prng.below(5) }, () => randomKey(this.#prng));
    const expected = keys.map((key) => this.#model.get(key, this.#nowMs));
    this.#expectEqual(`getMany ${keys}`, (await db.getMany(keys)).map(text), expected);
    for (const [i, key] of keys.entries()) {
      this.#expectEqual(`getSync ${key}`, text(db.getSync(key)), expected[i]);
      this.#expectEqual(`hasSync ${key}`, db.hasSync(key), expected[i] !== undefined);
    }
  }

  async #scan(db: Database): Promise<void> {
    await this.#settle();
    const scan = randomScan(this.#prng);
    const seek = randomBound(this.#prng);
    const iterator = db.iterator(scan);
    if (seek !== undefined) iterator.seek(seek);
    this.#expectEqual(
      `scan ${describe(scan, seek)}`,
      await textOf(iterator),
      this.#model.scan(scan, this.#nowMs, seek),
    );
  }

  async #openReader(db: Database): Promise<void> {
    if (this.#snapshots.length + this.#iterators.length >= OPEN_READERS_MAX) return;
    await this.#settle();
    if (this.#prng.chance(0.5)) {
      this.#snapshots.push({ snapshot: db.snapshot(), model: this.#model.freeze(), nowMs: this.#nowMs });
      return;
    }
    const scan = randomScan(this.#prng);
    this.#iterators.push({ iterator: db.iterator(scan), rest: this.#model.scan(scan, this.#nowMs) });
  }

  /** What was opened earlier shows what was there then. */
  async #readOn(db: Database): Promise<void> {
    for (const { iterator, rest } of this.#iterators) {
      const count = 1 + this.#prng.below(4);
      const entries = await iterator.nextv(count);
      this.#expectEqual('an older iterator', entries.map(textEntry), rest.splice(0, count));
    }
    for (const { snapshot, model, nowMs } of this.#snapshots) {
      if (snapshot.isClosed) continue;
      const key = randomKey(this.#prng);
      this.#expectEqual(`get ${key} from a snapshot`, text(db.getSync(key, { snapshot })), model.get(key, nowMs));
      const scan = randomScan(this.#prng);
      const found = await textOf(db.iterator({ ...scan, snapshot }));
      this.#expectEqual(`a scan of a snapshot, ${describe(scan)}`, found, model.scan(scan, nowMs));
    }
  }

  async #closeReader(): Promise<void> {
    if (this.#prng.chance(0.5)) this.#snapshots.shift()?.snapshot.close();
    else await this.#iterators.shift()?.iterator.close();
  }

  async #passTime(): Promise<void> {
    await this.#settle();
    this.#nowMs += this.#prng.pick([1, 10, 500, 1000, 6000]);
  }

  async #maintain(db: Database): Promise<void> {
    const { gte, lt } = randomRange(this.#prng);
    const work = this.#prng.pick([
      () => db.flush(),
      () => db.flush(),
      () => db.compact(),
      () => db.compact({ gte, lt }),
      () => db.sync(),
    ]);
    await settles('maintenance', work());
  }

  async #checkAll(db: Database): Promise<void> {
    await this.#readOn(db);
    for (const reverse of [false, true]) {
      const scan: ModelScan = { reverse, limit: Number.POSITIVE_INFINITY };
      const found = await textOf(db.iterator({ reverse }));
      this.#expectEqual(`everything, reverse ${reverse}`, found, this.#model.scan(scan, this.#nowMs));
    }
  }

  async #settle(): Promise<void> {
    await settles('writes in flight', Promise.all(this.#inFlight));
    this.#inFlight = [];
  }

  #expectEqual(what: string, found: unknown, expected: unknown): void {
    if (isDeepStrictEqual(found, expected)) return;
    throw new Error(`step ${this.#step}: ${what}: found ${shown(found)}, expected ${shown(expected)}`);
  }
}

function ttlOf({ ttlMs }: { readonly ttlMs?: number }): { readonly ttlMs?: number } {
  return ttlMs === undefined ? {} : { ttlMs };
}

function text(value: Buffer | undefined): string | undefined {
  return value?.toString();
}

function textEntry([key, value]: readonly [Buffer, Buffer]): [string, string] {
  return [key.toString(), value.toString()];
}

async function textOf(iterator: EntryIterator): Promise<[string, string][]> {
  const found: [string, string][] = [];
  for await (const entry of iterator) found.push(textEntry(entry));
  return found.map(([key, value]) => [key, value]);
}

function describe(scan: ModelScan, seek?: string): string {
  return JSON.stringify({ ...scan, seek });
}

function shown(value: unknown): string {
  const whole = JSON.stringify(value, (_, part: unknown) => (typeof part === 'string' ? part.slice(0, 24) : part));
  return whole === undefined ? 'undefined' : whole.slice(0, 1500);
}
