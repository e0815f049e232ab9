import { ClassicLevel } from 'classic-level';
import { KEY_BYTES } from './bench-data.js';
import { type BenchEngine, CACHE_BYTES } from './bench-engine.js';

const SYNC = { sync: true };

type Level = ClassicLevel<Buffer, Buffer>;

/**
 * Buffers pass as they are. Its own default write buffer of 4 MiB and chained batches are what it was fastest with: a
 * write buffer of 64 MiB cost it a third, batches as arrays three quarters of its speed.
 */
export async function openClassicLevel(directory: string): Promise<BenchEngine> {
  const level: Level = new ClassicLevel(directory, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    cacheSize: CACHE_BYTES,
  });
  await level.open();
  return new ClassicLevelEngine(level);
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

  /** A write with sync makes the log durable up to and with itself; the key is outside of the benchmark's. */
  makeDurable(): Promise<void> {
    return this.#level.put(Buffer.from('end'), Buffer.from('end'), SYNC);
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
