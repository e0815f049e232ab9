import { writeUint32 } from '../base/bytes.js';
import { assert } from '../base/errors.js';
import {
  FILTER_HASH_XXHASH32,
  FILTER_LINE_BYTES,
  FILTER_LINES_MAX,
  FILTER_PROBES_MAX,
  FILTER_TRAILER_BYTES,
  filterLineAt,
  firstProbe,
  nextProbe,
  probeBit,
} from './bloom-filter.js';
import { KEY_HASH_SEED } from './key-hash.js';

const HASHES_INITIAL = 4096;
const LINE_BITS = FILTER_LINE_BYTES * 8;
/** A little below the ln 2 of a plain bloom filter: full lines are what hurts a filter in lines. */
const PROBES_PER_BIT = 0.62;

/**
 * Collects the hash of every distinct user key of a table; the number of keys, and so the size, is known at the end.
 */
export class BloomFilterBuilder {
  #hashes = new Uint32Array(HASHES_INITIAL);
  #count = 0;

  get keyCount(): number {
    return this.#count;
  }

  addHash(hash: number): void {
    if (this.#count === this.#hashes.length) {
      const larger = new Uint32Array(this.#count * 2);
      larger.set(this.#hashes);
      this.#hashes = larger;
    }
    this.#hashes[this.#count++] = hash;
  }

  /** The filter block's content: lines and trailer. */
  finish(bitsPerKey: number): Uint8Array {
    assert(bitsPerKey > 0, 'a filter has bits');
    const lineCount = filterLineCount(this.#count, bitsPerKey);
    const probeCount = Math.min(FILTER_PROBES_MAX, Math.max(1, Math.round(bitsPerKey * PROBES_PER_BIT)));
    const content = new Uint8Array(lineCount * FILTER_LINE_BYTES + FILTER_TRAILER_BYTES);
    for (let i = 0; i < this.#count; i++) setBits(content, this.#hashes[i], lineCount, probeCount);
    const trailerAt = lineCount * FILTER_LINE_BYTES;
    content[trailerAt] = FILTER_HASH_XXHASH32;
    content[trailerAt + 1] = probeCount;
    writeUint32(content, trailerAt + 4, KEY_HASH_SEED);
    writeUint32(content, trailerAt + 8, lineCount);
    return content;
  }
}

/** Bytes of the filter block for this many keys. */
export function filterBytes(keyCount: number, bitsPerKey: number): number {
  return filterLineCount(keyCount, bitsPerKey) * FILTER_LINE_BYTES + FILTER_TRAILER_BYTES;
}

function filterLineCount(keyCount: number, bitsPerKey: number): number {
  return Math.min(FILTER_LINES_MAX, Math.max(1, Math.ceil((keyCount * bitsPerKey) / LINE_BITS)));
}

function setBits(content: Uint8Array, hash: number, lineCount: number, probeCount: number): void {
  const lineAt = filterLineAt(hash, lineCount);
  let probe = firstProbe(hash);
  for (let i = 0; i < probeCount; i++) {
    const bit = probeBit(probe);
    content[lineAt + (bit >>> 3)] |= 1 << (bit & 7);
    probe = nextProbe(probe);
  }
}
