/**
 * What runs in workers, as plain data both ways (law 12: a worker never decides). A job reads immutable memory and files,
 * writes new files, and answers with their metadata; nothing of it exists for the database until the opening thread has
 * put it into the manifest. A job that fails removes what it wrote.
 */
import type { ErrorData } from '../base/errors.js';
import type { MemtableShare } from '../memtable/memtable.js';
import type { TableMetadata } from '../table/table-metadata.js';

/** How new tables are to be written. */
export interface TableSettings {
  readonly directory: string;
  readonly blockBytes: number;
  readonly bloomBitsPerKey: number;
  readonly compression: 'lz4' | 'none';
  readonly createdAtMs: number;
}

/** Writes one sealed memtable to one table, all versions. */
export interface FlushJob {
  readonly kind: 'flush';
  readonly memtable: MemtableShare;
  readonly number: number;
  readonly settings: TableSettings;
}

/** Merges tables (newest first where keys overlap) into new ones, dropping versions that nobody can see. */
export interface CompactionJob {
  readonly kind: 'compaction';
  readonly inputs: readonly TableMetadata[];
  /** Of two versions at or below it, only the newer can be seen. */
  readonly oldestSequence: number;
  /** No older version of any key lies in tables outside the inputs: tombstones may go. */
  readonly isBottom: boolean;
  /** Numbers for the outputs: as many as could be needed. */
  readonly numbers: readonly number[];
  readonly tableBytesTarget: number;
  readonly readMode: 'mmap' | 'pread';
  readonly settings: TableSettings;
}

export type Job = FlushJob | CompactionJob;

export interface JobOutput {
  readonly tables: readonly TableMetadata[];
  readonly elapsedMs: number;
}

export type JobReply = { readonly output: JobOutput } | { readonly error: ErrorData };

export interface JobRunner {
  /** Throws what the job threw, as a StemeError. */
  run(job: Job): Promise<JobOutput>;
  close(): Promise<void>;
}
