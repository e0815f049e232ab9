import { ClassicLevel } from 'classic-level';
import { KEY_BYTES } from '../spine/bench-data.js';
import { CACHE_BYTES, type LsmEngine, ROWS_PER_CALL } from './lsm-engine.js';

type Level = ClassicLevel<Buffer, Buffer>;

/** Its own default write buffer and chained batches are what it was fastest with (spine/classic-level-engine.ts). */
export async function openClassicLevel(directory: string): Promise<LsmEngine> {
  const level: Level = new ClassicLevel(directory, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    cacheSize: CACHE_BYTES,
  });
  await level.open();
  return new ClassicLevelEngine(level);
}

class ClassicLevelEngine implements LsmEngine {
  readonly #level: Level;

  constructor(level: Level) {
    this.#level = level;
  }

  writeBatch(keys: Buffer, values: readonly Buffer[]): Promise<void> {
    const batch = this.#level.batch();
    for (let i = 0; i < values.length; i++) batch.put(keys.subarray(i * KEY_BYTES, (i + 1) * KEY_BYTES), values[i]);
    return batch.write();
  }

  /** A write with sync makes the log durable up to and with itself. The key is taken out again, so that scans agree. */
  async makeDurable(): Promise<void> {
    await this.#level.put(Buffer.from('end'), Buffer.from('end'));
    await this.#level.del(Buffer.from('end'), { sync: true });
  }

  async scan(isReverse: boolean): Promise<number> {
    const iterator = this.#level.iterator({ reverse: isReverse, highWaterMarkBytes: 1024 * 1024 });
    let rows = 0;
    for (;;) {
      const entries = await iterator.nextv(ROWS_PER_CALL);
      if (entries.length === 0) break;
      rows += entries.length;
    }
    await iterator.close();
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
