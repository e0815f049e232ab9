import { ClassicLevel } from 'classic-level';
import { KEY_BYTES } from '../workloads/workload.js';
import { type BenchEngine, CACHE_BYTES, type OpenSettings, type ScanOptions } from './bench-engine.js';
import { GroupedWrites, type Write } from './grouped-writes.js';

type Level = ClassicLevel<Buffer, Buffer>;

const SYNC = { sync: true };
const ROWS_PER_CALL = 1000;
/** What one call of an iterator may hold at a time; with its default of 16 KiB a call hands out a seventh of the rows. */
const SCAN_BYTES = 1024 * 1024;

/**
 * Buffers pass as they are. Its own default write buffer of 4 MiB and chained batches are what it was fastest with: a write buffer of
 * 64 MiB cost it a third, batches as arrays three quarters of its speed.
 */
export async function openClassicLevel(directory: string, settings?: OpenSettings): Promise<BenchEngine> {
  return new ClassicLevelEngine(await openLevel(directory, settings));
}

/** With an application's group commit on top: durable puts that come while others are synced share the next sync. */
export async function openClassicLevelGrouped(directory: string, settings?: OpenSettings): Promise<BenchEngine> {
  return new GroupedClassicLevelEngine(await openLevel(directory, settings));
}

async function openLevel(directory: string, { writeBufferBytes }: OpenSettings = {}): Promise<Level> {
  const level: Level = new ClassicLevel(directory, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    cacheSize: CACHE_BYTES,
    ...(writeBufferBytes !== undefined && { writeBufferSize: writeBufferBytes }),
  });
  await level.open();
  return level;
}

class ClassicLevelEngine implements BenchEngine {
  readonly #level: Level;

  constructor(level: Level) {
    this.#level = level;
  }

  writeBatch(keys: Buffer, values: readonly Buffer[]): Promise<void> {
    const batch = this.#level.batch();
    for (let i = 0; i < values.length; i++) batch.put(keys.subarray(i * KEY_BYTES, (i + 1) * KEY_BYTES), values[i]);
    return batch.write();
  }

  /** A write with sync makes the log durable up to and with itself; this one deletes a key that no workload has. */
  makeDurable(): Promise<void> {
    return this.#level.del(Buffer.from('end'), SYNC);
  }

  put(key: Buffer, value: Buffer): Promise<void> {
    return this.#level.put(key, value);
  }

  putDurable(key: Buffer, value: Buffer): Promise<void> {
    return this.#level.put(key, value, SYNC);
  }

  get(key: Buffer): Promise<Buffer | undefined> {
    return this.#level.get(key);
  }

  getSync(key: Buffer): Buffer | undefined {
    return this.#level.getSync(key);
  }

  getMany(keys: readonly Buffer[]): Promise<readonly (Buffer | undefined)[]> {
    return this.#level.getMany(keys as Buffer[]);
  }

  async scan({ isReverse = false, from, rowsMax = Number.POSITIVE_INFINITY, onRow }: ScanOptions): Promise<number> {
    const iterator = this.#level.iterator({
      reverse: isReverse,
      limit: Number.isFinite(rowsMax) ? rowsMax : -1,
      highWaterMarkBytes: SCAN_BYTES,
      ...(from !== undefined && (isReverse ? { lte: from } : { gte: from })),
    });
    let rows = 0;
    while (rows < rowsMax) {
      const entries = await iterator.nextv(Math.min(ROWS_PER_CALL, rowsMax - rows));
      if (entries.length === 0) break;
      rows += entries.length;
      if (onRow !== undefined) for (const [key, value] of entries) onRow(key, value);
    }
    await iterator.close();
    return rows;
  }

  async scanByRow(): Promise<number> {
    let rows = 0;
    for await (const _entry of this.#level.iterator({ highWaterMarkBytes: SCAN_BYTES })) rows++;
    return rows;
  }

  compact(): Promise<void> {
    return this.#level.compactRange(Buffer.alloc(1), Buffer.alloc(KEY_BYTES + 1, 0xff));
  }

  close(): Promise<void> {
    return this.#level.close();
  }

  counters(): Readonly<Record<string, number>> {
    return {};
  }
}

class GroupedClassicLevelEngine extends ClassicLevelEngine {
  readonly #grouped: GroupedWrites;

  constructor(level: Level) {
    super(level);
    this.#grouped = new GroupedWrites((writes) => writeDurably(level, writes));
  }

  override putDurable(key: Buffer, value: Buffer): Promise<void> {
    return this.#grouped.put(key, value);
  }
}

function writeDurably(level: Level, writes: readonly Write[]): Promise<void> {
  const batch = level.batch();
  for (const { key, value } of writes) batch.put(key, value);
  return batch.write(SYNC);
}
