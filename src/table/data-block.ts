import { readTrailerSequence } from '../base/internal-key.js';
import { BLOCK_RESTART_INTERVAL } from '../base/limits.js';
import type { PointResult } from '../base/point-result.js';
import { buildBlockDirectory, DIRECTORY_BYTES_PER_ENTRY, DIRECTORY_ENTRY_WORDS, findHead } from './block-directory.js';
import { createBlockEntry, decodeBlockEntry, findRestarts, malformedBlock, RESTART_BYTES } from './block-entry.js';
import { fillPointResult, findInBlock } from './block-lookup.js';
import { HEAD_BYTES, headOf } from './key-head.js';

/** The objects and cache rows around a cached block. */
const OVERHEAD_BYTES = 512;
const NO_WORDS = new Uint32Array(0);

const entry = createBlockEntry();

/**
 * A checked data block as the cache keeps it. Asked for a second time, it makes itself a directory for the next
 * times.
 */
export class DataBlock {
  readonly bytes: Uint8Array;
  /** What a cache is charged for it, the directory included. */
  readonly chargeBytes: number;
  readonly #file: string;
  readonly #offsetBytes: number;
  #wasAsked = false;
  /** The directory's fields are taken over: one object less on the way to the entry. No words: no directory yet. */
  #words: Uint32Array = NO_WORDS;
  #prefixStart = 0;
  #prefixBytes = 0;

  /** `bytes` is the content of the block at `offsetBytes` of `file`. */
  constructor(bytes: Uint8Array, file: string, offsetBytes: number) {
    const restartsAt = findRestarts(bytes);
    if (restartsAt < 0) throw malformedBlock(file, offsetBytes, bytes.length);
    this.bytes = bytes;
    this.#file = file;
    this.#offsetBytes = offsetBytes;
    const entryCountMax = ((bytes.length - restartsAt) / RESTART_BYTES) * BLOCK_RESTART_INTERVAL;
    this.chargeBytes = bytes.length + entryCountMax * DIRECTORY_BYTES_PER_ENTRY + OVERHEAD_BYTES;
  }

  /** As `findInBlock`. */
  find(key: Uint8Array, sequenceMax: number, result: PointResult): boolean {
    const words = this.#words;
    if (words.length === 0) return this.#findWithoutDirectory(key, sequenceMax, result);
    const prefixBytes = this.#prefixBytes;
    if (!this.#hasPrefixOf(key)) return false;
    const block = this.bytes;
    const head = headOf(key, prefixBytes, key.length);
    for (let at = findHead(words, head); at < words.length && words[at] === head; at += DIRECTORY_ENTRY_WORDS) {
      if (!decodeBlockEntry(block, words[at + 1], block.length, entry)) {
        throw malformedBlock(this.#file, this.#offsetBytes, words[at + 1]);
      }
      // Key bytes behind the head that this entry shares with the one before are not here: only a walk can tell.
      if (entry.sharedBytes > prefixBytes + HEAD_BYTES) return this.#walk(key, sequenceMax, result);
      if (
        isKeyOfEntry(block, key, prefixBytes + HEAD_BYTES) &&
        readTrailerSequence(block, entry.trailerAt) <= sequenceMax
      ) {
        fillPointResult(block, entry, result, this.#file);
        return true;
      }
    }
    return false;
  }

  #findWithoutDirectory(key: Uint8Array, sequenceMax: number, result: PointResult): boolean {
    if (this.#wasAsked) {
      const { words, prefixStart, prefixBytes } = buildBlockDirectory(this.bytes, this.#file, this.#offsetBytes);
      this.#words = words;
      this.#prefixStart = prefixStart;
      this.#prefixBytes = prefixBytes;
    }
    this.#wasAsked = true;
    return this.#walk(key, sequenceMax, result);
  }

  #walk(key: Uint8Array, sequenceMax: number, result: PointResult): boolean {
    return findInBlock(this.bytes, key, sequenceMax, result, this.#file, this.#offsetBytes);
  }

  #hasPrefixOf(key: Uint8Array): boolean {
    const block = this.bytes;
    const prefixStart = this.#prefixStart;
    const prefixBytes = this.#prefixBytes;
    if (key.length < prefixBytes) return false;
    for (let i = 0; i < prefixBytes; i++) {
      if (block[prefixStart + i] !== key[i]) return false;
    }
    return true;
  }
}

/**
 * Whether `entry` has `key`, given that they agree up to the end of the head. Padding hides in a short head: lengths
 * tell.
 */
function isKeyOfEntry(block: Uint8Array, key: Uint8Array, comparedBytes: number): boolean {
  const keyBytes = key.length;
  const shift = entry.keyAt - entry.sharedBytes;
  if (entry.trailerAt - shift !== keyBytes) return false;
  for (let i = comparedBytes; i < keyBytes; i++) {
    if (block[shift + i] !== key[i]) return false;
  }
  return true;
}
