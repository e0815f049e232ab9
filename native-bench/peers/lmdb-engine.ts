import { KEY_BYTES } from '../workloads/workload.js';
import type { BenchEngine, ScanOptions } from './bench-engine.js';
import { requirePeer } from './private-package.js';

interface LmdbRow {
  readonly key: Buffer;
  readonly value: Buffer;
}

interface LmdbRange {
  readonly start?: Buffer;
  readonly end?: Buffer;
  readonly reverse?: boolean;
  readonly limit?: number;
}

/** The part of lmdb that is used here. */
interface Lmdb {
  put(key: Buffer, value: Buffer): Promise<boolean>;
  get(key: Buffer): Buffer | undefined;
  getRange(range: LmdbRange): Iterable<LmdbRow> & AsyncIterable<LmdbRow>;
  transactionSync(work: () => void, flags: number): void;
  sync(callback: (error?: Error | null) => void): void;
  getStats(): { readonly treeDepth: number; readonly lastPageNumber: number; readonly lastTxnId: number };
  close(): Promise<void>;
}

/** Its SYNCHRONOUS_COMMIT and NO_SYNC_FLUSH: seen by readers at the return, and left to the kernel to write. */
const WITHOUT_FLUSH = 0x10002;
/** Address space, not memory; without it the map grows in steps, each a new mapping. */
const MAP_BYTES = 64 * 2 ** 30;
const FIRST_KEY = Buffer.alloc(1);

/**
 * Both kinds of writes on one environment. Durable ones are its asynchronous puts: those of one turn of the event loop are a
 * transaction, made and synced on another thread, and with `overlappingSync` off the promise comes after the sync (at no more syncs than
 * with it: fdatasync of the pages, then a meta page with O_DSYNC). The others are transactions on this thread without a flush: `noSync`
 * and asynchronous puts were as fast, and no put could have been durable there. A machine that stops before the next sync may leave the
 * file damaged, where a log would only have lost its end.
 */
export function openLmdb(directory: string): Promise<BenchEngine> {
  const { open } = requirePeer<{ open(options: object): Lmdb }>('lmdb');
  const db = open({
    path: directory,
    noSubdir: false,
    mapSize: MAP_BYTES,
    overlappingSync: false,
    noMemInit: true,
    keyEncoder: { writeKey, readKey: copyOf },
    encoder: { encode: (value: Buffer) => value, readKey: copyOf },
  });
  return Promise.resolve(new LmdbEngine(db));
}

function writeKey(key: Buffer, target: Buffer, start: number): number {
  target.set(key, start);
  return start + key.length;
}

/**
 * A copy in the pool of small buffers. Its `binary` encoding copies too, but into memory of its own for each key and each value, which
 * nearly halves its scans. `readKey` in an encoder of values, in place of `decode`, is how it is told that a value need not be copied before.
 */
function copyOf(source: Buffer, start: number, end: number): Buffer {
  return Buffer.from(source.subarray(start, end));
}

class LmdbEngine implements BenchEngine {
  readonly #db: Lmdb;

  constructor(db: Lmdb) {
    this.#db = db;
  }

  async writeBatch(keys: Buffer, values: readonly Buffer[]): Promise<void> {
    this.#db.transactionSync(() => {
      for (let i = 0; i < values.length; i++) {
        void this.#db.put(keys.subarray(i * KEY_BYTES, (i + 1) * KEY_BYTES), values[i]);
      }
    }, WITHOUT_FLUSH);
  }

  makeDurable(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#db.sync((error) => (error ? reject(error) : resolve()));
    });
  }

  async put(key: Buffer, value: Buffer): Promise<void> {
    this.#db.transactionSync(() => void this.#db.put(key, value), WITHOUT_FLUSH);
  }

  async putDurable(key: Buffer, value: Buffer): Promise<void> {
    await this.#db.put(key, value);
  }

  async get(key: Buffer): Promise<Buffer | undefined> {
    return this.#db.get(key);
  }

  getSync(key: Buffer): Buffer | undefined {
    return this.#db.get(key);
  }

  /** Its own `getMany` has a thread touch the pages first, which only pays where they are not in memory. */
  async getMany(keys: readonly Buffer[]): Promise<readonly (Buffer | undefined)[]> {
    return keys.map((key) => this.#db.get(key));
  }

  async scan({ isReverse = false, from, rowsMax, onRow }: ScanOptions): Promise<number> {
    let rows = 0;
    for (const { key, value } of this.#db.getRange(range(isReverse, from, rowsMax))) {
      rows++;
      onRow?.(key, value);
    }
    return rows;
  }

  async scanByRow(): Promise<number> {
    let rows = 0;
    for await (const _row of this.#db.getRange(range(false))) rows++;
    return rows;
  }

  /** A tree that is changed in place knows no such thing. */
  compact(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return this.#db.close();
  }

  counters(): Readonly<Record<string, number>> {
    const { treeDepth, lastPageNumber, lastTxnId } = this.#db.getStats();
    return { treeDepth, pages: lastPageNumber + 1, transactions: lastTxnId };
  }
}

/** Bounds are named even where there are none: its own default is the first key that its default encoding would make. */
function range(reverse: boolean, from?: Buffer, limit?: number): LmdbRange {
  return reverse
    ? { reverse, limit, end: undefined, ...(from && { start: from }) }
    : { limit, start: from ?? FIRST_KEY };
}
