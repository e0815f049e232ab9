import { assert } from '../base/errors.js';
import { DIRECT_IO_BLOCK_BYTES } from '../base/limits.js';
import { isPageAligned } from '../base/shared-memory.js';
import type { FileHandle, OpenMode } from './file-system.js';
import { ioError, systemError } from './io-error.js';
import type { MemoryFile } from './memory-file.js';

/** How many of the bytes that a file wants to grow by it may have. */
export type GrantGrowth = (growthBytes: number) => number;

/** Resolves when an asynchronous call is to return. */
export type NextTurn = () => Promise<void>;

/**
 * A handle of the in-memory file system. Asynchronous calls change the file when they are made and return a turn later;
 * durable is what they did only then, so that a crash in between may tear it.
 */
export class MemoryFileHandle implements FileHandle {
  readonly path: string;
  readonly #mode: OpenMode;
  readonly #file: MemoryFile;
  readonly #grantGrowth: GrantGrowth;
  readonly #nextTurn: NextTurn;
  #open = true;

  constructor(path: string, mode: OpenMode, file: MemoryFile, grantGrowth: GrantGrowth, nextTurn: NextTurn) {
    this.path = path;
    this.#mode = mode;
    this.#file = file;
    this.#grantGrowth = grantGrowth;
    this.#nextTurn = nextTurn;
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    const bytes = this.readSync(target, position);
    await this.#nextTurn();
    return bytes;
  }

  readSync(target: Uint8Array, position: number): number {
    const file = this.#openFile();
    if (!this.#isAllowed(target, position)) throw ioError('read', this.path, systemError('EINVAL'));
    return file.read(target, position);
  }

  async write(source: Uint8Array, position: number): Promise<void> {
    const mark = this.#put(source, position);
    const copy = source.slice();
    await this.#nextTurn();
    assert(Buffer.compare(copy, source) === 0, 'a buffer is not changed while its write is in flight');
    if (this.#mode === 'direct') this.#file.commit(mark);
  }

  writeSync(source: Uint8Array, position: number): void {
    const mark = this.#put(source, position);
    if (this.#mode === 'direct') this.#file.commit(mark);
  }

  async datasync(): Promise<void> {
    const file = this.#openFile();
    const mark = file.changeMark;
    await this.#nextTurn();
    file.commit(mark);
  }

  datasyncSync(): void {
    const file = this.#openFile();
    file.commit(file.changeMark);
  }

  async sizeBytes(): Promise<number> {
    const bytes = this.sizeBytesSync();
    await this.#nextTurn();
    return bytes;
  }

  sizeBytesSync(): number {
    return this.#openFile().sizeBytes;
  }

  async truncate(sizeBytes: number): Promise<void> {
    const file = this.#openFile();
    if (this.#mode === 'read') throw ioError('truncate', this.path, systemError('EINVAL'));
    assert(!file.isMapped || sizeBytes >= file.sizeBytes, `law 3: ${this.path} is mapped and never shrinks`);
    const growthBytes = Math.max(0, sizeBytes - file.sizeBytes);
    if (this.#grantGrowth(growthBytes) < growthBytes) throw ioError('truncate', this.path, systemError('ENOSPC'));
    file.resize(sizeBytes);
    await this.#nextTurn();
  }

  async close(): Promise<void> {
    this.#open = false;
    await this.#nextTurn();
  }

  closeSync(): void {
    this.#open = false;
  }

  /** Writes into the file, not yet durably; returns the mark that makes it so. */
  #put(source: Uint8Array, position: number): number {
    const file = this.#openFile();
    if (this.#mode === 'read') throw ioError('write', this.path, systemError('EBADF'));
    if (!this.#isAllowed(source, position)) throw ioError('write', this.path, systemError('EINVAL'));
    const growthBytes = Math.max(0, position + source.length - file.sizeBytes);
    const missingBytes = growthBytes - this.#grantGrowth(growthBytes);
    // A full disk takes what still fits.
    const fitting = missingBytes > 0 ? source.subarray(0, Math.max(0, source.length - missingBytes)) : source;
    if (fitting.length > 0) file.write(fitting, position);
    if (missingBytes > 0) throw ioError('write', this.path, systemError('ENOSPC'));
    return file.changeMark;
  }

  /** Direct I/O wants whole blocks, in memory that starts on a block. */
  #isAllowed(memory: Uint8Array, position: number): boolean {
    if (this.#mode !== 'direct') return true;
    if (!isPageAligned(memory.buffer)) return false;
    return isWholeBlocks(memory.byteOffset) && isWholeBlocks(memory.length) && isWholeBlocks(position);
  }

  #openFile(): MemoryFile {
    assert(this.#open, `${this.path} is used only while it is open`);
    return this.#file;
  }
}

function isWholeBlocks(bytes: number): boolean {
  return bytes % DIRECT_IO_BLOCK_BYTES === 0;
}
