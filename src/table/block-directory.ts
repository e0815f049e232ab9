/**
 * For a block that is asked again and again: the head (key-head.ts) of every key, taken behind the prefix that all
 * keys of the block share, and the offset of every entry, as pairs in one array. A walk through a block is a chain
 * of memory accesses, each waiting for the one before; the directory is a few adjacent cache lines, and then the one
 * entry that is meant. Measured on 60 MB of cached blocks, it takes a lookup in a block from 910 to 190 ns.
 */
import { commonPrefixLength } from '../base/bytes.js';
import { TRAILER_BYTES } from '../base/internal-key.js';
import { BlockIterator } from './block-iterator.js';
import { headOf } from './key-head.js';

export const DIRECTORY_ENTRY_WORDS = 2;
export const DIRECTORY_BYTES_PER_ENTRY = DIRECTORY_ENTRY_WORDS * 4;

const ENTRIES_INITIAL = 64;

export interface BlockDirectory {
  /** Head and offset, entry by entry. */
  readonly words: Uint32Array;
  readonly prefixBytes: number;
  /** The shared prefix is that of the first entry, whose key stands whole in the block from here. */
  readonly prefixStart: number;
}

const walker = new BlockIterator();

/** Walks the checked `block` at `offsetBytes` of `file`. CorruptionError if its lengths do not fit. */
export function buildBlockDirectory(block: Uint8Array, file: string, offsetBytes: number): BlockDirectory {
  walker.init(block, file, offsetBytes);
  walker.seekToLast();
  const lastKey = new Uint8Array(walker.keySource.subarray(0, walker.keyEnd));
  walker.seekToFirst();
  const prefixStart = walker.valueStart - TRAILER_BYTES - walker.keyEnd;
  const prefixBytes = commonPrefixLength(walker.keySource, 0, walker.keyEnd, lastKey, 0, lastKey.length);
  const words = collectWords(prefixBytes);
  walker.clear();
  return { words, prefixBytes, prefixStart };
}

/** The position in `words` of the first head at or above `head`. */
export function findHead(words: Uint32Array, head: number): number {
  let low = 0;
  let high = words.length >>> 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (words[middle * DIRECTORY_ENTRY_WORDS] < head) low = middle + 1;
    else high = middle;
  }
  return low * DIRECTORY_ENTRY_WORDS;
}

/** Head and offset of each entry from the one on where `walker` stands. */
function collectWords(prefixBytes: number): Uint32Array {
  let words = new Uint32Array(ENTRIES_INITIAL * DIRECTORY_ENTRY_WORDS);
  let count = 0;
  for (; walker.valid; walker.next()) {
    if (count === words.length) {
      const larger = new Uint32Array(count * 2);
      larger.set(words);
      words = larger;
    }
    words[count] = headOf(walker.keySource, prefixBytes, walker.keyEnd);
    words[count + 1] = walker.entryAt;
    count += DIRECTORY_ENTRY_WORDS;
  }
  return words.slice(0, count);
}
