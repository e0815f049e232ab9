import { EMPTY_BYTES } from '../base/bytes.js';
import type {
  BatchOperation,
  BulkLoadOptions,
  BulkLoadResult,
  BulkLoadSource,
  BytesLike,
  CheckpointOptions,
  CheckpointResult,
  Database,
  DatabaseStats,
  EntryIterator,
  IteratorOptions,
  KeySpan,
  Profile,
  ProfileOptions,
  ReadOptions,
  Snapshot,
  Transaction,
  TransactionOptions,
  WriteOptions,
} from './api.js';
import { approximateSize } from './approximate-size.js';
import { checkBulkLoadCall, checkCheckpointCall, checkProfileCall } from './check-calls.js';
import { writeCheckpoint } from './checkpoint.js';
import { collectStats } from './collect-stats.js';
import { ConflictCheck } from './conflict-check.js';
import { DatabaseGuard } from './database-guard.js';
import { DatabaseReads } from './database-reads.js';
import { DatabaseWrites } from './database-writes.js';
import type { Engine } from './engine.js';
import { DatabaseIngest } from './ingest/database-ingest.js';
import type { IngestOptions, IngestOutcome, IngestPipeline, IngestSource } from './ingest/ingest-api.js';
import { LongCalls } from './long-calls.js';
import { profileThreads } from './profile-threads.js';
import { DatabaseQuarantine } from './quarantine/database-quarantine.js';
import { hasJournal, openJournal } from './quarantine/open-journal.js';
import type { Quarantine } from './quarantine/quarantine-api.js';
import { TreeSystemStore } from './quarantine/system-store.js';
import { Resumption } from './resumption.js';
import { spanBounds } from './span-bounds.js';
import { Transactions } from './transactions.js';

