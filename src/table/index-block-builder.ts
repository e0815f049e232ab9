import { commonPrefixLength } from '../base/bytes.js';
import { writeVarint } from '../base/varint.js';

/** The most that an index block's entry adds to its separator: two varints of at most 32 bits. */
const ENTRY_OVERHEAD_BYTES = 10;
const HEADER_BYTES_MAX = 64;

/**
 * Collects the separators and sizes of blocks that stand back to back, and writes an index block of them
 * (index-block.ts).
 */
export class IndexBlockBuilder {
  readonly #separators: Uint8Array[] = [];
  readonly #sizes: number[] = [];
  #firstOffsetBytes = 0;
  #separatorBytes = 0;

  get isEmpty(): boolean {
    return this.#separators.length === 0;
  }

  /** Not less than the index block will have, before the shared prefix is taken out. */
  get rawBytes(): number {
    return HEADER_BYTES_MAX + this.#separatorBytes + this.#separators.length * ENTRY_OVERHEAD_BYTES;
  }

  /** The separator added last. */
  get lastSeparator(): Uint8Array {
    return this.#separators[this.#separators.length - 1];
  }

  add(separator: Uint8Array, offsetBytes: number, sizeBytes: number): void {
    if (this.isEmpty) this.#firstOffsetBytes = offsetBytes;
    this.#separators.push(separator);
    this.#sizes.push(sizeBytes);
    this.#separatorBytes += separator.length;
  }

  /** The index block's content; the builder is empty again. */
  finish(): Uint8Array {
    const separators = this.#separators;
    const first = separators[0];
    const last = separators[separators.length - 1];
    // Separators ascend: what the first and the last one share, all share.
    const prefixBytes = commonPrefixLength(first, 0, first.length, last, 0, last.length);
    const target = new Uint8Array(this.rawBytes);
    let at = this.#writeHeader(target, first.subarray(0, prefixBytes));
    for (let i = 0; i < separators.length; i++) {
      at = writeVarint(target, at, separators[i].length - prefixBytes);
      at = writeVarint(target, at, this.#sizes[i]);
    }
    for (const separator of separators) {
      target.set(separator.subarray(prefixBytes), at);
      at += separator.length - prefixBytes;
    }
    this.#clear();
    return target.subarray(0, at);
  }

  #writeHeader(target: Uint8Array, prefix: Uint8Array): number {
    let at = writeVarint(target, 0, this.#separators.length);
    at = writeVarint(target, at, this.#firstOffsetBytes);
    at = writeVarint(target, at, prefix.length);
    target.set(prefix, at);
    return at + prefix.length;
  }

  #clear(): void {
    this.#separators.length = 0;
    this.#sizes.length = 0;
    this.#separatorBytes = 0;
  }
}
