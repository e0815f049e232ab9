import { BLOCK_TRAILER_BYTES, COMPRESSION_LZ4, COMPRESSION_NONE, writeBlockTrailer } from '../base/block-trailer.js';
import { alignUp } from '../base/bytes.js';
import { compressLz4 } from '../base/lz4.js';
import type { FileSystem } from '../fs/file-system.js';
import { StagedFile } from '../fs/staged-file.js';
import type { BlockHandle, StoredBlock } from './table-format.js';

/** Appends blocks to a table file, each behind its compression and before its checksum. */
export class BlockSink {
  readonly #file: StagedFile;
  readonly #tableNumber: number;
  readonly #trailer = new Uint8Array(BLOCK_TRAILER_BYTES);

  constructor(fileSystem: FileSystem, path: string, tableNumber: number) {
    this.#file = new StagedFile(fileSystem, path);
    this.#tableNumber = tableNumber;
  }

  get sizeBytes(): number {
    return this.#file.sizeBytes;
  }

  /** Compressed if that saves enough. */
  appendCompressed(content: Uint8Array): BlockHandle {
    const compressed = compressLz4(content);
    if (compressed === undefined) return this.append(content);
    return this.#append(compressed, COMPRESSION_LZ4);
  }

  append(content: Uint8Array): BlockHandle {
    return this.#append(content, COMPRESSION_NONE);
  }

  /** A block that is compressed already, or meant to stay as it is. */
  appendStored({ bytes, compression }: StoredBlock): BlockHandle {
    return this.#append(bytes, compression);
  }

  /** Bytes that are no block: the footer. */
  appendBare(bytes: Uint8Array): void {
    this.#file.append(bytes);
  }

  /** Zeros up to the next multiple of `alignment`. */
  padTo(alignment: number): void {
    const size = this.#file.sizeBytes;
    this.#file.append(new Uint8Array(alignUp(size, alignment) - size));
  }

  finish(): void {
    this.#file.finish();
  }

  close(): void {
    this.#file.close();
  }

  #append(stored: Uint8Array, compression: number): BlockHandle {
    const offsetBytes = this.#file.sizeBytes;
    writeBlockTrailer(this.#trailer, 0, stored, compression, this.#tableNumber, offsetBytes);
    this.#file.append(stored);
    this.#file.append(this.#trailer);
    return { offsetBytes, sizeBytes: stored.length };
  }
}
