import { KEY_BYTES } from '../workloads/workload.js';
import type { BenchEngine, OpenSettings, ScanOptions } from './bench-engine.js';
import { GroupedWrites, type Write } from './grouped-writes.js';
import { requirePeer } from './private-package.js';

/** The part of rocksdb-native that is used here; the package has no types. */
interface RocksWriteBatch {
  tryPut(key: Buffer, value: Buffer): void;
  flush(): Promise<void>;
  destroy(): void;
}

interface RocksReadBatch {
  get(key: Buffer): Promise<Buffer | null>;
  tryFlush(): void;
}

interface RocksRow {
  readonly key: Buffer;
  readonly value: Buffer;
}

interface RocksIterator extends AsyncIterable<RocksRow> {
  on(event: 'data', listener: (row: RocksRow) => void): this;
  on(event: 'error', listener: (error: Error) => void): this;
  on(event: 'close', listener: () => void): this;
}

interface RocksRange {
  readonly gte?: Buffer;
  readonly lte?: Buffer;
}

interface RocksDb {
  readonly stats: Readonly<Record<string, number>>;
  ready(): Promise<void>;
  write(options: { capacity: number; autoDestroy?: boolean }): RocksWriteBatch;
  read(options: { capacity: number; autoDestroy: boolean }): RocksReadBatch;
  put(key: Buffer, value: Buffer): Promise<void>;
  get(key: Buffer): Promise<Buffer | null>;
  iterator(range: RocksRange, options: { reverse: boolean; capacity: number; limit?: number }): RocksIterator;
  flush(): Promise<void>;
  compactRange(): Promise<void>;
  close(): Promise<void>;
}

/** Rows that cross from native code at a time; its default is 8. */
const ROWS_PER_CALL = 1000;

/** Its own defaults: it offers no compression, no size of the block cache and no sync of its log. */
export async function openRocksDbNative(
  directory: string,
  { writeBufferBytes: writeBufferSize }: OpenSettings = {},
): Promise<BenchEngine> {
  const RocksDB = requirePeer<new (path: string, options: { writeBufferSize?: number }) => RocksDb>('rocksdb-native');
  const db = new RocksDB(directory, { writeBufferSize });
  await db.ready();
  return new RocksDbNativeEngine(db);
}

class RocksDbNativeEngine implements BenchEngine {
  readonly #db: RocksDb;
  readonly #grouped: GroupedWrites;

  constructor(db: RocksDb) {
    this.#db = db;
    this.#grouped = new GroupedWrites((writes) => writeDurably(db, writes));
  }

  async writeBatch(keys: Buffer, values: readonly Buffer[]): Promise<void> {
    const batch = this.#db.write({ capacity: values.length });
    for (let i = 0; i < values.length; i++) batch.tryPut(keys.subarray(i * KEY_BYTES, (i + 1) * KEY_BYTES), values[i]);
    await batch.flush();
    batch.destroy();
  }

  /** Without a sync of the log, a flush of the memtable is what makes everything before it durable. */
  makeDurable(): Promise<void> {
    return this.#db.flush();
  }

  put(key: Buffer, value: Buffer): Promise<void> {
    return this.#db.put(key, value);
  }

  /** One flush for all that came during the last one, since nothing but a flush is durable: a table of its own for each put is slower still. */
  putDurable(key: Buffer, value: Buffer): Promise<void> {
    return this.#grouped.put(key, value);
  }

  async get(key: Buffer): Promise<Buffer | undefined> {
    return (await this.#db.get(key)) ?? undefined;
  }

  async getMany(keys: readonly Buffer[]): Promise<readonly (Buffer | undefined)[]> {
    const batch = this.#db.read({ capacity: keys.length, autoDestroy: true });
    const reads = keys.map((key) => batch.get(key));
    batch.tryFlush();
    return (await Promise.all(reads)).map((value) => value ?? undefined);
  }

  /** Its iterator is a stream; in flowing mode it is faster than by `for await`. */
  scan(options: ScanOptions): Promise<number> {
    return new Promise((resolve, reject) => {
      const { onRow } = options;
      let rows = 0;
      this.#iterator(options)
        .on('data', ({ key, value }) => {
          rows++;
          onRow?.(key, value);
        })
        .on('error', reject)
        .on('close', () => resolve(rows));
    });
  }

  async scanByRow(): Promise<number> {
    let rows = 0;
    for await (const _row of this.#iterator({})) rows++;
    return rows;
  }

  /** A call that brings fewer rows than asked for ends the scan, so a short one asks for one more than it may have. */
  #iterator({ isReverse: reverse = false, from, rowsMax: limit }: ScanOptions): RocksIterator {
    const capacity = Math.min(ROWS_PER_CALL, limit === undefined ? ROWS_PER_CALL : limit + 1);
    return this.#db.iterator(reverse ? { lte: from } : { gte: from }, { reverse, capacity, limit });
  }

  compact(): Promise<void> {
    return this.#db.compactRange();
  }

  close(): Promise<void> {
    return this.#db.close();
  }

  counters(): Readonly<Record<string, number>> {
    return { ...this.#db.stats };
  }
}

async function writeDurably(db: RocksDb, writes: readonly Write[]): Promise<void> {
  const batch = db.write({ capacity: writes.length });
  for (const { key, value } of writes) batch.tryPut(key, value);
  await batch.flush();
  batch.destroy();
  await db.flush();
}
