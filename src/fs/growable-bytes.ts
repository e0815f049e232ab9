import { xxh3 } from '@node-rs/xxhash';
import { assert } from '../base/errors.js';

const CAPACITY_BYTES_MIN = 4096;

/**
 * A byte array with a length of its own, grown by doubling; clones share their memory until one of them is changed. Invariant:
 * everything past the length is zero.
 */
export class GrowableBytes {
  #bytes: Uint8Array = new Uint8Array(0);
  #length = 0;
  #isShared = false;
  /** A box that clones share, so that one of them hashes for all; whoever changes takes a new one. */
  #digest: { value?: bigint } = {};

  get length(): number {
    return this.#length;
  }

  /** Copies what is there from `position` on; returns how much. */
  read(target: Uint8Array, position: number): number {
    const end = Math.min(position + target.length, this.#length);
    if (position >= end) return 0;
    target.set(this.#bytes.subarray(position, end));
    return end - position;
  }

  /** A gap between the old end and `position` reads as zeros. */
  write(source: Uint8Array, position: number): void {
    const end = position + source.length;
    if (end > this.#length) this.resize(end);
    this.#unshare();
    this.#digest = {};
    this.#bytes.set(source, position);
  }

  resize(length: number): void {
    assert(Number.isSafeInteger(length) && length >= 0, 'a length is a whole number');
    this.#digest = {};
    if (length < this.#length) {
      this.#unshare();
      this.#bytes.fill(0, length, this.#length);
    }
    if (length > this.#bytes.length) this.#grow(length);
    this.#length = length;
  }

  /** A copy of the content. */
  toBytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** A hash of the content. */
  get digest(): bigint {
    this.#digest.value ??= xxh3.xxh64(this.#bytes.subarray(0, this.#length));
    return this.#digest.value;
  }

  clone(): GrowableBytes {
    const copy = new GrowableBytes();
    copy.#bytes = this.#bytes;
    copy.#length = this.#length;
    copy.#isShared = true;
    copy.#digest = this.#digest;
    this.#isShared = true;
    return copy;
  }

  #grow(length: number): void {
    const bytes = new Uint8Array(Math.max(CAPACITY_BYTES_MIN, length, this.#bytes.length * 2));
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
    this.#isShared = false;
  }

  #unshare(): void {
    if (this.#isShared) this.#bytes = this.#bytes.slice();
    this.#isShared = false;
  }
}
