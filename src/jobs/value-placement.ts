import type { BlobMetadata } from '../blob/blob-metadata.js';
import type { FileSystem } from '../fs/file-system.js';
import type { Job } from './job.js';

/** Where the use of a value in a blob file is put down: the table that will hold the reference. */
export interface BlobUseSink {
  noteBlobUse(number: number, valueBytes: number): void;
}

/** A version as it is to be written: its kind, and where its stored value lies until the next one is placed. */
export interface PlacedValue {
  kind: number;
  source: Uint8Array;
  start: number;
  end: number;
}

/**
 * Decides where the values of a job's outputs go: into the table, or into a blob file with a reference in the table. It gets
 * every version that stays, in order, and is the only one that knows of blob files.
 */
export interface ValuePlacement {
  /** The result of the last `place`. */
  readonly placed: PlacedValue;
  /** Places a stored value of this kind; a reference in the result is a use that `table` is told of. */
  place(table: BlobUseSink, kind: number, source: Uint8Array, start: number, end: number): void;
  /** Makes the new blob files durable. */
  finish(): readonly BlobMetadata[];
  /** Closes and removes them. */
  abandon(): void;
}

/** The placement for a job, or undefined where all values stay where they are and no table refers to a blob file. */
export function createValuePlacement(_fileSystem: FileSystem, _job: Job): ValuePlacement | undefined {
  return undefined;
}
