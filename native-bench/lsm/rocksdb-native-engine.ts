import { createRequire } from 'node:module';
import { KEY_BYTES } from '../spine/bench-data.js';
import type { LsmEngine } from './lsm-engine.js';

/** The part of rocksdb-native that is used here; the package has no types. */
interface RocksBatch {
  tryPut(key: Buffer, value: Buffer): void;
  flush(): Promise<void>;
  destroy(): void;
}

interface RocksDb {
  ready(): Promise<void>;
  write(options: { capacity: number }): RocksBatch;
  iterator(
    range: object,
    options: { reverse: boolean; capacity: number },
  ): AsyncIterable<{ key: Buffer; value: Buffer }>;
  flush(): Promise<void>;
  compactRange(): Promise<void>;
  close(): Promise<void>;
}

const CAPACITY = 1000;

/** Loaded from the private package in native-bench/peers; it offers no choice of cache, compression or sync per write. */
export async function openRocksDbNative(directory: string): Promise<LsmEngine> {
  const require = createRequire(new URL('../peers/package.json', import.meta.url));
  const RocksDB = require('rocksdb-native') as new (path: string) => RocksDb;
  const db = new RocksDB(directory);
  await db.ready();
  return new RocksDbNativeEngine(db);
}

class RocksDbNativeEngine implements LsmEngine {
  readonly #db: RocksDb;

  constructor(db: RocksDb) {
    this.#db = db;
  }

  async writeBatch(keys: Buffer, values: readonly Buffer[]): Promise<void> {
    const batch = this.#db.write({ capacity: values.length });
    for (let i = 0; i < values.length; i++) batch.tryPut(keys.subarray(i * KEY_BYTES, (i + 1) * KEY_BYTES), values[i]);
    await batch.flush();
    batch.destroy();
  }

  /** It has no sync of its log; a flush of the memtable is what makes everything before it durable. */
  makeDurable(): Promise<void> {
    return this.#db.flush();
  }

  async scan(isReverse: boolean): Promise<number> {
    let rows = 0;
    for await (const _row of this.#db.iterator({}, { reverse: isReverse, capacity: CAPACITY })) rows++;
    return rows;
  }

  compact(): Promise<void> {
    return this.#db.compactRange();
  }

  close(): Promise<void> {
    return this.#db.close();
  }

  counters(): Readonly<Record<string, number>> {
    return {};
  }
}
