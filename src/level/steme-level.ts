import type { AbstractDatabaseOptions, Transcoder } from 'abstract-level';
import { AbstractLevel } from 'abstract-level';
import type { BytesLike, Database, BatchOperation as EngineOperation, WriteOptions } from '../engine/api.js';
import type { Options } from '../engine/options.js';
import { realFileSystem } from '../fs/real-file-system.js';
import { open } from '../index.js';
import { clearRange } from './clear-range.js';
import { destroyDatabase } from './destroy-database.js';
import { LevelError, throwLevelError, toLevelError } from './level-error.js';
import { LevelIterator, LevelKeyIterator, LevelValueIterator } from './level-iterators.js';
import { toEngineKey } from './level-key.js';
import { propertyOf } from './level-property.js';
import type { LevelRange } from './level-range.js';
import type { SnapshotOptions } from './level-snapshot.js';
import { LevelSnapshot } from './level-snapshot.js';
import type {
  BatchOperation,
  BatchOptions,
  ChainedBatch,
  ClearOptions,
  DatabaseOptions,
  DelOptions,
  GetManyOptions,
  GetOptions,
  HasManyOptions,
  HasOptions,
  Iterator,
  IteratorOptions,
  KeyIterator,
  KeyIteratorOptions,
  OpenOptions,
  PutOptions,
  Snapshot,
  StartEndOptions,
  ValueIterator,
  ValueIteratorOptions,
} from './level-types.js';
import { toEngineOptions } from './open-options.js';
import type { ScanOptions } from './scan.js';

/** What the private methods get of a read: formats in place of encodings. */
interface FormatOptions {
  readonly valueEncoding?: string;
  readonly snapshot?: Snapshot | undefined;
}

/** An operation of a batch, encoded; it carries the options of the batch where it has none of its own. */
interface EncodedOperation {
  readonly type: 'put' | 'del';
  readonly key: BytesLike;
  readonly value: BytesLike;
  readonly ttlMs?: number;
}

const MANIFEST = {
  encodings: { buffer: true, utf8: true, view: true },
  has: true,
  createIfMissing: true,
  errorIfExists: true,
  explicitSnapshots: true,
  getSync: true,
  additionalMethods: { approximateSize: true, compactRange: true },
  signals: { iterators: true },
} as const;

/** The methods with the options that the engine adds to those of abstract-level; what they do is in the class. */
export interface StemeLevel<KDefault = string, VDefault = string> {
  open(): Promise<void>;
  open(options: OpenOptions): Promise<void>;
  get(key: KDefault): Promise<VDefault | undefined>;
  get<K = KDefault, V = VDefault>(key: K, options: GetOptions<K, V>): Promise<V | undefined>;
  getSync(key: KDefault): VDefault | undefined;
  getSync<K = KDefault, V = VDefault>(key: K, options: GetOptions<K, V>): V | undefined;
  getMany(keys: KDefault[]): Promise<(VDefault | undefined)[]>;
  getMany<K = KDefault, V = VDefault>(keys: K[], options: GetManyOptions<K, V>): Promise<(V | undefined)[]>;
  has(key: KDefault): Promise<boolean>;
  has<K = KDefault>(key: K, options: HasOptions<K>): Promise<boolean>;
  hasMany(keys: KDefault[]): Promise<boolean[]>;
  hasMany<K = KDefault>(keys: K[], options: HasManyOptions<K>): Promise<boolean[]>;
  put(key: KDefault, value: VDefault): Promise<void>;
  put<K = KDefault, V = VDefault>(key: K, value: V, options: PutOptions<K, V>): Promise<void>;
  del(key: KDefault): Promise<void>;
  del<K = KDefault>(key: K, options: DelOptions<K>): Promise<void>;
  batch(operations: BatchOperation<this, KDefault, VDefault>[]): Promise<void>;
  batch<K = KDefault, V = VDefault>(
    operations: BatchOperation<this, K, V>[],
    options: BatchOptions<K, V>,
  ): Promise<void>;
  batch(): ChainedBatch<this, KDefault, VDefault>;
  clear(): Promise<void>;
  clear<K = KDefault>(options: ClearOptions<K>): Promise<void>;
  iterator(): Iterator<this, KDefault, VDefault>;
  iterator<K = KDefault, V = VDefault>(options: IteratorOptions<K, V>): Iterator<this, K, V>;
  keys(): KeyIterator<this, KDefault>;
  keys<K = KDefault>(options: KeyIteratorOptions<K>): KeyIterator<this, K>;
  values(): ValueIterator<this, KDefault, VDefault>;
  values<K = KDefault, V = VDefault>(options: ValueIteratorOptions<K, V>): ValueIterator<this, K, V>;
  snapshot(options?: unknown): Snapshot;
}

