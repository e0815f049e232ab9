import {
  BLOCK_TRAILER_BYTES,
  blockChecksum,
  COMPRESSION_LZ4,
  COMPRESSION_NONE,
  readBlockChecksum,
} from '../base/block-trailer.js';
import { CorruptionError, StemeError } from '../base/errors.js';
import { decompressLz4 } from '../base/lz4.js';
import type { FileHandle, FileSystem } from '../fs/file-system.js';
import { BLOB_HEADER_BYTES, checkBlobHeader } from './blob-format.js';
import type { BlobReference } from './blob-reference.js';

export interface BlobReaderOptions {
  readonly fileSystem: FileSystem;
  readonly path: string;
  readonly number: number;
  /** `mmap` falls back to `pread` where the file system maps nothing. */
  readonly readMode: 'mmap' | 'pread';
  /** `false`: the header may be damaged. Each value has a checksum of its own. Default `true`. */
  readonly checksHeader?: boolean;
}

/** Reads values of one blob file, each checked before it is believed (law 5). */
export class BlobReader {
  readonly #path: string;
  readonly #number: number;
  readonly #fileBytes: number;
  #mapping: Uint8Array | undefined;
  #handle: FileHandle | undefined;

  /** Errors: STEME_CORRUPTION, STEME_UNSUPPORTED, STEME_IO. */
  constructor({ fileSystem, path, number, readMode, checksHeader = true }: BlobReaderOptions) {
    this.#path = path;
    this.#number = number;
    this.#mapping = readMode === 'mmap' ? fileSystem.mapSync(path)?.bytes : undefined;
    if (this.#mapping === undefined) this.#handle = fileSystem.openSync(path, 'read');
    try {
      this.#fileBytes = this.#mapping?.length ?? this.#handle?.sizeBytesSync() ?? 0;
      if (checksHeader) checkBlobHeader(this.#readRaw(0, Math.min(BLOB_HEADER_BYTES, this.#fileBytes)), number, path);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The value, in memory of the caller's own. Errors: STEME_CORRUPTION, STEME_UNSUPPORTED, STEME_IO. */
  read(reference: BlobReference): Buffer {
    const { offsetBytes, storedBytes, valueBytes } = reference;
    const raw = this.#readChecked(offsetBytes, storedBytes);
    const stored = raw.subarray(0, storedBytes);
    switch (raw[storedBytes]) {
      case COMPRESSION_NONE:
        this.#checkLength(offsetBytes, valueBytes, storedBytes);
        return this.#mapping === undefined ? stored : Buffer.from(stored);
      case COMPRESSION_LZ4: {
        const value = decompressLz4(stored, valueBytes, this.#path, offsetBytes);
        this.#checkLength(offsetBytes, valueBytes, value.length);
        return Buffer.from(value.buffer, value.byteOffset, value.length);
      }
      default: {
        const message = `${this.#path} has a value with compression ${raw[storedBytes]}; this version knows 0 and 1`;
        throw new StemeError('STEME_UNSUPPORTED', message);
      }
    }
  }

  /** A mapping stays until it is collected. */
  close(): void {
    this.#mapping = undefined;
    this.#handle?.closeSync();
    this.#handle = undefined;
  }

  /** A value with its trailer. No memory is taken for more than the file has (law 10). */
  #readChecked(offsetBytes: number, storedBytes: number): Buffer {
    const rawBytes = storedBytes + BLOCK_TRAILER_BYTES;
    if (offsetBytes + rawBytes > this.#fileBytes) {
      throw this.#damaged(offsetBytes, `a value of ${storedBytes} bytes`, `a file of ${this.#fileBytes} bytes`);
    }
    const raw = this.#readRaw(offsetBytes, rawBytes);
    const content = raw.subarray(0, storedBytes);
    const checksum = blockChecksum(content, raw[storedBytes], this.#number, offsetBytes);
    const expected = readBlockChecksum(raw, storedBytes);
    if (checksum !== expected) throw this.#damaged(offsetBytes, `value checksum ${expected}`, String(checksum));
    return raw;
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

  #checkLength(offsetBytes: number, expected: number, found: number): void {
    if (found !== expected) throw this.#damaged(offsetBytes, `a value of ${expected} bytes`, `${found} bytes`);
  }

  #damaged(offsetBytes: number, expected: string, found: string): CorruptionError {
    return new CorruptionError({ file: this.#path, offsetBytes, expected, found });
  }
}
