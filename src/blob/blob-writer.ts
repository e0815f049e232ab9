import { BLOCK_TRAILER_BYTES, COMPRESSION_LZ4, COMPRESSION_NONE, writeBlockTrailer } from '../base/block-trailer.js';
import { assert } from '../base/errors.js';
import { VALUE_BYTES_MAX } from '../base/limits.js';
import { compressLz4 } from '../base/lz4.js';
import type { FileSystem } from '../fs/file-system.js';
import { StagedFile } from '../fs/staged-file.js';
import { encodeBlobHeader } from './blob-format.js';
import type { BlobMetadata } from './blob-metadata.js';
import type { BlobReference } from './blob-reference.js';

export interface BlobWriterOptions {
  readonly fileSystem: FileSystem;
  readonly path: string;
  /** Names the file and is mixed into its checksums. */
  readonly number: number;
  readonly compression: 'lz4' | 'none';
  /** Of the database that the file is for. */
  readonly databaseId?: number;
}

/**
 * Writes a blob file, value by value. Synchronous: for workers. Ends with `finish`, or with `abandon`, which is also the way out
 * after an error. The caller makes the file's name durable (`syncDirectory`).
 */
export class BlobWriter {
  readonly #options: BlobWriterOptions;
  readonly #file: StagedFile;
  readonly #trailer = new Uint8Array(BLOCK_TRAILER_BYTES);
  #valueCount = 0;
  #valueBytes = 0;

  constructor(options: BlobWriterOptions) {
    this.#options = options;
    this.#file = new StagedFile(options.fileSystem, options.path);
    this.#file.append(encodeBlobHeader(options.number, options.databaseId));
  }

  get fileBytes(): number {
    return this.#file.sizeBytes;
  }

  /** Appends a value, which is not in shared memory: native code reads it. Compressed where that pays. */
  append(value: Uint8Array): BlobReference {
    assert(value.length > 0 && value.length <= VALUE_BYTES_MAX, 'a value in a blob file is within the limits');
    const { number } = this.#options;
    const compressed = this.#options.compression === 'lz4' ? compressLz4(value) : undefined;
    const stored = compressed ?? value;
    const compression = compressed === undefined ? COMPRESSION_NONE : COMPRESSION_LZ4;
    const offsetBytes = this.#file.sizeBytes;
    writeBlockTrailer(this.#trailer, 0, stored, compression, number, offsetBytes);
    this.#file.append(stored);
    this.#file.append(this.#trailer);
    this.#valueCount++;
    this.#valueBytes += value.length;
    return { number, offsetBytes, storedBytes: stored.length, valueBytes: value.length };
  }

  /** Makes the file durable. */
  finish(): BlobMetadata {
    this.#file.finish();
    const { number, databaseId } = this.#options;
    return {
      number,
      fileBytes: this.fileBytes,
      valueCount: this.#valueCount,
      valueBytes: this.#valueBytes,
      ...(databaseId !== undefined && { databaseId }),
    };
  }

  /** Closes and removes the file. */
  abandon(): void {
    try {
      this.#file.close();
    } finally {
      this.#options.fileSystem.removeSync(this.#options.path);
    }
  }
}
