/**
 * What runs in workers, as plain data both ways (law 12: a worker never decides). A job reads immutable memory and files,
 * writes new files, and answers with their metadata; nothing of it exists for the database until the opening thread has
 * put it into the manifest. A job that fails removes what it wrote.
 */
import type { Damage, ErrorData } from '../base/errors.js';
import type { BlobMetadata } from '../blob/blob-metadata.js';
import type { MemtableFill, MemtableShare } from '../memtable/memtable.js';
import type { KeyRange } from '../read/key-range.js';
import type { TableIdentity, TableMetadata } from '../table/table-metadata.js';
import type { LogStretch } from '../wal/log-stretch.js';
import type { CheckedBlob } from './blob-values.js';
import type { BulkChunk } from './bulk-chunk.js';

/** How new tables are to be written. */
export interface TableSettings {
  readonly directory: string;
  /** Put down in every file, so that one of another database does not pass for it. */
  readonly databaseId?: number;
  readonly blockBytes: number;
  readonly bloomBitsPerKey: number;
  readonly compression: 'lz4' | 'none';
  readonly createdAtMs: number;
  /** New files are read back and checked before the job answers; what is not as it was written fails it. */
  readonly verifiesOutputs?: boolean;
}

/** Where values of at least `thresholdBytes` go; without it they stay in the tables. */
export interface BlobSettings {
  readonly thresholdBytes: number;
  /** Numbers for new blob files: as many as could be needed. */
  readonly numbers: readonly number[];
  /** A new file is started once one has this size. */
  readonly fileBytesTarget: number;
}

/** Writes one sealed memtable to one table, all versions. */
export interface FlushJob {
  readonly kind: 'flush';
  readonly memtable: MemtableShare;
  /**
   * Ascending: the sequences that readers look at, and last the one that new readers do. Of two range deletes over a key with
   * none of them between, only the newer is kept; those above the last are all kept.
   */
  readonly moments: readonly number[];
  readonly number: number;
  readonly settings: TableSettings;
  readonly blobs?: BlobSettings;
}

/** A table that an output should not reach into too far: the next compaction would have to read it with the output. */
export interface Grandparent extends KeyRange {
  readonly fileBytes: number;
}

/** Half-open; a bound that is left out is no bound. */
export interface KeyBounds {
  readonly start?: Uint8Array;
  readonly end?: Uint8Array;
}

/** Merges tables into new ones for one level, dropping versions that nobody can see. */
export interface CompactionJob {
  readonly kind: 'compaction';
  readonly inputs: readonly TableMetadata[];
  readonly outputLevel: number;
  /** The part of the key space that this job merges; range deletes are cut there. */
  readonly bounds: KeyBounds;
  /**
   * Sequences that readers look at, ascending. Of two versions of a key with none of them between (at or above the older, below
   * the newer), only the newer can be seen.
   */
  readonly snapshots: readonly number[];
  /** What expires at or before it is seen by nobody: every open reader has a later clock. */
  readonly expiryCutoffMs: number;
  /**
   * Where tables that are older than the inputs have keys, coalesced and in order: below the output level, and for a merge within
   * L0 in L0 too. Only outside of it may tombstones go.
   */
  readonly deeperRanges: readonly KeyRange[];
  /** Tables of the level below the output level, in order. */
  readonly grandparents: readonly Grandparent[];
  /** An output ends before it overlaps more than this of the grandparents. */
  readonly grandparentBytesMax: number;
  /** Numbers for the outputs: as many as could be needed. */
  readonly numbers: readonly number[];
  readonly tableBytesTarget: number;
  readonly readMode: 'mmap' | 'pread';
  readonly settings: TableSettings;
  /** Keys and values merged in a second, at most; 0 or nothing for no limit. */
  readonly bytesPerSecondMax?: number;
  readonly blobs?: BlobSettings;
  /** Values in these blob files are written anew, so that the files can go. */
  readonly rewrittenBlobs?: readonly BlobMetadata[];
}

/** Writes sorted entries, which the user hands in, to one table; all have sequence 0 there. */
export interface BulkLoadJob {
  readonly kind: 'bulk-load';
  readonly chunk: BulkChunk;
  /** Of the one table. */
  readonly numbers: readonly number[];
  readonly settings: TableSettings;
  readonly blobs?: BlobSettings;
}

/** Fills a memtable from the log. It writes no file. */
export interface ReplayJob {
  readonly kind: 'replay';
  readonly directory: string;
  /** Of records that were found whole, in the order of the log. */
  readonly stretches: readonly LogStretch[];
  /** Operations up to it are left out. */
  readonly afterSequence: number;
  /** Nobody reads it yet; what it holds is overwritten. */
  readonly memtable: MemtableShare;
}

export interface ReplayOutput {
  readonly fill: MemtableFill;
  /** The last one in the memtable; what comes after it is in `rest`. */
  readonly lastSequence: number;
  /** What found no room, from the record with the first such operation on. */
  readonly rest: readonly LogStretch[];
  readonly elapsedMs: number;
}

/** Reads a table and the values in blob files that it refers to, and says what is not as it was written. Writes nothing. */
export interface VerifyTableJob {
  readonly kind: 'verify-table';
  readonly directory: string;
  readonly table: TableIdentity;
  /** What the manifest says of the table; without it there is nothing to compare with. */
  readonly metadata?: TableMetadata;
  /** What the manifest says of blob files: values in no others are read. Without it all are. */
  readonly blobs?: readonly BlobMetadata[];
  readonly readMode: 'mmap' | 'pread';
  /** Bytes read in a second, at most; 0 or nothing for no limit. */
  readonly bytesPerSecondMax?: number;
  /** The word of a JobControl. */
  readonly control?: Int32Array;
}

/** What a verification found. */
export interface TableVerdict {
  readonly entryCount: number;
  /** In the order in which they were met, at most VERIFY_DAMAGES_MAX of them. */
  readonly damages: readonly Damage[];
  /** Damages that are not among these. */
  readonly omittedCount: number;
  readonly blobs: readonly CheckedBlob[];
  /** Of the table and of blob files, as stored. */
  readonly readBytes: number;
}

/** Makes new files for the tree. */
export type Job = FlushJob | CompactionJob | BulkLoadJob;

/** All that a worker runs. */
export type WorkerJob = Job | ReplayJob | VerifyTableJob;

/** The new files of a job, by what the manifest will know of them, and what it took. */
export interface JobFiles {
  readonly tables: readonly TableMetadata[];
  readonly blobs: readonly BlobMetadata[];
  /** Stored bytes of the blocks that were read. */
  readonly readBytes: number;
}

export interface JobOutput extends JobFiles {
  /** Of the new files. */
  readonly writtenBytes: number;
  readonly elapsedMs: number;
}

/** What a job answers with goes by its kind. */
export type OutputOf<J extends WorkerJob> = J extends ReplayJob
  ? ReplayOutput
  : J extends VerifyTableJob
    ? TableVerdict
    : JobOutput;

export type JobReply = { readonly output: OutputOf<WorkerJob> } | { readonly error: ErrorData };

export interface JobRunner {
  /** Throws what the job threw, as a StemeError. */
  run<J extends WorkerJob>(job: J): Promise<OutputOf<J>>;
  /** Replays are about to come: threads that have to start for them may start now. */
  beginReplay?(): void;
  /** There will be no more replays: their threads may go. */
  endReplay?(): void;
  /** Of the threads that jobs run in, as `node:worker_threads` numbers them. A runner without threads of its own has no such method. */
  threadIds?(): readonly number[];
  close(): Promise<void>;
}
