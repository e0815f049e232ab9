import {
  BLOCK_TRAILER_BYTES,
  blockChecksum,
  COMPRESSION_LZ4,
  COMPRESSION_NONE,
  readBlockChecksum,
} from '../base/block-trailer.js';
import { CorruptionError, StemeError } from '../base/errors.js';
import { KIB } from '../base/limits.js';
import { decompressLz4, Lz4Decoder } from '../base/lz4.js';
import type { FileHandle, FileSystem } from '../fs/file-system.js';
import { ReadAhead, type ReadPiece } from './read-ahead.js';
import { FOOTER_BYTES } from './table-footer.js';
import { BLOCK_CONTENT_BYTES_MAX, type StoredBlock } from './table-format.js';

export interface BlockSourceOptions {
  readonly fileSystem: FileSystem;
  readonly path: string;
  /** The number of the table, which its checksums cover. */
  readonly number: number;
  /** The size that the file must have. */
  readonly fileBytes: number;
  /** `mmap` falls back to `pread` where the file system maps nothing. */
  readonly readMode: 'mmap' | 'pread';
}

const SCRATCH_BYTES_MAX = 256 * KIB;

/**
 * A table file as a source of checked blocks. Mapped, an uncompressed block is the mapping itself; read, each block has
 * memory of its own.
 *
 * A file that is read can be put to rest: its descriptor is closed, and a straggler that reads again opens the file for
 * the length of that read. So no reader has to be counted before a descriptor is given back: the file itself stays
 * as long as anyone can ask for it (law 4).
 */
export class BlockSource {
  readonly path: string;
  readonly fileBytes: number;
  /** Of all blocks read so far, as stored. */
  readBytes = 0;
  readonly #fileSystem: FileSystem;
  readonly #tableNumber: number;
  #mapping: Uint8Array | undefined;
  #handle: FileHandle | undefined;
  #scratch = new Uint8Array(4 * KIB);
  readonly #readPiece: ReadPiece = (target, offsetBytes) => this.#readRaw(offsetBytes, target.length, target);
  #decoder: Lz4Decoder | undefined;
  #isClosed = false;

  constructor({ fileSystem, path, number, fileBytes, readMode }: BlockSourceOptions) {
    this.path = path;
    this.fileBytes = fileBytes;
    this.#fileSystem = fileSystem;
    this.#tableNumber = number;
    const mapping = readMode === 'mmap' ? fileSystem.mapSync(path) : undefined;
    if (mapping === undefined) {
      this.#handle = fileSystem.openSync(path, 'read');
      this.#checkSizeOrClose(this.#handle);
    } else {
      const { buffer, byteOffset, byteLength } = mapping.bytes;
      // A plain Uint8Array whatever came: the readers of blocks see one class of array.
      this.#mapping = new Uint8Array(buffer, byteOffset, byteLength);
      this.#checkSize(byteLength);
    }
  }

  get usesMmap(): boolean {
    return this.#mapping !== undefined;
  }

  readFooter(): Uint8Array {
    return this.#readRaw(this.fileBytes - FOOTER_BYTES, FOOTER_BYTES, new Uint8Array(FOOTER_BYTES));
  }

  /**
   * The content of the block at `offsetBytes`, checked and decompressed. `sizeBytes` is its stored size, as in a
   * handle. `readAhead` is that of somebody who asks for one block after another.
   */
  readBlock(offsetBytes: number, sizeBytes: number, readAhead?: ReadAhead): Uint8Array {
    const { bytes, compression } = this.readStored(offsetBytes, sizeBytes, readAhead);
    if (compression === COMPRESSION_LZ4) return decompressLz4(bytes, BLOCK_CONTENT_BYTES_MAX, this.path, offsetBytes);
    if (compression === COMPRESSION_NONE) return this.usesMmap ? bytes : new Uint8Array(bytes);
    throw this.#unknownCompression(compression);
  }

