/** A sliding view of a file for a reader that walks forward: large asynchronous reads below, plain offsets above. */
import { assert } from '../base/errors.js';
import { MIB } from '../base/limits.js';
import type { FileHandle } from '../fs/file-system.js';

const CHUNK_BYTES = MIB;

export class FileWindow {
  readonly #handle: FileHandle;
  readonly #buffer: Uint8Array;
  #startBytes = 0;
  #filledBytes = 0;
  #limitBytes: number;

  /** `spanBytesMax` is the most that one `load` may ask for; bytes at and past `limitBytes` are never read. */
  constructor(handle: FileHandle, limitBytes: number, spanBytesMax: number) {
    this.#handle = handle;
    this.#limitBytes = limitBytes;
    this.#buffer = new Uint8Array(Math.min(spanBytesMax + CHUNK_BYTES, limitBytes));
  }

  /** The bytes in memory; file offset `o` stands at index `indexOf(o)`. Good until the next `load`. */
  get bytes(): Uint8Array {
    return this.#buffer;
  }

  /** The file offset after the last byte in memory. */
  get loadedEndBytes(): number {
    return this.#startBytes + this.#filledBytes;
  }

  /** Where the file ends for this reader: as asked for, or earlier if the file turned out shorter. */
  get limitBytes(): number {
    return this.#limitBytes;
  }

  indexOf(offsetBytes: number): number {
    return offsetBytes - this.#startBytes;
  }

  /** Whether `[offsetBytes, offsetBytes + lengthBytes)` is in memory. */
  has(offsetBytes: number, lengthBytes: number): boolean {
    return offsetBytes >= this.#startBytes && offsetBytes + lengthBytes <= this.loadedEndBytes;
  }

  /** Whether `[offsetBytes, offsetBytes + lengthBytes)` is in the file; if so it is in memory afterwards. */
  async load(offsetBytes: number, lengthBytes: number): Promise<boolean> {
    const endBytes = offsetBytes + lengthBytes;
    if (this.has(offsetBytes, lengthBytes)) return true;
    if (endBytes > this.#limitBytes) return false;
    assert(lengthBytes <= this.#buffer.length, 'a load fits the window');
    this.#slideTo(offsetBytes);
    while (this.loadedEndBytes < endBytes) {
      if (!(await this.#readChunk())) return false;
    }
    return true;
  }

  #slideTo(offsetBytes: number): void {
    const kept = this.loadedEndBytes - offsetBytes;
    if (offsetBytes >= this.#startBytes && kept > 0) {
      this.#buffer.copyWithin(0, this.indexOf(offsetBytes), this.#filledBytes);
      this.#filledBytes = kept;
    } else {
      this.#filledBytes = 0;
    }
    this.#startBytes = offsetBytes;
  }

  async #readChunk(): Promise<boolean> {
    const from = this.loadedEndBytes;
    const wanted = Math.min(CHUNK_BYTES, this.#buffer.length - this.#filledBytes, this.#limitBytes - from);
    const target = this.#buffer.subarray(this.#filledBytes, this.#filledBytes + wanted);
    const readBytes = await this.#handle.read(target, from);
    this.#filledBytes += readBytes;
    // Somebody cut the file after its size was asked for: what is left is all there is.
    if (readBytes < wanted) this.#limitBytes = from + readBytes;
    return readBytes > 0;
  }
}
