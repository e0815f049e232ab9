import fs from 'node:fs';
import { assert } from '../base/errors.js';
import { DIRECT_IO_BLOCK_BYTES } from '../base/limits.js';
import type { FileHandle } from './file-system.js';
import { ioError } from './io-error.js';
import { CALL_BYTES_MAX, closeFile, datasyncFile, fileSize, readFile, truncateFile, writeFile } from './real-calls.js';

const CLOSED = -1;

/**
 * An open file. The kernel hands a closed descriptor's number to the next opener, so a call that still waits in the
 * thread pool would hit a stranger's file: `close` waits for the calls in flight. Closing twice does nothing.
 */
export class RealFileHandle implements FileHandle {
  readonly path: string;
  readonly #direct: boolean;
  #fd: number;
  #inFlight = 0;
  #whenIdle: (() => void) | undefined;

  constructor(path: string, fd: number, direct: boolean) {
    this.path = path;
    this.#fd = fd;
    this.#direct = direct;
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    const fd = this.#begin();
    try {
      let done = 0;
      while (done < target.length) {
        const length = Math.min(target.length - done, CALL_BYTES_MAX);
        const bytes = await readFile(fd, target, done, length, position + done);
        done += bytes;
        if (this.#isLastRead(bytes)) break;
      }
      return done;
    } catch (error) {
      throw ioError('read', this.path, error);
    } finally {
      this.#end();
    }
  }

  readSync(target: Uint8Array, position: number): number {
    const fd = this.#openFd();
    try {
      let done = 0;
      while (done < target.length) {
        const length = Math.min(target.length - done, CALL_BYTES_MAX);
        const bytes = fs.readSync(fd, target, done, length, position + done);
        done += bytes;
        if (this.#isLastRead(bytes)) break;
      }
      return done;
    } catch (error) {
      throw ioError('read', this.path, error);
    }
  }

  async write(source: Uint8Array, position: number): Promise<void> {
    const fd = this.#begin();
    try {
      let done = 0;
      while (done < source.length) {
        const length = Math.min(source.length - done, CALL_BYTES_MAX);
        done += progress(await writeFile(fd, source, done, length, position + done));
      }
    } catch (error) {
      throw ioError('write', this.path, error);
    } finally {
      this.#end();
    }
  }

  writeSync(source: Uint8Array, position: number): void {
    const fd = this.#openFd();
    try {
      let done = 0;
      while (done < source.length) {
        const length = Math.min(source.length - done, CALL_BYTES_MAX);
        done += progress(fs.writeSync(fd, source, done, length, position + done));
      }
    } catch (error) {
      throw ioError('write', this.path, error);
    }
  }

  datasync(): Promise<void> {
    return this.#call('sync', datasyncFile);
  }

  datasyncSync(): void {
    const fd = this.#openFd();
    try {
      fs.fdatasyncSync(fd);
    } catch (error) {
      throw ioError('sync', this.path, error);
    }
  }

  sizeBytes(): Promise<number> {
    return this.#call('read the size of', fileSize);
  }

  sizeBytesSync(): number {
    const fd = this.#openFd();
    try {
      return fs.fstatSync(fd).size;
    } catch (error) {
      throw ioError('read the size of', this.path, error);
    }
  }

  truncate(sizeBytes: number): Promise<void> {
    return this.#call('truncate', (fd) => truncateFile(fd, sizeBytes));
  }

  async close(): Promise<void> {
    const fd = this.#fd;
    if (fd === CLOSED) return;
    this.#fd = CLOSED;
    if (this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
      });
    }
    try {
      await closeFile(fd);
    } catch (error) {
      throw ioError('close', this.path, error);
    }
  }

  closeSync(): void {
    const fd = this.#fd;
    if (fd === CLOSED) return;
    assert(this.#inFlight === 0, 'a file is closed synchronously only when no asynchronous call on it is in flight');
    this.#fd = CLOSED;
    try {
      fs.closeSync(fd);
    } catch (error) {
      throw ioError('close', this.path, error);
    }
  }

  async #call<T>(verb: string, call: (fd: number) => Promise<T>): Promise<T> {
    const fd = this.#begin();
    try {
      return await call(fd);
    } catch (error) {
      throw ioError(verb, this.path, error);
    } finally {
      this.#end();
    }
  }

  #begin(): number {
    const fd = this.#openFd();
    this.#inFlight++;
    return fd;
  }

  #end(): void {
    this.#inFlight--;
    if (this.#inFlight === 0) this.#whenIdle?.();
  }

  #openFd(): number {
    assert(this.#fd !== CLOSED, `${this.path} is used only while it is open`);
    return this.#fd;
  }

  /** Nothing read is the end of the file; so is a part of a block in direct mode, where the next read would be refused. */
  #isLastRead(bytes: number): boolean {
    return bytes === 0 || (this.#direct && bytes % DIRECT_IO_BLOCK_BYTES !== 0);
  }
}

function progress(bytes: number): number {
  if (bytes === 0) throw new Error('the file takes no more bytes');
  return bytes;
}