  /** The same in memory that the next read takes again: for a walk that keeps none of it. */
  readPassing(offsetBytes: number, sizeBytes: number, readAhead?: ReadAhead): Uint8Array {
    const { bytes, compression } = this.readStored(offsetBytes, sizeBytes, readAhead);
    if (compression === COMPRESSION_NONE) return bytes;
    if (compression !== COMPRESSION_LZ4) throw this.#unknownCompression(compression);
    this.#decoder ??= new Lz4Decoder();
    return this.#decoder.decode(bytes, BLOCK_CONTENT_BYTES_MAX, this.path, offsetBytes);
  }

  /** The same block as it is stored, checked. Good until the next read. */
  readStored(offsetBytes: number, sizeBytes: number, readAhead?: ReadAhead): StoredBlock {
    const storedBytes = sizeBytes + BLOCK_TRAILER_BYTES;
    if (offsetBytes + storedBytes > this.fileBytes - FOOTER_BYTES) {
      throw this.#damaged(offsetBytes, `a block inside ${this.fileBytes} bytes`, `a block of ${sizeBytes} bytes`);
    }
    const raw =
      readAhead === undefined
        ? this.#readRaw(offsetBytes, storedBytes, this.#scratchFor(storedBytes))
        : readAhead.read(offsetBytes, storedBytes, this.#readPiece);
    const bytes = raw.subarray(0, sizeBytes);
    const compression = raw[sizeBytes];
    const checksum = blockChecksum(bytes, compression, this.#tableNumber, offsetBytes);
    const expected = readBlockChecksum(raw, sizeBytes);
    if (checksum !== expected) throw this.#damaged(offsetBytes, `block checksum ${expected}`, String(checksum));
    this.readBytes += storedBytes;
    return { bytes, compression };
  }

  /** Gives the descriptor back, if there is one. Reads go on, each opening the file for itself. */
  rest(): void {
    this.#handle?.closeSync();
    this.#handle = undefined;
  }

  /** For good: later reads throw. Views of a mapping stay good until they are collected. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#mapping = undefined;
    this.rest();
  }

  /** For somebody who will walk the file; undefined where it is mapped, and the kernel reads ahead by itself. */
  createReadAhead(pieceBytesMax: number): ReadAhead | undefined {
    return this.usesMmap || pieceBytesMax === 0 ? undefined : new ReadAhead(this.fileBytes, pieceBytesMax);
  }

  /** `length` bytes from `offset`: of the mapping, or read into `target`. */
  #readRaw(offset: number, length: number, target: Uint8Array): Uint8Array {
    if (this.#isClosed) throw new StemeError('STEME_CLOSED', `the table ${this.path} is closed`);
    if (this.#mapping !== undefined) return this.#mapping.subarray(offset, offset + length);
    const bytes = target.subarray(0, length);
    const read = this.#handle === undefined ? this.#readResting(bytes, offset) : this.#handle.readSync(bytes, offset);
    if (read !== length) throw this.#damaged(offset, `${length} bytes`, `the end of the file after ${read}`);
    return bytes;
  }

  #readResting(target: Uint8Array, offset: number): number {
    const handle = this.#fileSystem.openSync(this.path, 'read');
    try {
      return handle.readSync(target, offset);
    } finally {
      handle.closeSync();
    }
  }

  /** Memory to read into that nobody keeps: reused, but not for the rare huge block. */
  #scratchFor(bytes: number): Uint8Array {
    if (this.#mapping !== undefined || bytes <= this.#scratch.length) return this.#scratch;
    const scratch = new Uint8Array(bytes);
    if (bytes <= SCRATCH_BYTES_MAX) this.#scratch = scratch;
    return scratch;
  }

  #checkSizeOrClose(handle: FileHandle): void {
    try {
      this.#checkSize(handle.sizeBytesSync());
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #checkSize(found: number): void {
    if (found === this.fileBytes && found >= FOOTER_BYTES) return;
    const offsetBytes = Math.min(found, this.fileBytes);
    throw this.#damaged(offsetBytes, `a table of ${this.fileBytes} bytes`, `a file of ${found} bytes`);
  }

  #unknownCompression(compression: number): StemeError {
    const message = `${this.path} has a block with compression ${compression}; this version knows 0 and 1`;
    return new StemeError('STEME_UNSUPPORTED', message);
  }

  #damaged(offsetBytes: number, expected: string, found: string): CorruptionError {
    return new CorruptionError({ file: this.path, offsetBytes, expected, found });
  }
}
