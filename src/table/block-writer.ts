import { copyRange, writeUint32 } from '../base/bytes.js';
import { TRAILER_BYTES, writeTrailer } from '../base/internal-key.js';
import { BLOCK_RESTART_INTERVAL, KIB, MIB } from '../base/limits.js';
import { VARINT_BYTES_MAX, writeVarint } from '../base/varint.js';
import { RESTART_BYTES } from './block-entry.js';

const BUFFER_BYTES_INITIAL = 8 * KIB;
const BUFFER_BYTES_KEPT_MAX = MIB;
const KEY_BYTES_INITIAL = 256;
/** Keys are copied twice at once; past this a native copy each is cheaper. */
const KEY_LOOP_BYTES_MAX = 64;
const ENTRY_OVERHEAD_BYTES_MAX = 3 * VARINT_BYTES_MAX + TRAILER_BYTES;

/** Builds one block after another in the same memory. The layout is in block-entry.ts. */
export class BlockWriter {
  #buffer: Uint8Array = new Uint8Array(BUFFER_BYTES_INITIAL);
  #length = 0;
  readonly #restarts: number[] = [];
  #entriesSinceRestart = 0;
  #lastKey: Uint8Array = new Uint8Array(KEY_BYTES_INITIAL);
  #lastKeyBytes = 0;

  /** The user key added last is `lastKey[0, lastKeyBytes)`; it survives `reset`. */
  get lastKey(): Uint8Array {
    return this.#lastKey;
  }

  get lastKeyBytes(): number {
    return this.#lastKeyBytes;
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** The size of the block if it were finished now. */
  get rawBytes(): number {
    return this.#length + (this.#restarts.length + 1) * RESTART_BYTES;
  }

  /** Appends an entry. The caller sees to the order, and knows how many bytes the key shares with the last one. */
  add(
    keySource: Uint8Array,
    keyStart: number,
    keyEnd: number,
    sharedBytes: number,
    sequence: number,
    kind: number,
    valueSource: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): void {
    const keyBytes = keyEnd - keyStart;
    const valueBytes = valueEnd - valueStart;
    this.#reserve(keyBytes + valueBytes + ENTRY_OVERHEAD_BYTES_MAX);
    const shared = this.#isRestart() ? 0 : sharedBytes;
    const buffer = this.#buffer;
    let at = this.#writeLengths(shared, keyBytes - shared, valueBytes);
    this.#writeKey(keySource, keyStart, keyEnd, shared, at);
    at += keyBytes - shared;
    writeTrailer(buffer, at, sequence, kind);
    at += TRAILER_BYTES;
    copyRange(valueSource, valueStart, valueEnd, buffer, at);
    this.#length = at + valueBytes;
  }

  /** Between two blocks: the last key is this one, which came by another way. */
  setLastKey(source: Uint8Array, start: number, end: number): void {
    if (end - start > this.#lastKey.length) this.#growLastKey(end - start);
    copyRange(source, start, end, this.#lastKey, 0);
    this.#lastKeyBytes = end - start;
  }

  /** The finished block, as a view that is good until the next `add`. Call `reset` before that. */
  finish(): Uint8Array {
    const count = this.#restarts.length;
    this.#reserve((count + 1) * RESTART_BYTES);
    let at = this.#length;
    for (let i = 0; i < count; i++, at += RESTART_BYTES) writeUint32(this.#buffer, at, this.#restarts[i]);
    writeUint32(this.#buffer, at, count);
    return this.#buffer.subarray(0, at + RESTART_BYTES);
  }

  /** Starts an empty block; memory that one huge record needed is given back. */
  reset(): void {
    if (this.#buffer.length > BUFFER_BYTES_KEPT_MAX) this.#buffer = new Uint8Array(BUFFER_BYTES_INITIAL);
    this.#length = 0;
    this.#restarts.length = 0;
    this.#entriesSinceRestart = 0;
  }

  #isRestart(): boolean {
    if (this.#length > 0 && this.#entriesSinceRestart < BLOCK_RESTART_INTERVAL) {
      this.#entriesSinceRestart++;
      return false;
    }
    this.#restarts.push(this.#length);
    this.#entriesSinceRestart = 1;
    return true;
  }

  #writeLengths(shared: number, unshared: number, valueBytes: number): number {
    const buffer = this.#buffer;
    let at = this.#length;
    if ((shared | unshared | valueBytes) < 0x80) {
      buffer[at] = shared;
      buffer[at + 1] = unshared;
      buffer[at + 2] = valueBytes;
      return at + 3;
    }
    at = writeVarint(buffer, at, shared);
    at = writeVarint(buffer, at, unshared);
    return writeVarint(buffer, at, valueBytes);
  }

  /** Writes the key from `shared` on, both into the block and into `lastKey`, which has the bytes before. */
  #writeKey(keySource: Uint8Array, keyStart: number, keyEnd: number, shared: number, at: number): void {
    const keyBytes = keyEnd - keyStart;
    if (keyBytes > this.#lastKey.length) this.#growLastKey(keyBytes);
    const buffer = this.#buffer;
    const lastKey = this.#lastKey;
    if (keyBytes - shared <= KEY_LOOP_BYTES_MAX) {
      for (let i = shared; i < keyBytes; i++) {
        const byte = keySource[keyStart + i];
        lastKey[i] = byte;
        buffer[at + i - shared] = byte;
      }
    } else {
      copyRange(keySource, keyStart + shared, keyEnd, lastKey, shared);
      copyRange(keySource, keyStart + shared, keyEnd, buffer, at);
    }
    this.#lastKeyBytes = keyBytes;
  }

  #growLastKey(bytes: number): void {
    const larger = new Uint8Array(bytes * 2);
    larger.set(this.#lastKey);
    this.#lastKey = larger;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }
}
