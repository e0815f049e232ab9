import { EMPTY_BYTES } from '../base/bytes.js';
import { StemeError } from '../base/errors.js';
import type { Kind } from '../base/internal-key.js';
import { KIND_DELETE, KIND_PUT } from '../base/internal-key.js';
import { ARENA_BYTES_MAX, BATCH_BYTES_MAX } from '../base/limits.js';
import { Memtable } from '../memtable/memtable.js';
import type {
  BatchOperation,
  BytesLike,
  Database,
  DatabaseStats,
  EntryIterator,
  IteratorOptions,
  WriteOptions,
} from './api.js';
import { collectStats } from './collect-stats.js';
import type { Operation } from './commit-pipeline.js';
import { DatabaseReads } from './database-reads.js';
import type { Engine } from './engine.js';
import { keyBytes, valueBytes } from './user-bytes.js';

/** The facade: checks what the user hands in, before anything is written (law 10), and passes it on. */
export class StemeDatabase implements Database {
  readonly directory: string;
  readonly #engine: Engine;
  readonly #reads: DatabaseReads;
  #closing: Promise<void> | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#reads = new DatabaseReads(engine.parts);
    this.directory = engine.parts.directory;
  }

  put(key: BytesLike, value: BytesLike, options?: WriteOptions): Promise<void> {
    try {
      return this.#writeOne(KIND_PUT, keyBytes(key), valueBytes(value), options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  del(key: BytesLike, options?: WriteOptions): Promise<void> {
    try {
      return this.#writeOne(KIND_DELETE, keyBytes(key), EMPTY_BYTES, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  batch(operations: readonly BatchOperation[], options?: WriteOptions): Promise<void> {
    try {
      this.#assertWritable();
      const checked = checkBatch(operations);
      if (checked.length === 0) return Promise.resolve();
      return this.#engine.parts.pipeline.write(checked, wantsSync(options));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  get(key: BytesLike): Promise<Buffer | undefined> {
    try {
      return Promise.resolve(this.getSync(key));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  getSync(key: BytesLike): Buffer | undefined {
    this.#assertOpen();
    return this.#reads.getSync(key);
  }

  async getMany(keys: readonly BytesLike[]): Promise<(Buffer | undefined)[]> {
    this.#assertOpen();
    return this.#reads.getMany(keys);
  }

  iterator(options: IteratorOptions = {}): EntryIterator {
    this.#assertOpen();
    return this.#reads.iterator(options);
  }

  async sync(): Promise<void> {
    this.#assertWritable();
    await this.#engine.parts.pipeline.sync();
  }

  async flush(): Promise<void> {
    this.#assertWritable();
    await this.#engine.parts.flushes.flush();
  }

  async compact(): Promise<void> {
    this.#assertWritable();
    await this.#engine.parts.flushes.flush();
    await this.#engine.parts.compactions.compact();
  }

  stats(): DatabaseStats {
    this.#assertOpen();
    return collectStats(this.#engine);
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeOnce();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #closeOnce(): Promise<void> {
    await this.#engine.parts.iterators.closeAll();
    await this.#engine.close();
  }

  #writeOne(kind: Kind, key: Uint8Array, value: Uint8Array, options: WriteOptions | undefined): Promise<void> {
    this.#assertWritable();
    return this.#engine.parts.pipeline.writeOne(kind, key, value, wantsSync(options));
  }

  #assertOpen(): void {
    if (this.#closing !== undefined)
      throw new StemeError('STEME_CLOSED', `the database in ${this.directory} is closed`);
  }

  #assertWritable(): void {
    this.#assertOpen();
    if (this.#engine.parts.options.readOnly) {
      throw new StemeError('STEME_READ_ONLY', `the database in ${this.directory} was opened with readOnly`);
    }
  }
}

function wantsSync(options: WriteOptions | undefined): boolean {
  return options?.sync ?? true;
}

function checkBatch(operations: readonly BatchOperation[]): Operation[] {
  if (!Array.isArray(operations)) throw new StemeError('STEME_INVALID_BATCH', 'a batch is an array of operations');
  let bytes = 0;
  const checked = operations.map((operation, index) => {
    const result = checkOperation(operation, index);
    bytes += result.key.length + result.value.length;
    return result;
  });
  if (bytes > BATCH_BYTES_MAX) {
    throw new StemeError('STEME_INVALID_BATCH', `a batch has at most ${BATCH_BYTES_MAX} bytes, got ${bytes}`);
  }
  const memoryBytes = Memtable.boundBytes(checked.length, bytes);
  if (memoryBytes > ARENA_BYTES_MAX) {
    const message = `a batch of ${checked.length} operations may need ${memoryBytes} bytes of memory; at most ${ARENA_BYTES_MAX} are allowed`;
    throw new StemeError('STEME_INVALID_BATCH', message);
  }
  return checked;
}

function checkOperation(operation: BatchOperation, index: number): Operation {
  switch (operation?.type) {
    case 'put':
      return { kind: KIND_PUT, key: keyBytes(operation.key), value: valueBytes(operation.value) };
    case 'del':
      return { kind: KIND_DELETE, key: keyBytes(operation.key), value: EMPTY_BYTES };
    default:
      throw new StemeError('STEME_INVALID_BATCH', `operation ${index} of the batch must have type 'put' or 'del'`);
  }
}
