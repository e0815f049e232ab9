import { join } from 'node:path';
import { blobName } from '../base/file-names.js';
import { KIB } from '../base/limits.js';
import type { BlobMetadata } from '../blob/blob-metadata.js';
import type { BlobReference } from '../blob/blob-reference.js';
import { BlobWriter } from '../blob/blob-writer.js';
import type { FileSystem } from '../fs/file-system.js';
import type { BlobSettings, TableSettings } from './job.js';

const SCRATCH_BYTES_MAX = 256 * KIB;

/** The blob files of one job, numbered from the job's list; the last number takes all the rest. None is begun before a value comes. */
export class OutputBlobs {
  readonly #fileSystem: FileSystem;
  readonly #blobs: BlobSettings;
  readonly #settings: TableSettings;
  readonly #finished: BlobMetadata[] = [];
  #writer: BlobWriter | undefined;
  #scratch = new Uint8Array(16 * KIB);

  constructor(fileSystem: FileSystem, blobs: BlobSettings, settings: TableSettings) {
    this.#fileSystem = fileSystem;
    this.#blobs = blobs;
    this.#settings = settings;
  }

  append(value: Uint8Array): BlobReference {
    const { fileBytesTarget, numbers } = this.#blobs;
    const isLast = this.#finished.length + 1 >= numbers.length;
    if (this.#writer !== undefined && !isLast && this.#writer.fileBytes >= fileBytesTarget) this.#finishWriter();
    this.#writer ??= this.#createWriter();
    return this.#writer.append(this.#ownCopy(value));
  }

  /** Makes all files durable. */
  finish(): readonly BlobMetadata[] {
    this.#finishWriter();
    return this.#finished;
  }

  /** Removes everything written: nobody knows of it yet. */
  abandon(): void {
    this.#writer?.abandon();
    for (const { number } of this.#finished) this.#fileSystem.removeSync(this.#pathOf(number));
  }

  #finishWriter(): void {
    if (this.#writer !== undefined) this.#finished.push(this.#writer.finish());
    this.#writer = undefined;
  }

  #createWriter(): BlobWriter {
    const number = this.#blobs.numbers[this.#finished.length];
    const { compression, databaseId } = this.#settings;
    const file = { fileSystem: this.#fileSystem, path: this.#pathOf(number), number };
    return new BlobWriter({ ...file, compression, databaseId });
  }

  /** A memtable is shared memory, which native code does not take. */
  #ownCopy(value: Uint8Array): Uint8Array {
    if (value.buffer instanceof ArrayBuffer) return value;
    const copy =
      value.length <= this.#scratch.length ? this.#scratch.subarray(0, value.length) : this.#grown(value.length);
    copy.set(value);
    return copy;
  }

  #grown(bytes: number): Uint8Array {
    const scratch = new Uint8Array(bytes);
    if (bytes <= SCRATCH_BYTES_MAX) this.#scratch = scratch;
    return scratch;
  }

  #pathOf(number: number): string {
    return join(this.#settings.directory, blobName(number));
  }
}