/** The facade: checks what the user hands in, before anything is written (law 10), and passes it on. */
export class StemeDatabase implements Database {
  readonly directory: string;
  readonly #engine: Engine;
  readonly #guard: DatabaseGuard;
  readonly #reads: DatabaseReads;
  readonly #writes: DatabaseWrites;
  readonly #longCalls = new LongCalls();
  readonly #transactions: Transactions;
  readonly #resumption: Resumption;
  readonly #quarantine: DatabaseQuarantine;
  readonly #ingest: DatabaseIngest;
  #closing: Promise<void> | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.directory = engine.parts.directory;
    const { options, pipeline, readClock, snapshots, state, tables, environment } = engine.parts;
    this.#guard = new DatabaseGuard(this.directory, options.readOnly);
    this.#reads = new DatabaseReads(engine.parts);
    const newestValue = (key: Uint8Array): Uint8Array | undefined => this.#reads.newestValue(key);
    this.#writes = new DatabaseWrites({ pipeline, readClock, ttlMs: options.ttlMs, newestValue });
    this.#resumption = new Resumption(engine.parts);
    this.#transactions = new Transactions({
      pipeline,
      snapshots,
      reads: this.#reads,
      conflicts: new ConflictCheck(state, tables),
      timers: environment.timers,
      randomUint32: environment.randomUint32,
      timeoutMs: options.transactionTimeoutMs,
      expiresAtMs: (putOptions) => this.#writes.expiry(putOptions).expiresAtMs,
    });
    const { clock, timers, randomUint32, onWarning } = environment;
    const store = new TreeSystemStore(this.#reads, pipeline);
    const checkWrites = (operations: readonly BatchOperation[]) => this.#writes.checked(operations);
    this.#quarantine = new DatabaseQuarantine({
      hasJournal: () => hasJournal(engine.parts),
      openJournal: () => openJournal(engine.parts),
      store,
      settings: options.quarantine,
      guard: this.#guard,
      longCalls: this.#longCalls,
      clock,
      timers,
      randomUint32,
      checkWrites,
      lastPipeline: () => this.#ingest.lastPipeline,
      onWarning,
    });
    this.#ingest = new DatabaseIngest({ store, quarantine: this.#quarantine, clock, checkWrites });
  }

  get quarantine(): Quarantine {
    return this.#quarantine;
  }

  /** What an earlier opener left in the intake of the quarantine goes on its way, without anybody having to wait for it. */
  resumeQuarantine(): Promise<void> {
    return this.#quarantine.resume();
  }

  put(key: BytesLike, value: BytesLike, options?: WriteOptions): Promise<void> {
    try {
      this.#guard.assertWritable();
      return this.#writes.put(key, value, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  del(key: BytesLike, options?: WriteOptions): Promise<void> {
    try {
      this.#guard.assertWritable();
      return this.#writes.del(key, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  deleteRange(gte: BytesLike, lt: BytesLike, options?: WriteOptions): Promise<void> {
    try {
      this.#guard.assertWritable();
      return this.#writes.deleteRange(gte, lt, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  batch(operations: readonly BatchOperation[], options?: WriteOptions): Promise<void> {
    try {
      this.#guard.assertWritable();
      return this.#writes.batch(operations, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async putIfAbsent(key: BytesLike, value: BytesLike, options?: WriteOptions): Promise<boolean> {
    this.#guard.assertWritable();
    return this.#writes.putIfAbsent(key, value, options);
  }

  async compareAndSet(
    key: BytesLike,
    expected: BytesLike | undefined,
    value: BytesLike | undefined,
    options?: WriteOptions,
  ): Promise<boolean> {
    this.#guard.assertWritable();
    return this.#writes.compareAndSet(key, expected, value, options);
  }

  async transaction<T>(work: (transaction: Transaction) => T | Promise<T>, options?: TransactionOptions): Promise<T> {
    this.#guard.assertWritable();
    return this.#transactions.run(work, options);
  }

  snapshot(): Snapshot {
    this.#guard.assertOpen();
    return this.#engine.parts.snapshots.open();
  }

  get(key: BytesLike, options?: ReadOptions): Promise<Buffer | undefined> {
    try {
      return Promise.resolve(this.getSync(key, options));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  getSync(key: BytesLike, options?: ReadOptions): Buffer | undefined {
    this.#guard.assertOpen();
    return this.#reads.getSync(key, options);
  }

  async getMany(keys: readonly BytesLike[], options?: ReadOptions): Promise<(Buffer | undefined)[]> {
    this.#guard.assertOpen();
    return this.#reads.getMany(keys, options);
  }

  async has(key: BytesLike, options?: ReadOptions): Promise<boolean> {
    return this.hasSync(key, options);
  }

  hasSync(key: BytesLike, options?: ReadOptions): boolean {
    this.#guard.assertOpen();
    return this.#reads.hasSync(key, options);
  }

  iterator(options: IteratorOptions = {}): EntryIterator {
    this.#guard.assertOpen();
    return this.#reads.iterator(options);
  }

  async sync(): Promise<void> {
    this.#guard.assertWritable();
    await this.#engine.parts.pipeline.sync();
  }

  async flush(): Promise<void> {
    this.#guard.assertWritable();
    await this.#engine.parts.flushes.flush();
  }

  async compact(range: KeySpan = {}): Promise<void> {
    this.#guard.assertWritable();
    const bounds = spanBounds(range);
    await this.#engine.parts.flushes.flush();
    await this.#engine.parts.compactions.compact(bounds);
  }

  async ingest<Item, Parsed>(
    source: IngestSource<Item>,
    pipeline: IngestPipeline<Item, Parsed>,
    options: IngestOptions = {},
  ): Promise<IngestOutcome> {
    this.#guard.assertWritable();
    return this.#longCalls.run(options.signal, (signal) =>
      this.#ingest.run(source, pipeline as IngestPipeline, options, signal),
    );
  }

  async bulkLoad(source: BulkLoadSource, options: BulkLoadOptions = {}): Promise<BulkLoadResult> {
    this.#guard.assertWritable();
    checkBulkLoadCall(options);
    const { bulkLoader } = this.#engine.parts;
    return this.#longCalls.run(options.signal, (signal) => bulkLoader.load(source, options, signal));
  }

  async checkpoint(directory: string, options: CheckpointOptions = {}): Promise<CheckpointResult> {
    this.#guard.assertOpen();
    checkCheckpointCall(directory, options);
    const parts = { ...this.#engine.parts, holdQuarantine: () => this.#quarantine.hold() };
    return this.#longCalls.run(options.signal, (signal) => writeCheckpoint(parts, directory, options, signal));
  }

  async approximateSize(range: KeySpan = {}): Promise<number> {
    this.#guard.assertOpen();
    const { start, end } = spanBounds(range);
    const { state, tables } = this.#engine.parts;
    return approximateSize(state.readState, tables, { start: start ?? EMPTY_BYTES, end });
  }

  async resume(): Promise<void> {
    this.#guard.assertOpen();
    return this.#longCalls.run(undefined, () => this.#resumption.resume());
  }

  async profile(options: ProfileOptions = {}): Promise<Profile> {
    this.#guard.assertOpen();
    checkProfileCall(options);
    const { runner, environment } = this.#engine.parts;
    return this.#longCalls.run(options.signal, (signal) => profileThreads(runner, environment.timers, options, signal));
  }

  stats(): DatabaseStats {
    this.#guard.assertOpen();
    return collectStats(this.#engine);
  }

  close(): Promise<void> {
    this.#guard.close();
    this.#closing ??= this.#closeOnce();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #closeOnce(): Promise<void> {
    const { iterators, snapshots, pipeline, stallController } = this.#engine.parts;
    this.#transactions.closeAll();
    iterators.closeAll();
    stallController.close();
    // Transactions that wait to be written need their snapshots until then.
    await pipeline.drained();
    snapshots.closeAll();
    await this.#longCalls.endAll();
    try {
      await this.#quarantine.close();
    } finally {
      await this.#engine.close();
    }
  }
}
