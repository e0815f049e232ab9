/**
 * Entries on their way from the opening thread to a worker, in shared memory, one after the other in the order of their keys:
 *
 *     size  field
 *        4  length of the key
 *        4  length of the stored value (base/stored-value.ts)
 *        …  key
 *        …  stored value
 *
 * All entries of a chunk have one kind.
 */
import { readUint32, writeUint32 } from '../base/bytes.js';
import { KIND_PUT, KIND_PUT_EXPIRING } from '../base/internal-key.js';
import { EXPIRY_BYTES, writeExpiryMs } from '../base/stored-value.js';

const ENTRY_HEADER_BYTES = 8;

/** What an entry takes in a chunk at most. */
export function chunkEntryBytes(keyBytes: number, valueBytes: number): number {
  return ENTRY_HEADER_BYTES + keyBytes + EXPIRY_BYTES + valueBytes;
}

/** A chunk as a job gets it. */
export interface BulkChunk {
  readonly memory: ArrayBufferLike;
  readonly usedBytes: number;
  readonly kind: typeof KIND_PUT | typeof KIND_PUT_EXPIRING;
}

/** Fills a chunk. */
export class BulkChunkWriter {
  readonly #bytes: Uint8Array;
  readonly #expiresAtMs: number;
  #usedBytes = 0;

  /** Takes the first `capacityBytes` of `memory`. `expiresAtMs` of all entries; 0 if they do not expire. */
  constructor(memory: ArrayBufferLike, capacityBytes: number, expiresAtMs: number) {
    this.#bytes = new Uint8Array(memory, 0, capacityBytes);
    this.#expiresAtMs = expiresAtMs;
  }

  get isEmpty(): boolean {
    return this.#usedBytes === 0;
  }

  get capacityBytes(): number {
    return this.#bytes.length;
  }

  get chunk(): BulkChunk {
    const kind = this.#expiresAtMs === 0 ? KIND_PUT : KIND_PUT_EXPIRING;
    return { memory: this.#bytes.buffer, usedBytes: this.#usedBytes, kind };
  }

  hasRoom(keyBytes: number, valueBytes: number): boolean {
    return this.#usedBytes + chunkEntryBytes(keyBytes, valueBytes) <= this.#bytes.length;
  }

  /** The caller has asked `hasRoom`. */
  add(key: Uint8Array, value: Uint8Array): void {
    const bytes = this.#bytes;
    const expiryBytes = this.#expiresAtMs === 0 ? 0 : EXPIRY_BYTES;
    let at = this.#usedBytes;
    writeUint32(bytes, at, key.length);
    writeUint32(bytes, at + 4, expiryBytes + value.length);
    at += ENTRY_HEADER_BYTES;
    bytes.set(key, at);
    at += key.length;
    if (expiryBytes > 0) writeExpiryMs(bytes, at, this.#expiresAtMs);
    bytes.set(value, at + expiryBytes);
    this.#usedBytes = at + expiryBytes + value.length;
  }

  /** Empties it, for the next entries. */
  clear(): void {
    this.#usedBytes = 0;
  }
}

/** Walks a chunk. Key and value are `bytes[keyStart, keyEnd)` and `bytes[keyEnd, valueEnd)`. */
export class BulkChunkReader {
  readonly bytes: Uint8Array;
  keyStart = 0;
  keyEnd = 0;
  valueEnd = 0;

  constructor({ memory, usedBytes }: BulkChunk) {
    this.bytes = new Uint8Array(memory, 0, usedBytes);
  }

  /** To the next entry; false if there is none. */
  next(): boolean {
    const at = this.valueEnd;
    if (at === this.bytes.length) return false;
    this.keyStart = at + ENTRY_HEADER_BYTES;
    this.keyEnd = this.keyStart + readUint32(this.bytes, at);
    this.valueEnd = this.keyEnd + readUint32(this.bytes, at + 4);
    return true;
  }
}
