/** Options and results by the names that classic-level gives them, with what the engine has on top. */
import type {
  AbstractBatchOperation,
  AbstractBatchOptions,
  AbstractChainedBatch,
  AbstractChainedBatchWriteOptions,
  AbstractClearOptions,
  AbstractDatabaseOptions,
  AbstractDelOptions,
  AbstractGetManyOptions,
  AbstractGetOptions,
  AbstractHasManyOptions,
  AbstractHasOptions,
  AbstractIterator,
  AbstractIteratorOptions,
  AbstractKeyIterator,
  AbstractKeyIteratorOptions,
  AbstractOpenOptions,
  AbstractPutOptions,
  AbstractSnapshot,
  AbstractValueIterator,
  AbstractValueIteratorOptions,
  Transcoder,
} from 'abstract-level';
import type { WriteOptions } from '../engine/api.js';
import type { Options } from '../engine/options.js';

/** Of reads of single keys. */
interface ReadOptions {
  /** Taken for the sake of classic-level, without effect: a block that is read for a key goes through the cache. */
  readonly fillCache?: boolean | undefined;
}

/** Of iterators. */
interface ScanOptions {
  /** `false` keeps what the scan has to read out of the block cache. Default `true`, where classic-level has `false`. */
  readonly fillCache?: boolean | undefined;
  /** Taken for the sake of classic-level, without effect: an iterator holds no more than what it is asked for. */
  readonly highWaterMarkBytes?: number | undefined;
}

/** Options of classic-level that have a counterpart here; where both are given, the engine's own counts. */
export interface ClassicOptions {
  /** `blockCacheBytes` */
  readonly cacheSize?: number | undefined;
  /** `memtableBytes`, within its bounds */
  readonly writeBufferSize?: number | undefined;
  /** `blockBytes`, within its bounds */
  readonly blockSize?: number | undefined;
  /** Without effect: the engine has its own limit of open tables. */
  readonly maxOpenFiles?: number | undefined;
  /** Without effect. */
  readonly blockRestartInterval?: number | undefined;
  /** Without effect: the engine chooses the size of its tables. */
  readonly maxFileSize?: number | undefined;
  /** Refused when `true`: one thread owns a database. */
  readonly multithreading?: boolean | undefined;
}

/** Options of the engine, those of classic-level, and the default of `sync`. */
interface LevelOptions extends Omit<Options, 'compression'>, ClassicOptions {
  /** `true` and `'lz4'` (default), or `false` and `'none'`. */
  readonly compression?: boolean | 'lz4' | 'none' | undefined;
  /** What `sync` is for writes that do not say. `true` (default): durable. classic-level's way is `false`. */
  readonly sync?: boolean | undefined;
}

export type OpenOptions = AbstractOpenOptions & LevelOptions;
export type DatabaseOptions<K, V> = AbstractDatabaseOptions<K, V> & LevelOptions;

export type GetOptions<K, V> = AbstractGetOptions<K, V> & ReadOptions;
export type GetManyOptions<K, V> = AbstractGetManyOptions<K, V> & ReadOptions;
export type HasOptions<K> = AbstractHasOptions<K> & ReadOptions;
export type HasManyOptions<K> = AbstractHasManyOptions<K> & ReadOptions;
/** `ttlMs`: the entry is gone after so many milliseconds. `sync`, `signal`, `maxDelayMs`: as of the engine. */
export type PutOptions<K, V> = AbstractPutOptions<K, V> & WriteOptions;
export type DelOptions<K> = AbstractDelOptions<K> & WriteOptions;
export type BatchOptions<K, V> = AbstractBatchOptions<K, V> & WriteOptions;
/** A put may have a `ttlMs` of its own. */
export type BatchOperation<TDatabase, K, V> = AbstractBatchOperation<TDatabase, K, V> & Pick<WriteOptions, 'ttlMs'>;
export type ClearOptions<K> = AbstractClearOptions<K> & Pick<WriteOptions, 'sync'>;
export type ChainedBatchWriteOptions = AbstractChainedBatchWriteOptions & WriteOptions;

export interface ChainedBatch<TDatabase, KDefault, VDefault>
  extends AbstractChainedBatch<TDatabase, KDefault, VDefault> {
  write(): Promise<void>;
  write(options: ChainedBatchWriteOptions): Promise<void>;
}

export type Iterator<TDatabase, K, V> = AbstractIterator<TDatabase, K, V>;
export type KeyIterator<TDatabase, K> = AbstractKeyIterator<TDatabase, K>;
export type ValueIterator<TDatabase, K, V> = AbstractValueIterator<TDatabase, K, V>;
export type IteratorOptions<K, V> = AbstractIteratorOptions<K, V> & ScanOptions;
export type KeyIteratorOptions<K> = AbstractKeyIteratorOptions<K> & ScanOptions;
export type ValueIteratorOptions<K, V> = AbstractValueIteratorOptions<K, V> & ScanOptions;
export type Snapshot = AbstractSnapshot;

/** Of `approximateSize` and `compactRange`. */
export interface StartEndOptions<K> {
  /** Encodes `start` and `end` in place of the database's key encoding. */
  readonly keyEncoding?: string | Transcoder.PartialEncoder<K> | undefined;
}
