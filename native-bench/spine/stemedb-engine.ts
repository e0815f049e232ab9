import type { BatchOperation, Database } from '../../src/engine/api.js';
import { loadEngine } from '../support/engine.js';
import { KEY_BYTES } from './bench-data.js';
import { type BenchEngine, CACHE_BYTES } from './bench-engine.js';

const NO_SYNC = { sync: false };

/** Defaults, but for the block cache that both engines share in size. */
export async function openStemeDb(directory: string): Promise<BenchEngine> {
  const { open } = await loadEngine();
  return new StemeDbEngine(await open(directory, { blockCacheBytes: CACHE_BYTES }));
}

class StemeDbEngine implements BenchEngine {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  writeBatch(keys: Buffer, values: readonly Buffer[]): Promise<void> {
    const operations = new Array<BatchOperation>(values.length);
    for (let i = 0; i < values.length; i++) {
      operations[i] = { type: 'put', key: keys.subarray(i * KEY_BYTES, (i + 1) * KEY_BYTES), value: values[i] };
    }
    return this.#db.batch(operations, NO_SYNC);
  }

  makeDurable(): Promise<void> {
    return this.#db.sync();
  }

  putDurable(key: Buffer, value: Buffer): Promise<void> {
    return this.#db.put(key, value);
  }

  get(key: Buffer): Promise<Buffer | undefined> {
    return this.#db.get(key);
  }

  getSync(key: Buffer): Buffer | undefined {
    return this.#db.getSync(key);
  }

  compact(): Promise<void> {
    return this.#db.compact();
  }

  close(): Promise<void> {
    return this.#db.close();
  }

  counters(): Readonly<Record<string, number>> {
    const { wal, stalls, flushes, compactions, levels } = this.#db.stats();
    return {
      walSyncs: wal.syncs,
      walWrites: wal.writes,
      walWrittenBytes: wal.writtenBytes,
      stallMs: stalls.totalMs,
      flushes: flushes.count,
      compactions: compactions.count,
      tables: levels.reduce((sum, level) => sum + level.fileCount, 0),
    };
  }
}
