import { copyRange, EMPTY_BYTES } from '../base/bytes.js';
import { assert } from '../base/errors.js';
import { KIND_PUT, KIND_PUT_BLOB, KIND_PUT_BLOB_EXPIRING, KIND_PUT_EXPIRING } from '../base/internal-key.js';
import { OPEN_BLOBS_MAX } from '../base/limits.js';
import { EXPIRY_BYTES, isBlobKind, isExpiringKind } from '../base/stored-value.js';
import { BlobCache } from '../blob/blob-cache.js';
import type { BlobMetadata } from '../blob/blob-metadata.js';
import {
  BLOB_REFERENCE_BYTES_MAX,
  type BlobReference,
  readBlobReference,
  writeBlobReference,
} from '../blob/blob-reference.js';
import type { FileSystem } from '../fs/file-system.js';
import type { Job } from './job.js';
import { OutputBlobs } from './output-blobs.js';

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

/** Bytes of a block beside its largest value: a key, its trailer and lengths, and a restart point. */
const ENTRY_IN_BLOCK_BYTES = 20;

/** The placement for a job, or undefined where all values stay where they are and no table refers to a blob file. */
export function createValuePlacement(fileSystem: FileSystem, job: Job): ValuePlacement | undefined {
  const hasReferences = job.kind === 'compaction' && job.inputs.some(({ blobUses }) => blobUses.length > 0);
  return job.blobs !== undefined || hasReferences ? new ValuePlacement(fileSystem, job) : undefined;
}

/**
 * Decides where the values of a job's outputs go: into the table, or into a blob file with a reference in the table. It gets
 * every version that stays, in order, and is the only one that knows of blob files.
 *
 *     value, below the threshold       stays
 *     value, at or above it            goes to a blob file
 *     reference                        stays: the value is not read
 *     reference to a rewritten file    the value is read, and placed like any other
 */
export class ValuePlacement {
  /** The result of the last `place`. */
  readonly placed: PlacedValue = { kind: KIND_PUT, source: EMPTY_BYTES, start: 0, end: 0 };
  readonly #thresholdBytes: number;
  readonly #rewritten: ReadonlySet<number>;
  readonly #blobs: OutputBlobs | undefined;
  readonly #cache: BlobCache;
  /** An expiry, if there is one, and a reference. */
  readonly #scratch = new Uint8Array(EXPIRY_BYTES + BLOB_REFERENCE_BYTES_MAX);
  #readBytes = 0;

  constructor(fileSystem: FileSystem, job: Job) {
    const { blobs, settings } = job;
    const rewritten = job.kind === 'compaction' ? (job.rewrittenBlobs ?? []) : [];
    this.#thresholdBytes = blobs?.thresholdBytes ?? Number.POSITIVE_INFINITY;
    this.#rewritten = new Set(rewritten.map(({ number }) => number));
    this.#blobs = blobs === undefined ? undefined : new OutputBlobs(fileSystem, blobs, settings);
    // Each value is read once, and a mapping would keep the room of a file that the job makes obsolete.
    this.#cache = new BlobCache({
      fileSystem,
      directory: settings.directory,
      readMode: 'pread',
      openBlobsMax: OPEN_BLOBS_MAX,
      databaseIdOf: (number) => rewritten.find((blob) => blob.number === number)?.databaseId,
    });
  }

  /** Of values that were read to be written anew, as they are stored. */
  get readBytes(): number {
    return this.#readBytes;
  }

  /** Whether nothing of a block with so much content has to be moved, as far as it holds no references. */
  leavesBlock(contentBytes: number): boolean {
    return contentBytes < this.#thresholdBytes + ENTRY_IN_BLOCK_BYTES;
  }

  /** Places a stored value of this kind; a reference in the result is a use that `table` is told of. */
  place(table: BlobUseSink, kind: number, source: Uint8Array, start: number, end: number): void {
    if (isBlobKind(kind)) this.#placeReference(table, kind, source, start, end);
    else this.#placeValue(table, kind, source, start, end);
  }

  /** Makes the new blob files durable. */
  finish(): readonly BlobMetadata[] {
    this.#cache.close();
    return this.#blobs?.finish() ?? [];
  }

  /** Closes and removes them. */
  abandon(): void {
    this.#cache.close();
    this.#blobs?.abandon();
  }

  #placeValue(table: BlobUseSink, kind: number, source: Uint8Array, start: number, end: number): void {
    const valueStart = isExpiringKind(kind) ? start + EXPIRY_BYTES : start;
    const isPut = kind === KIND_PUT || kind === KIND_PUT_EXPIRING;
    if (!isPut || end - valueStart < this.#thresholdBytes || end === valueStart) this.#keep(kind, source, start, end);
    else this.#separate(table, kind, source, start, source.subarray(valueStart, end));
  }

  #placeReference(table: BlobUseSink, kind: number, source: Uint8Array, start: number, end: number): void {
    const referenceStart = isExpiringKind(kind) ? start + EXPIRY_BYTES : start;
    const reference = readBlobReference(source, referenceStart, end);
    if (!this.#rewritten.has(reference.number)) {
      table.noteBlobUse(reference.number, reference.valueBytes);
      this.#keep(kind, source, start, end);
      return;
    }
    const value = this.#read(reference);
    const valueKind = kind === KIND_PUT_BLOB ? KIND_PUT : KIND_PUT_EXPIRING;
    if (value.length >= this.#thresholdBytes) this.#separate(table, valueKind, source, start, value);
    else this.#inline(valueKind, source, start, value);
  }

  #read(reference: BlobReference): Buffer {
    this.#readBytes += reference.storedBytes;
    return this.#cache.read(reference);
  }

  #keep(kind: number, source: Uint8Array, start: number, end: number): void {
    const { placed } = this;
    placed.kind = kind;
    placed.source = source;
    placed.start = start;
    placed.end = end;
  }

  /** An expiry stands at `source[start]`, if the kind has one. */
  #separate(table: BlobUseSink, kind: number, source: Uint8Array, start: number, value: Uint8Array): void {
    assert(this.#blobs !== undefined, 'there is no threshold without blob files');
    const reference = this.#blobs.append(value);
    table.noteBlobUse(reference.number, reference.valueBytes);
    const expiryBytes = isExpiringKind(kind) ? EXPIRY_BYTES : 0;
    copyRange(source, start, start + expiryBytes, this.#scratch, 0);
    const end = writeBlobReference(this.#scratch, expiryBytes, reference);
    this.#keep(expiryBytes === 0 ? KIND_PUT_BLOB : KIND_PUT_BLOB_EXPIRING, this.#scratch, 0, end);
  }

  #inline(kind: number, source: Uint8Array, start: number, value: Uint8Array): void {
    if (kind === KIND_PUT) {
      this.#keep(kind, value, 0, value.length);
      return;
    }
    const stored = new Uint8Array(EXPIRY_BYTES + value.length);
    copyRange(source, start, start + EXPIRY_BYTES, stored, 0);
    stored.set(value, EXPIRY_BYTES);
    this.#keep(kind, stored, 0, stored.length);
  }
}