/**
 * A database of the engine behind abstract-level's interface. That package opens, defers, encodes, prefixes, runs hooks and
 * emits events; here are the private methods that it asks for storage, and the few public ones that classic-level adds.
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: what the interface declares, abstract-level has.
export class StemeLevel<KDefault = string, VDefault = string> extends AbstractLevel<
  string | Buffer | Uint8Array,
  KDefault,
  VDefault
> {
  readonly location: string;
  #database: Database | undefined;
  #writeDefaults: WriteOptions = { sync: true };

  constructor(location: string, options?: DatabaseOptions<KDefault, VDefault>) {
    assertLocation(location);
    super(MANIFEST, options as AbstractDatabaseOptions<KDefault, VDefault>);
    this.location = location;
  }

  /**
   * Removes the database in `location`: its files and no others, where classic-level removes the emptied directory as well.
   * Errors: LEVEL_LOCKED, LEVEL_IO_ERROR.
   */
  static async destroy(location: string): Promise<void> {
    assertLocation(location);
    await destroyDatabase(realFileSystem, location).catch(throwLevelError);
  }

  /** The engine below, for what Level has no method for. Its keys are bytes, without encodings and prefixes. */
  get database(): Database {
    if (this.#database !== undefined) return this.#database;
    throw new LevelError('LEVEL_DATABASE_NOT_OPEN', 'Database is not open');
  }

  /** Bytes on disk of the keys in `[start, end)`, about. What is in memory only does not count. */
  async approximateSize<K = KDefault>(start: K, end: K, options?: StartEndOptions<K>): Promise<number> {
    await this.#opened();
    const range = this.#encodedRange(start, end, options);
    return this.database.approximateSize(range).catch(throwLevelError);
  }

  /** Compacts what holds the keys in `[start, end)`. */
  async compactRange<K = KDefault>(start: K, end: K, options?: StartEndOptions<K>): Promise<void> {
    await this.#opened();
    const range = this.#encodedRange(start, end, options);
    await this.database.compact(range).catch(throwLevelError);
  }

  /** `leveldb.num-files-at-level<N>`, `leveldb.approximate-memory-usage`, `stemedb.stats` (JSON); else an empty string. */
  getProperty(property: string): string {
    if (typeof property !== 'string') throw new TypeError("The first argument 'property' must be a string");
    return propertyOf(this.database, property);
  }

  /** How the engine is opened; a test hands in another world here. */
  protected openDatabase(location: string, options: Options): Promise<Database> {
    return open(location, options);
  }

  async _open(options: OpenOptions): Promise<void> {
    this.#writeDefaults = { sync: options.sync ?? true };
    this.#database = await this.openDatabase(this.location, toEngineOptions(options)).catch(throwLevelError);
  }

  /** Given up even if closing fails: then a second `close` is done at once, and the error was reported by the first. */
  async _close(): Promise<void> {
    const database = this.#database;
    this.#database = undefined;
    await database?.close().catch(throwLevelError);
  }

  async _get(key: BytesLike, options: FormatOptions): Promise<BytesLike | undefined> {
    const moment = LevelSnapshot.readOptions(options.snapshot);
    return formatted(await this.database.get(toEngineKey(key), moment).catch(throwLevelError), options);
  }

  _getSync(key: BytesLike, options: FormatOptions): BytesLike | undefined {
    const moment = LevelSnapshot.readOptions(options.snapshot);
    try {
      return formatted(this.database.getSync(toEngineKey(key), moment), options);
    } catch (error) {
      throw toLevelError(error);
    }
  }

  async _getMany(keys: readonly BytesLike[], options: FormatOptions): Promise<(BytesLike | undefined)[]> {
    const moment = LevelSnapshot.readOptions(options.snapshot);
    const values = await this.database.getMany(keys.map(toEngineKey), moment).catch(throwLevelError);
    return values.map((value) => formatted(value, options));
  }

  async _has(key: BytesLike, options: FormatOptions): Promise<boolean> {
    return this.database.has(toEngineKey(key), LevelSnapshot.readOptions(options.snapshot)).catch(throwLevelError);
  }

  /** All in one turn of the event loop, so at one moment. */
  async _hasMany(keys: readonly BytesLike[], options: FormatOptions): Promise<boolean[]> {
    const moment = LevelSnapshot.readOptions(options.snapshot);
    try {
      return keys.map((key) => this.database.hasSync(toEngineKey(key), moment));
    } catch (error) {
      throw toLevelError(error);
    }
  }

  _put(key: BytesLike, value: BytesLike, options: WriteOptions): Promise<void> {
    return this.database.put(toEngineKey(key), value, this.#writeOptions(options)).catch(throwLevelError);
  }

  _del(key: BytesLike, options: WriteOptions): Promise<void> {
    return this.database.del(toEngineKey(key), this.#writeOptions(options)).catch(throwLevelError);
  }

  _batch(operations: readonly EncodedOperation[], options: WriteOptions): Promise<void> {
    return this.database.batch(operations.map(engineOperation), this.#writeOptions(options)).catch(throwLevelError);
  }

  _clear(options: LevelRange & WriteOptions): Promise<void> {
    return clearRange(this.database, options, this.#writeOptions(options)).catch(throwLevelError);
  }

  _iterator(options: ScanOptions): LevelIterator {
    return new LevelIterator(this, this.database, options);
  }

  _keys(options: ScanOptions): LevelKeyIterator {
    return new LevelKeyIterator(this, this.database, options);
  }

  _values(options: ScanOptions): LevelValueIterator {
    return new LevelValueIterator(this, this.database, options);
  }

  _snapshot(options: SnapshotOptions): LevelSnapshot {
    return new LevelSnapshot(this.database.snapshot(), options);
  }

  #writeOptions({ sync, ttlMs, signal, maxDelayMs }: WriteOptions): WriteOptions {
    if (sync === undefined && ttlMs === undefined && signal === undefined && maxDelayMs === undefined) {
      return this.#writeDefaults;
    }
    return { sync: sync ?? this.#writeDefaults.sync, ttlMs, signal, maxDelayMs };
  }

  async #opened(): Promise<void> {
    if (this.status === 'opening') await this.deferAsync(() => Promise.resolve());
  }

  #encodedRange<K>(start: K, end: K, options: StartEndOptions<K> | undefined): { gte: Uint8Array; lt: Uint8Array } {
    const encoding = this.keyEncoding<K, K>(options?.keyEncoding as Transcoder.MixedEncoding<K, unknown, K>);
    return { gte: toEngineKey(encoding.encode(start)), lt: toEngineKey(encoding.encode(end)) };
  }
}

function assertLocation(location: string): void {
  if (typeof location === 'string' && location !== '') return;
  throw new TypeError("The first argument 'location' must be a non-empty string");
}

function formatted(value: Buffer | undefined, { valueEncoding }: FormatOptions): BytesLike | undefined {
  return value === undefined || valueEncoding !== 'utf8' ? value : value.toString('utf8');
}

function engineOperation({ type, key, value, ttlMs }: EncodedOperation): EngineOperation {
  if (type === 'del') return { type, key: toEngineKey(key) };
  return { type, key: toEngineKey(key), value, ttlMs };
}
