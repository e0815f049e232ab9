/** Keys and values as users hand them in; a string is its UTF-8 bytes. */
export type BytesLike = Uint8Array | string;

export interface WriteOptions {
  /**
   * `true` (default): the promise resolves when the write is durable (law 1). `false`: when the operating system has
   * the bytes; that survives a killed process, not a lost machine. `db.sync()` makes all earlier writes durable.
   */
  readonly sync?: boolean;
}

export type BatchOperation =
  | { readonly type: 'put'; readonly key: BytesLike; readonly value: BytesLike }
  | { readonly type: 'del'; readonly key: BytesLike };

export interface IteratorOptions {
  readonly gt?: BytesLike;
  readonly gte?: BytesLike;
  readonly lt?: BytesLike;
  readonly lte?: BytesLike;
  /** Descending order. Default `false`. */
  readonly reverse?: boolean;
  /** How many entries at most. Default: all. */
  readonly limit?: number;
  /** `false` leaves keys out: every entry's key is empty. Default `true`. */
  readonly keys?: boolean;
  /** `false` leaves values out: every entry's value is empty. Default `true`. */
  readonly values?: boolean;
}

export type Entry = [key: Buffer, value: Buffer];

/** Reads one moment of the database, fixed when it was made. Close it: it holds files (law 4). */
export interface EntryIterator extends AsyncIterableIterator<Entry> {
  /** The next entry, as the async-iterator protocol has it. */
  next(): Promise<IteratorResult<Entry>>;
  /** Up to `count` next entries; an empty array at the end. The fastest way to scan. */
  nextv(count: number): Promise<Entry[]>;
  /** Moves to the first entry at or after `key` (at or before it in reverse), within the bounds. */
  seek(key: BytesLike): void;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface Database {
  readonly directory: string;
  /** All writes of one log batch share one promise. Errors: STEME_INVALID_KEY, STEME_INVALID_VALUE, STEME_CLOSED, STEME_READ_ONLY, STEME_BACKGROUND, STEME_BUSY. */
  put(key: BytesLike, value: BytesLike, options?: WriteOptions): Promise<void>;
  del(key: BytesLike, options?: WriteOptions): Promise<void>;
  /** All operations or none, whatever crashes. */
  batch(operations: readonly BatchOperation[], options?: WriteOptions): Promise<void>;
  get(key: BytesLike): Promise<Buffer | undefined>;
  /** Like `get`, on the calling thread: about a microsecond when the data is in memory, a disk read when it is not. */
  getSync(key: BytesLike): Buffer | undefined;
  /** One result a key, in order, all read at one moment. */
  getMany(keys: readonly BytesLike[]): Promise<(Buffer | undefined)[]>;
  iterator(options?: IteratorOptions): EntryIterator;
  /** Makes every earlier write durable. */
  sync(): Promise<void>;
  /** Writes the memtable to a table and waits for it. */
  flush(): Promise<void>;
  /** Merges all tables into one sorted run, dropping what is shadowed or deleted. */
  compact(): Promise<void>;
  stats(): DatabaseStats;
  /** Drains writes, ends iterators, releases the directory. Safe to call twice. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface LatencySummary {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface LevelStats {
  readonly level: number;
  readonly fileCount: number;
  readonly storedBytes: number;
  readonly rawBytes: number;
  readonly entryCount: number;
  readonly tombstoneCount: number;
}

/** Plain data, safe to print as JSON. Counters count from this open. */
export interface DatabaseStats {
  readonly directory: string;
  readonly readOnly: boolean;
  /** Set once an I/O failure turned the database read-only. */
  readonly backgroundError: string | undefined;
  readonly sequence: { readonly last: number; readonly visible: number };
  readonly writes: { readonly records: number; readonly batches: number; readonly userBytes: number };
  readonly wal: {
    readonly syncMode: 'direct' | 'fdatasync';
    /** Why `direct` was not taken, when it was not. */
    readonly syncModeReason: string;
    readonly writtenBytes: number;
    readonly writes: number;
    readonly syncs: number;
    readonly syncLatency: LatencySummary;
    /** Age of the oldest write that has been taken but not acknowledged; 0 when there is none. */
    readonly lagMs: number;
    readonly segmentCount: number;
  };
  readonly memtables: { readonly activeBytes: number; readonly sealedCount: number; readonly capacityBytes: number };
  /** One row a level, L0 to L6, empty levels too. */
  readonly levels: readonly LevelStats[];
  readonly blockCache: {
    readonly capacityBytes: number;
    readonly usedBytes: number;
    readonly hits: number;
    readonly misses: number;
  };
  readonly flushes: { readonly count: number; readonly storedBytes: number; readonly totalMs: number };
  readonly compactions: { readonly count: number; readonly storedBytes: number; readonly totalMs: number };
  readonly stalls: { readonly count: number; readonly totalMs: number; readonly cause: string | undefined };
  readonly recovery: {
    readonly totalMs: number;
    readonly replayedRecords: number;
    readonly replayedBytes: number;
    readonly segmentCount: number;
    /** Where an unacknowledged tail was dropped, if one was. */
    readonly tornTail: { readonly file: string; readonly offsetBytes: number } | undefined;
  };
  readonly readMode: 'mmap' | 'pread';
}
