import { copyRange } from '../base/bytes.js';

/** So much V8 allocates with the array itself; more is a block of its own, at ten times the price. */
const CAPACITY_BYTES_MIN = 64;

/** A copy of the last bytes it was given, in memory that is used again and grows to the longest of them. */
export class ScratchBytes {
  #bytes = new Uint8Array(CAPACITY_BYTES_MIN);
  #length = 0;

  /** The copy is `bytes[0, length)`. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get length(): number {
    return this.#length;
  }

  copyFrom(source: Uint8Array, start: number, end: number): void {
    const length = end - start;
    // One byte more than asked, for `successor`.
    if (length >= this.#bytes.length) this.#bytes = new Uint8Array(2 * length);
    copyRange(source, start, end, this.#bytes, 0);
    this.#length = length;
  }

  equals(source: Uint8Array, start: number, end: number): boolean {
    const length = this.#length;
    if (end - start !== length) return false;
    const bytes = this.#bytes;
    // From the back: neighbours in sorted order differ there first.
    for (let i = length - 1; i >= 0; i--) {
      if (source[start + i] !== bytes[i]) return false;
    }
    return true;
  }

  /** The copy as a view, good until the next copy. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** The next possible key after the copy, as a view, good until the next copy. */
  successor(): Uint8Array {
    this.#bytes[this.#length] = 0;
    return this.#bytes.subarray(0, this.#length + 1);
  }
}
