import type { Finding } from './finding.js';
import type { IngestOptions, IngestOutcome, IngestPipeline, IngestSource } from './ingest/ingest-api.js';
import type { Quarantine } from './quarantine/quarantine-api.js';

/** Keys and values as users hand them in; a string is its UTF-8 bytes. */
export type BytesLike = Uint8Array | string;

export interface WriteOptions {
  /**
   * `true` (default): the promise resolves when the write is durable (law 1). `false`: when the operating system has
   * the bytes; that survives a killed process, not a lost machine. `db.sync()` makes all earlier writes durable.
   */
  readonly sync?: boolean;
  /**
   * What is put can be read for so long, in whole milliseconds from 1 to a hundred years. Default: the database's `ttlMs`. Only
   * for puts: a batch gives it to each of its puts that has none of its own.
   */
  readonly ttlMs?: number;
  /** Aborted before the write got in: STEME_ABORTED, and it is never written. A write that is in is not taken back. */
  readonly signal?: AbortSignal;
  /** How long the write may wait to get in while writers are slowed or stopped (`stats().stalls`); then STEME_BUSY. Default: no limit. */
  readonly maxDelayMs?: number;
}

export type BatchOperation =
  | { readonly type: 'put'; readonly key: BytesLike; readonly value: BytesLike; readonly ttlMs?: number }
  | { readonly type: 'del'; readonly key: BytesLike }
  /** Every key from `gte` up to, not including, `lt`. */
  | { readonly type: 'delRange'; readonly gte: BytesLike; readonly lt: BytesLike };

/** One moment of the database, for as many reads as wanted. It holds no files, but compactions keep what it sees: close it. */
export interface Snapshot {
  readonly sequence: number;
  /** Milliseconds since 1970; what had expired by then is not seen. */
  readonly createdAtMs: number;
  readonly isClosed: boolean;
  /** Safe to call twice. */
  close(): void;
  [Symbol.dispose](): void;
}

export interface TransactionOptions {
  /** As of a write. */
  readonly sync?: boolean;
  readonly signal?: AbortSignal;
  readonly maxDelayMs?: number;
  /** So many times the callback is run again after a conflict, with a pause that grows. Default 0: STEME_CONFLICT is thrown. */
  readonly retries?: number;
  /** Each run is ended with STEME_TRANSACTION_CLOSED after so long. Default: the database's `transactionTimeoutMs`. */
  readonly timeoutMs?: number;
}

/**
 * Reads one moment, and its own writes on top; writes nothing before its callback has returned. Then all of it is written as one
 * batch, unless another write has changed a key or a range that it has read: so the outcome is as if transactions had run one after
 * another (serializable). Good until the callback ends: later use throws STEME_TRANSACTION_CLOSED.
 */
export interface Transaction {
  get(key: BytesLike, options?: ReadOptions): Promise<Buffer | undefined>;
  getSync(key: BytesLike): Buffer | undefined;
  getMany(keys: readonly BytesLike[]): Promise<(Buffer | undefined)[]>;
  has(key: BytesLike): Promise<boolean>;
  hasSync(key: BytesLike): boolean;
  /** Sees the transaction's writes up to here, not those made while it is open. What it has covered counts as read. */
  iterator(options?: IteratorOptions): EntryIterator;
  put(key: BytesLike, value: BytesLike, options?: { readonly ttlMs?: number }): void;
  del(key: BytesLike): void;
  deleteRange(gte: BytesLike, lt: BytesLike): void;
}

export interface ReadOptions {
  /** Reads that moment. Default: the present. Errors: STEME_CLOSED, and STEME_INVALID_OPTION for one of another database. */
  readonly snapshot?: Snapshot;
}

export interface IteratorOptions extends ReadOptions {
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
  /** `false` keeps what the scan has to read out of the block cache. Default `true`. */
  readonly fillCache?: boolean;
  /** Aborted: the iterator closes, and every later call fails with STEME_ABORTED, the signal's reason being the cause. */
  readonly signal?: AbortSignal;
}

export type Entry = [key: Buffer, value: Buffer];

/**
 * Reads one moment of the database, fixed when it was made. Close it: it holds files (law 4). A `for await` loop over it does so
 * when it is over, in whatever way. One that is lost is closed when it is collected, with a warning (STEME_LEAK).
 */
