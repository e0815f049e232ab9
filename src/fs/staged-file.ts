import { assert } from '../base/errors.js';
import { KIB, MIB } from '../base/limits.js';
import type { FileHandle, FileSystem } from './file-system.js';

const STAGING_BYTES_MIN = 16 * KIB;
const STAGING_BYTES_MAX = MIB;

/** Appends to a new file in writes of about a MiB. Synchronous: for workers. */
export class StagedFile {
  readonly #handle: FileHandle;
  #staging = new Uint8Array(STAGING_BYTES_MIN);
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
    if (this.#stagedBytes + bytes.length > STAGING_BYTES_MAX) this.#flush();
    if (bytes.length > STAGING_BYTES_MAX) {
      this.#handle.writeSync(bytes, this.#writtenBytes);
      this.#writtenBytes += bytes.length;
      return;
    }
    if (this.#stagedBytes + bytes.length > this.#staging.length) this.#grow(this.#stagedBytes + bytes.length);
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

  /** Many files are small, and a job writes many at once. */
  #grow(bytes: number): void {
    const larger = new Uint8Array(Math.min(STAGING_BYTES_MAX, Math.max(bytes, this.#staging.length * 4)));
    larger.set(this.#staging.subarray(0, this.#stagedBytes));
    this.#staging = larger;
  }

  #flush(): void {
    if (this.#stagedBytes === 0) return;
    this.#handle.writeSync(this.#staging.subarray(0, this.#stagedBytes), this.#writtenBytes);
    this.#writtenBytes += this.#stagedBytes;
    this.#stagedBytes = 0;
  }
}
