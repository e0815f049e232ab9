import { CorruptionError, StemeError } from '../base/errors.js';
import type { FileHandle, FileSystem } from '../fs/file-system.js';
import { BLOB_HEADER_BYTES, checkBlobHeader } from './blob-format.js';
import type { BlobReference } from './blob-reference.js';
import { decodeBlobValue, rawBytesOf } from './blob-value.js';

export interface BlobReaderOptions {
  readonly fileSystem: FileSystem;
  readonly path: string;
  readonly number: number;
  /** Of the database that wrote it, as far as that is known: the file of another one is refused. */
  readonly databaseId?: number;
  /** `mmap` falls back to `pread` where the file system maps nothing. */
  readonly readMode: 'mmap' | 'pread';
}

/** Reads values of one blob file, each checked before it is believed (law 5). */
export class BlobReader {
  readonly #path: string;
  readonly #fileBytes: number;
  #mapping: Uint8Array | undefined;
  #handle: FileHandle | undefined;

  /** Errors: STEME_CORRUPTION, STEME_UNSUPPORTED, STEME_IO. */
  constructor({ fileSystem, path, number, databaseId, readMode }: BlobReaderOptions) {
    this.#path = path;
    this.#mapping = readMode === 'mmap' ? fileSystem.mapSync(path)?.bytes : undefined;
    if (this.#mapping === undefined) this.#handle = fileSystem.openSync(path, 'read');
    try {
      this.#fileBytes = this.#mapping?.length ?? this.#handle?.sizeBytesSync() ?? 0;
      const header = this.#readRaw(0, Math.min(BLOB_HEADER_BYTES, this.#fileBytes));
      checkBlobHeader(header, number, path, databaseId);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The value, in memory of the caller's own. Errors: STEME_CORRUPTION, STEME_UNSUPPORTED, STEME_IO. */
  read(reference: BlobReference): Buffer {
    const raw = this.#readValue(reference);
    const value = decodeBlobValue(raw, reference, this.#path);
    const isOwn = this.#mapping === undefined || value.buffer !== raw.buffer;
    return isOwn ? Buffer.from(value.buffer, value.byteOffset, value.length) : Buffer.from(value);
  }

  /** A mapping stays until it is collected. */
  close(): void {
    this.#mapping = undefined;
    this.#handle?.closeSync();
    this.#handle = undefined;
  }

  /** A value with its trailer. No memory is taken for more than the file has (law 10). */
  #readValue(reference: BlobReference): Buffer {
    const { offsetBytes, storedBytes } = reference;
    const rawBytes = rawBytesOf(reference);
    if (offsetBytes + rawBytes > this.#fileBytes) {
      throw this.#damaged(offsetBytes, `a value of ${storedBytes} bytes`, `a file of ${this.#fileBytes} bytes`);
    }
    return this.#readRaw(offsetBytes, rawBytes);
  }

  /** Of the mapping, or in new memory. */
  #readRaw(offsetBytes: number, length: number): Buffer {
    if (this.#mapping !== undefined) {
      return Buffer.from(this.#mapping.buffer, this.#mapping.byteOffset + offsetBytes, length);
    }
    if (this.#handle === undefined) throw new StemeError('STEME_CLOSED', `the blob file ${this.#path} is closed`);
    const target = Buffer.allocUnsafe(length);
    const read = this.#handle.readSync(target, offsetBytes);
    if (read !== length) throw this.#damaged(offsetBytes, `${length} bytes`, `the end of the file after ${read}`);
    return target;
  }

  #damaged(offsetBytes: number, expected: string, found: string): CorruptionError {
    return new CorruptionError({ file: this.#path, offsetBytes, expected, found });
  }
}