export interface EntryIterator extends AsyncIterable<Entry> {
  /** The next entry, as the async-iterator protocol has it. */
  next(): Promise<IteratorResult<Entry>>;
  /** Up to `count` next entries; an empty array at the end. The fastest way to scan. */
  nextv(count: number): Promise<Entry[]>;
  /** The same on the calling thread, however long that takes. */
  nextvSync(count: number): Entry[];
  /** Moves to the first entry at or after `key` (at or before it in reverse), within the bounds. */
  seek(key: BytesLike): void;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Half-open; a bound that is left out is no bound. */
export interface KeySpan {
  readonly gte?: BytesLike;
  readonly lt?: BytesLike;
}

/** An immutable file of a database: a table or large values. */
export interface CheckpointFile {
  /** Within its directory: `000012.sst`, or `quarantine/acme/000001.segment` with a slash on every system. */
  readonly name: string;
  readonly path: string;
  readonly fileBytes: number;
}

export interface CheckpointOptions {
  readonly signal?: AbortSignal;
  /** Bytes of the files that are in place, of all there are: what the quarantine has is looked at tenant by tenant, and comes to it then. */
  readonly onProgress?: (progress: { readonly bytes: number; readonly totalBytes: number }) => void;
  /**
   * Takes each file that never changes, a table, a blob file or a segment of the quarantine, in place of a link or copy in the
   * checkpoint, into a store that several checkpoints share for instance. One at a time. The file stays as it is until the promise resolves. The directory is a database only with these files in it.
   */
  readonly placeFile?: (file: CheckpointFile, signal: AbortSignal) => Promise<void>;
}

export interface CheckpointResult {
  readonly directory: string;
  /** Every write up to it is in the checkpoint, and none after it. */
  readonly sequence: number;
  /** Tables, blob files and segments of the quarantine, and their sizes together. */
  readonly fileCount: number;
  readonly bytes: number;
  /** Of these, what had to be copied since no link was to be had, or since it is still written. */
  readonly copiedBytes: number;
}

export type BulkLoadEntry = readonly [key: BytesLike, value: BytesLike];
export type BulkLoadSource = Iterable<BulkLoadEntry> | AsyncIterable<BulkLoadEntry>;

export interface BulkLoadOptions {
  /** Ends the load: nothing of it is there then. */
  readonly signal?: AbortSignal;
  /** As of a put, for every entry; counted from the call. Default: the database's `ttlMs`. */
  readonly ttlMs?: number;
  /** Called for each table, with what is on its way into tables by then. */
  readonly onProgress?: (progress: { readonly entries: number; readonly bytes: number }) => void;
}

export interface BulkLoadResult {
  readonly entries: number;
  /** Keys and values. */
  readonly bytes: number;
  readonly tables: number;
  /** Where the tables are; undefined if there were no entries. */
  readonly level: number | undefined;
}

export interface ProfileOptions {
  /** How long, 0.01 to 3600. Default 10. */
  readonly seconds?: number;
  /** `'cpu'` (default): where time goes; `'alloc'`: where JavaScript allocates memory. */
  readonly kind?: 'cpu' | 'alloc';
  readonly signal?: AbortSignal;
}

/** What one of the engine's threads did while it was profiled: microseconds, or bytes allocated. */
export interface ProfiledThread {
  /** `opening thread`, `worker 1`. */
  readonly name: string;
  readonly weight: number;
  /** Of time: how much beside it the thread waited for something to do. */
  readonly waitingWeight: number;
}

export interface ProfiledPhase {
  /** `commit`, `log sync`, `point read`, `scan`, `flush`, `compaction`, `replay`, `verify`, `bulk load`, …: docs/profiling.md lists them. */
  readonly phase: string;
  readonly weight: number;
}

export interface Profile {
  readonly kind: 'cpu' | 'alloc';
  readonly unit: 'us' | 'bytes';
  readonly threads: readonly ProfiledThread[];
  /** The most first. */
  readonly phases: readonly ProfiledPhase[];
  /** A flame graph as one file: write it to a `.svg`, and open that in a browser. */
  svg(): string;
  /** Plain data, for a file that `steme profile --diff` compares with another one. */
  toJSON(): object;
}

export interface Database {
  readonly directory: string;
  /** Records that were not accepted (docs/quarantine.md). */
  readonly quarantine: Quarantine;
  /** All writes of one log batch share one promise. Errors: STEME_INVALID_KEY, STEME_INVALID_VALUE, STEME_CLOSED, STEME_READ_ONLY, STEME_BACKGROUND, STEME_BUSY. */
  put(key: BytesLike, value: BytesLike, options?: WriteOptions): Promise<void>;
  del(key: BytesLike, options?: WriteOptions): Promise<void>;
  /** All operations or none, whatever crashes. */
  batch(operations: readonly BatchOperation[], options?: WriteOptions): Promise<void>;
  /**
   * Deletes every key from `gte` up to, not including, `lt`, however many there are, as one record. With equal bounds nothing is
   * written. Errors: STEME_INVALID_RANGE, else as of `put`.
   */
  deleteRange(gte: BytesLike, lt: BytesLike, options?: WriteOptions): Promise<void>;
  /**
   * Puts if the key has no value; resolves with whether it did. It compares with the last write before it in the order of writes,
   * acknowledged or not; what has expired is absent. When it resolves, what it was decided by can be read.
   */
  putIfAbsent(key: BytesLike, value: BytesLike, options?: WriteOptions): Promise<boolean>;
  /** Puts `value` (`undefined`: deletes) if the value is `expected` (`undefined`: absent), compared as `putIfAbsent` does. */
  compareAndSet(
    key: BytesLike,
    expected: BytesLike | undefined,
    value: BytesLike | undefined,
    options?: WriteOptions,
  ): Promise<boolean>;
  /**
   * Runs `work` and commits what it wrote; resolves with its result. If it throws, nothing is written. Errors: STEME_CONFLICT when
   * something it read was changed meanwhile, STEME_TRANSACTION_CLOSED when it takes too long, else as of `batch`.
   */
  transaction<T>(work: (transaction: Transaction) => T | Promise<T>, options?: TransactionOptions): Promise<T>;
  /** This moment, for reads with `{ snapshot }`. */
  snapshot(): Snapshot;
  get(key: BytesLike, options?: ReadOptions): Promise<Buffer | undefined>;
  /** Like `get`, on the calling thread: about a microsecond when the data is in memory, a disk read when it is not. */
  getSync(key: BytesLike, options?: ReadOptions): Buffer | undefined;
  /** One result a key, in order, all read at one moment. */
  getMany(keys: readonly BytesLike[], options?: ReadOptions): Promise<(Buffer | undefined)[]>;
  /** Whether the key has a value; a value in a blob file is not read for that. */
  has(key: BytesLike, options?: ReadOptions): Promise<boolean>;
  hasSync(key: BytesLike, options?: ReadOptions): boolean;
  iterator(options?: IteratorOptions): EntryIterator;
  /** Makes every earlier write durable. */
  sync(): Promise<void>;
  /** Writes the memtable to a table and waits for it. */
  flush(): Promise<void>;
  /** Merges what lies in the range, or everything, into one sorted run, dropping what is shadowed, deleted or expired. Errors: STEME_INVALID_RANGE. */
  compact(range?: KeySpan): Promise<void>;
  /**
   * Takes in all that a source gives, with back-pressure: what the pipeline accepts is stored in durable batches, the rest goes to the
   * quarantine with its reason. Errors: STEME_INVALID_OPTION, STEME_BUSY while a source of that name is taken in,
   * STEME_QUARANTINE_FULL, STEME_ABORTED, as of `batch`, and what the source throws; what came before is stored then.
   */
  ingest<Item, Parsed>(
    source: IngestSource<Item>,
    pipeline: IngestPipeline<Item, Parsed>,
    options?: IngestOptions,
  ): Promise<IngestOutcome>;
  /**
   * Puts entries that come sorted by key (bytes, ascending, each key once) straight into tables: no log, no memtable, no merge. All
   * of them or none, whatever crashes, and durable when it resolves. Readers see them from one moment on; what is written during
   * the load is older than all of it. Writers wait for a flush of what is in memory at its end. Takes as much memory
   * as two memtables. Errors: STEME_INVALID_BATCH for an entry that is out of order or none, STEME_INVALID_KEY, STEME_INVALID_VALUE
   * (each names the entry's position), STEME_ABORTED, STEME_READ_ONLY, STEME_IO, STEME_BACKGROUND; and what the source throws.
   */
  bulkLoad(source: BulkLoadSource, options?: BulkLoadOptions): Promise<BulkLoadResult>;
  /**
   * Makes a database of this moment in `directory`, which must be empty or not there: everything that was written before the
   * call is in it, and of what is written while it is made every write up to some moment. It takes no room where files can have a second name (hard links). Writes go on meanwhile. Errors:
   * STEME_EXISTS, STEME_LOCKED, STEME_ABORTED, STEME_IO, STEME_BACKGROUND; STEME_READ_ONLY for a database that was opened
   * with `readOnly` and has records in its log.
   */
  checkpoint(directory: string, options?: CheckpointOptions): Promise<CheckpointResult>;
  /**
   * About how many bytes the range takes on disk, and what is in memory of it: older versions and deletes included, of keys and
   * values in memory their length. Reads indexes only. Right to a block for each table that the range cuts (about 4 KiB), so of little
   * meaning for a few entries. Errors: STEME_INVALID_RANGE.
   */
  approximateSize(range?: KeySpan): Promise<number>;
  /**
   * Ends the read-only state that a full disk has brought about in the log or the manifest, without reopening: all that was
   * acknowledged is there, and a write that was refused was never made. At once when there is no such state. Errors: STEME_BACKGROUND
   * while there is still no room, and after any other failure: then reopen the database.
   */
  resume(): Promise<void>;
  /**
   * Profiles all threads that the engine uses, the calling one and the workers, with V8's own profiler, which costs some percent. The
   * program's own code on the calling thread is in it too. Makes the graph when it is asked for it. Errors: STEME_INVALID_OPTION,
   * STEME_ABORTED, STEME_CLOSED when the database is closed meanwhile, STEME_PROFILER.
   */
  profile(options?: ProfileOptions): Promise<Profile>;
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
  /** Set once an I/O failure turned the database read-only, until `resume` succeeds. */
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
  readonly blobs: {
    readonly fileCount: number;
    readonly storedBytes: number;
    /** Of all values in the files, before compression. */
    readonly valueBytes: number;
    /** Of those that nothing refers to any more: compactions give their room back. */
    readonly garbageBytes: number;
  };
  readonly blockCache: {
    readonly capacityBytes: number;
    readonly usedBytes: number;
    readonly hits: number;
    readonly misses: number;
  };
  readonly rowCache: {
    readonly capacityBytes: number;
    readonly usedBytes: number;
    readonly rowCount: number;
    readonly hits: number;
    readonly misses: number;
  };
  /** Point reads that a table's filter let through and that found nothing there. */
  readonly filters: { readonly falsePositives: number };
  readonly flushes: { readonly count: number; readonly storedBytes: number; readonly totalMs: number };
  readonly compactions: {
    /** Merges that came to their end. */
    readonly count: number;
    /** Tables that went to another level as they were. */
    readonly movedTableCount: number;
    /** Tables that went away without being read, since nobody could see anything in them. */
    readonly droppedTableCount: number;
    readonly readBytes: number;
    readonly storedBytes: number;
    readonly totalMs: number;
    readonly runningCount: number;
    /** What has yet to be read and written until every level is within its target. */
    readonly debtBytes: number;
  };
  /** How often and how long writers were slowed or stopped; the rest is about now, if they are. */
  readonly stalls: {
    readonly count: number;
    readonly totalMs: number;
    readonly cause: string | undefined;
    /** What compactions still have to write before the tree is in shape. */
    readonly debtBytes: number;
    /** Until the cause is gone, by the pace of the last compactions; undefined when that is not known. */
    readonly estimateMs: number | undefined;
  };
  /** The background verification; all of it since this open. */
  readonly scrub: {
    /** 0: off, as with `readOnly`. */
    readonly periodHours: number;
    /** Tables, each with the values in blob files that it refers to. */
    readonly checkedFiles: number;
    readonly checkedBytes: number;
    /** Names of tables and blob files in use that are not as they were written: restore them from a backup. */
    readonly damagedFiles: readonly string[];
    /** How often every table was read, and how long the last time took. */
    readonly passCount: number;
    readonly lastPassMs: number | undefined;
  };
  readonly snapshots: { readonly open: number; readonly oldestAgeMs: number };
  readonly iterators: { readonly open: number; readonly oldestAgeMs: number };
  readonly recovery: {
    readonly totalMs: number;
    readonly replayedRecords: number;
    readonly replayedBytes: number;
    readonly segmentCount: number;
    /** Where an unacknowledged tail was dropped, if one was. */
    readonly tornTail: { readonly file: string; readonly offsetBytes: number } | undefined;
    /** What was damaged and is read around, or was left out of the log; empty but for opens that were asked to do so. */
    readonly damage: readonly Finding[];
    /** Of `totalMs`, what the replay of the log took; 0 where there was nothing to replay. */
    readonly lastMs: number;
    /** What the replay would take if the process were killed now. It stays below `maxRecoverySeconds`. */
    readonly predictedMs: number;
    /** Log that would be replayed. */
    readonly liveLogBytes: number;
    /** As the last replay of some size was timed; before any was, a low guess. */
    readonly replayBytesPerSecond: number;
  };
  readonly readMode: 'mmap' | 'pread';
}
