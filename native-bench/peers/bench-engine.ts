export const ENGINE_NAMES = [
  'stemedb',
  'classic-level',
  'classic-level-grouped',
  'lmdb',
  'rocksdb-native',
  'better-sqlite3',
] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

/** The same for every engine that has a cache of its own: enough for a million records of 16 + 100 bytes, so that hot ones are. */
export const CACHE_BYTES = 256 * 1024 * 1024;

export interface ScanOptions {
  readonly isReverse?: boolean;
  /** The first key of the scan, or the last one backwards. Default: the end of all keys. */
  readonly from?: Buffer;
  /** Default: all. */
  readonly rowsMax?: number;
  /** Is given each row. Without it rows are made all the same, and nobody looks at them. */
  readonly onRow?: (key: Buffer, value: Buffer) => void;
}

/**
 * What workloads ask of an engine. Each adapter answers in the fastest honest idiom of its engine: keys and values are handed out as
 * buffers that the caller may keep, and what is called durable has been synced. What an engine has no idiom for is left out, and no
 * row is printed for it.
 */
export interface BenchEngine {
  /** Records as `keys[i * KEY_BYTES, …)` and `values[i]`, atomically, without waiting for the disk. */
  writeBatch(keys: Buffer, values: readonly Buffer[]): Promise<void>;
  /** Waits until all that was written is safe on disk. */
  makeDurable(): Promise<void>;
  /** One record, without waiting for the disk. */
  put(key: Buffer, value: Buffer): Promise<void>;
  /** Resolves once the record is safe on disk. */
  putDurable(key: Buffer, value: Buffer): Promise<void>;
  get(key: Buffer): Promise<Buffer | undefined>;
  getSync?(key: Buffer): Buffer | undefined;
  getMany(keys: readonly Buffer[]): Promise<readonly (Buffer | undefined)[]>;
  /** Hands out keys and values in order, as many at a time as is fastest; returns how many rows there were. */
  scan(options: ScanOptions): Promise<number>;
  /** The same by `for await`, row by row; undefined for an engine without it. */
  scanByRow?(): Promise<number>;
  /** Merges everything into one sorted run, where the engine knows such a thing. */
  compact(): Promise<void>;
  close(): Promise<void>;
  /** Counters worth keeping with the results, units last. */
  counters(): Readonly<Record<string, number>>;
}

/** What a workload may ask for when it opens an engine; one that cannot be told keeps its default. */
export interface OpenSettings {
  /** How much of what was written may be in memory and the log alone, before a table is made of it. */
  readonly writeBufferBytes?: number;
}

/** Opens an engine in a directory, new or with what an earlier opening has left. */
export type OpenEngine = (directory: string, settings?: OpenSettings) => Promise<BenchEngine>;
