import { assert } from '../base/errors.js';
import { MIB } from '../base/limits.js';
import type { FileHandle, FileSystem } from './file-system.js';

const STAGING_BYTES = MIB;

/** Appends to a new file in writes of about a MiB. Synchronous: for workers. */
export class StagedFile {
  readonly #handle: FileHandle;
  readonly #staging = new Uint8Array(STAGING_BYTES);
  #stagedBytes = 0;
  #writtenBytes = 0;
  #isClosed = false;

  constructor(fileSystem: FileSystem, path: string) {
    this.#handle = fileSystem.openSync(path, 'create');
  }

  /** The length of the file so far: where the next append goes. */
  get sizeBytes(): number {
    return this.#writtenBytes + this.#stagedBytes;
  }

  append(bytes: Uint8Array): void {
    assert(!this.#isClosed, 'a closed file is not appended to');
    if (this.#stagedBytes + bytes.length > STAGING_BYTES) this.#flush();
    if (bytes.length > STAGING_BYTES) {
      this.#handle.writeSync(bytes, this.#writtenBytes);
      this.#writtenBytes += bytes.length;
      return;
    }
    this.#staging.set(bytes, this.#stagedBytes);
    this.#stagedBytes += bytes.length;
  }

  /** Writes what is staged, makes the file durable and closes it. */
  finish(): void {
    this.#flush();
    this.#handle.datasyncSync();
    this.close();
  }

  /** Closes the file as it is; what is staged is lost. Safe to call again. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#handle.closeSync();
  }

  #flush(): void {
    if (this.#stagedBytes === 0) return;
    this.#handle.writeSync(this.#staging.subarray(0, this.#stagedBytes), this.#writtenBytes);
    this.#writtenBytes += this.#stagedBytes;
    this.#stagedBytes = 0;
  }
}
