import type { BatchOperation, Database } from '../../src/engine/api.js';
import { KEY_BYTES } from '../spine/bench-data.js';
import { loadEngine } from '../support/engine.js';
import { CACHE_BYTES, type LsmEngine, ROWS_PER_CALL } from './lsm-engine.js';

const NO_SYNC = { sync: false };

/** Defaults, but for the block cache that all engines share in size. */
export async function openStemeDb(directory: string): Promise<LsmEngine> {
  const { open } = await loadEngine();
  return new StemeDbEngine(await open(directory, { blockCacheBytes: CACHE_BYTES }));
}

class StemeDbEngine implements LsmEngine {
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

  async scan(isReverse: boolean): Promise<number> {
    const iterator = this.#db.iterator({ reverse: isReverse });
    let rows = 0;
    for (;;) {
      const entries = await iterator.nextv(ROWS_PER_CALL);
      if (entries.length === 0) break;
      rows += entries.length;
    }
    await iterator.close();
    return rows;
  }

  countPresent(keys: readonly Buffer[]): number {
    let count = 0;
    for (const key of keys) if (this.#db.getSync(key) !== undefined) count++;
    return count;
  }

  compact(): Promise<void> {
    return this.#db.compact();
  }

  close(): Promise<void> {
    return this.#db.close();
  }

  counters(): Readonly<Record<string, number>> {
    const { wal, stalls, flushes, compactions, levels, blockCache, filters } = this.#db.stats();
    return {
      walWrittenBytes: wal.writtenBytes,
      flushedBytes: flushes.storedBytes,
      compactedBytes: compactions.storedBytes,
      compactions: compactions.count,
      stalls: stalls.count,
      stallMs: stalls.totalMs,
      tables: levels.reduce((sum, level) => sum + level.fileCount, 0),
      blockReads: blockCache.misses,
      filterFalsePositives: filters.falsePositives,
    };
  }
}
