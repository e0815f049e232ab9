import { MIB } from '../../src/base/limits.js';
import type { BatchOperation, Database, EntryIterator, IteratorOptions } from '../../src/engine/api.js';
import { type EngineModule, loadEngine } from '../support/engine.js';
import { KEY_BYTES } from '../workloads/workload.js';
import { type BenchEngine, CACHE_BYTES, type OpenEngine, type ScanOptions } from './bench-engine.js';

const NO_SYNC = { sync: false };
const ROWS_PER_CALL = 1000;
/** As by default. */
const ROW_CACHE_BYTES = 32 * MIB;

/** Defaults, but for the caches, which together have the size that all engines' have. `load` is another build than the one that users run. */
export function stemeDbOpener(load: () => Promise<EngineModule> = loadEngine): OpenEngine {
  return async (directory, { writeBufferBytes: memtableBytes } = {}) => {
    const { open } = await load();
    const blockCacheBytes = CACHE_BYTES - ROW_CACHE_BYTES;
    return new StemeDbEngine(await open(directory, { blockCacheBytes, rowCacheBytes: ROW_CACHE_BYTES, memtableBytes }));
  };
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

  put(key: Buffer, value: Buffer): Promise<void> {
    return this.#db.put(key, value, NO_SYNC);
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

  getMany(keys: readonly Buffer[]): Promise<readonly (Buffer | undefined)[]> {
    return this.#db.getMany(keys);
  }

  async scan(options: ScanOptions): Promise<number> {
    const { rowsMax = Number.POSITIVE_INFINITY, onRow } = options;
    const iterator = this.#db.iterator(range(options));
    let rows = 0;
    while (rows < rowsMax) {
      const entries = await nextEntries(iterator, rowsMax);
      if (entries.length === 0) break;
      rows += entries.length;
      if (onRow !== undefined) for (const [key, value] of entries) onRow(key, value);
    }
    await iterator.close();
    return rows;
  }

  async scanByRow(): Promise<number> {
    let rows = 0;
    for await (const _entry of this.#db.iterator()) rows++;
    return rows;
  }

  compact(): Promise<void> {
    return this.#db.compact();
  }

  close(): Promise<void> {
    return this.#db.close();
  }

  counters(): Readonly<Record<string, number>> {
    const { wal, stalls, flushes, compactions, levels, blockCache, rowCache, filters } = this.#db.stats();
    return {
      walSyncs: wal.syncs,
      walWrites: wal.writes,
      walWrittenBytes: wal.writtenBytes,
      flushes: flushes.count,
      flushedBytes: flushes.storedBytes,
      compactions: compactions.count,
      compactedBytes: compactions.storedBytes,
      stalls: stalls.count,
      stallMs: stalls.totalMs,
      tables: levels.reduce((sum, level) => sum + level.fileCount, 0),
      rowCacheHits: rowCache.hits,
      blockReads: blockCache.misses,
      filterFalsePositives: filters.falsePositives,
    };
  }
}

function range({ isReverse: reverse, from, rowsMax: limit }: ScanOptions): IteratorOptions {
  return { reverse, limit, gte: reverse ? undefined : from, lte: reverse ? from : undefined };
}

/** A short range is not worth a promise of its own. */
function nextEntries(iterator: EntryIterator, rowsMax: number): ReturnType<EntryIterator['nextv' | 'nextvSync']> {
  return rowsMax <= ROWS_PER_CALL ? iterator.nextvSync(rowsMax) : iterator.nextv(ROWS_PER_CALL);
}
