/**
 * A bloom filter in cache lines: all probes of one key fall into one 64-byte line, so that a lookup costs one cache
 * miss instead of seven, for about a quarter more false positives than bits spread over the whole filter. Layout:
 *
 *     offset       size  field
 *          0     64 × n  lines; the table writer places them at a multiple of 64 in the file, so that a mapped line is
 *                        a line of the processor's cache
 *     64 × n          1  hash: 1 is xxHash32 of the user key
 *       +  1          1  probes per key
 *       +  2          2  zero
 *       +  4          4  seed of the hash
 *       +  8          4  n
 *
 * The line is the hash scaled to [0, n); bit i of a key is the top nine bits of hash × C^(i+1), C odd.
 */
import { readUint32 } from '../base/bytes.js';
import { CorruptionError, StemeError } from '../base/errors.js';
import { KEY_HASH_SEED } from './key-hash.js';

export const FILTER_LINE_BYTES = 64;
export const FILTER_TRAILER_BYTES = 12;
export const FILTER_HASH_XXHASH32 = 1;
export const FILTER_PROBES_MAX = 24;
/** Keeps hash × lines exact in a Number. Past 128 MiB of filter, more keys mean more false positives. */
export const FILTER_LINES_MAX = 2 ** 21;

const TWO_32 = 2 ** 32;
const REMIX = 0x9e3779b9;
const BIT_SHIFT = 23;

export interface BloomFilter {
  readonly bytes: Uint8Array;
  readonly lineCount: number;
  readonly probeCount: number;
}

/** Where the line of `hash` starts. */
export function filterLineAt(hash: number, lineCount: number): number {
  return Math.floor((hash * lineCount) / TWO_32) * FILTER_LINE_BYTES;
}

/** The bits of a key in its line: start with `firstProbe`, take `probeBit`, go on with `nextProbe`. */
export function firstProbe(hash: number): number {
  return Math.imul(hash, REMIX);
}

export function nextProbe(probe: number): number {
  return Math.imul(probe, REMIX);
}

/** In [0, 512). */
export function probeBit(probe: number): number {
  return probe >>> BIT_SHIFT;
}

/** False only if no key with this hash was added. */
export function mayContain(filter: BloomFilter, hash: number): boolean {
  const bytes = filter.bytes;
  const lineAt = filterLineAt(hash, filter.lineCount);
  let probe = firstProbe(hash);
  for (let i = filter.probeCount; i > 0; i--) {
    const bit = probeBit(probe);
    if ((bytes[lineAt + (bit >>> 3)] & (1 << (bit & 7))) === 0) return false;
    probe = nextProbe(probe);
  }
  return true;
}

/**
 * Whether that is true of each of the first `count` hashes. Their lines are touched first, one load after another with nothing
 * between them, so that the processor waits for all of them at once.
 */
export function mayContainAll(filter: BloomFilter, hashes: Uint32Array, count: number): boolean {
  const { bytes, lineCount } = filter;
  let touched = 0;
  for (let i = 0; i < count; i++) touched |= bytes[filterLineAt(hashes[i], lineCount)];
  let areAll = touched >= 0;
  for (let i = 0; i < count; i++) areAll &&= mayContain(filter, hashes[i]);
  return areAll;
}

/** Reads the filter block `content`, found at `offsetBytes` of `file`. STEME_UNSUPPORTED if it wants another hash. */
export function decodeBloomFilter(content: Uint8Array, file: string, offsetBytes: number): BloomFilter {
  const trailerAt = content.length - FILTER_TRAILER_BYTES;
  const lineCount = trailerAt < 0 ? 0 : readUint32(content, trailerAt + 8);
  if (lineCount === 0 || lineCount > FILTER_LINES_MAX || lineCount * FILTER_LINE_BYTES !== trailerAt) {
    const found = `${lineCount} lines in ${content.length} bytes`;
    throw new CorruptionError({ file, offsetBytes, expected: 'a filter of whole lines', found });
  }
  const hash = content[trailerAt];
  const seed = readUint32(content, trailerAt + 4);
  if (hash !== FILTER_HASH_XXHASH32 || seed !== KEY_HASH_SEED) {
    const known = `hash ${FILTER_HASH_XXHASH32} with seed ${KEY_HASH_SEED}`;
    throw new StemeError(
      'STEME_UNSUPPORTED',
      `the filter of ${file} uses hash ${hash} with seed ${seed}; this version knows ${known}`,
    );
  }
  const probeCount = content[trailerAt + 1];
  if (probeCount === 0 || probeCount > FILTER_PROBES_MAX) {
    throw new CorruptionError({
      file,
      offsetBytes,
      expected: `1 to ${FILTER_PROBES_MAX} probes`,
      found: String(probeCount),
    });
  }
  return { bytes: content, lineCount, probeCount };
}
