/**
 * A bloom filter over the ids of one segment. A look-up asks the filters of thousands of segments and then opens those that may hold
 * the id, so it has more bits than the filter of a table, and spreads them over all of its memory: at 32 bits an id, one in four million
 * segments is opened in vain. Layout:
 *
 *     offset  size  field
 *          0     4  number of bits, a multiple of 8; 0 where there is no id
 *          4     1  probes per id
 *          5     3  zero
 *          8     …  bits, the lowest of each byte first
 *
 * Bits of an id: a and b are two hashes of 32 bits, b made odd; bit i = 1, 2, … is mix(a + i · b modulo 2^32) modulo the number of bits,
 * where mix is the finalizer of MurmurHash3 (Appleby). Without it, as in double hashing, the probes of an unlucky id fall on few bits of
 * a small filter, and it passes those of many small segments.
 */
import { readUint32, writeUint32 } from '../base/bytes.js';
import type { HashSet } from '../base/hash-set.js';
import { xxhash32 } from '../base/xxhash32.js';

const BITS_PER_ID = 32;
/** In fewer the probes of one id share bits. */
const BITS_MIN = 512;
const PROBES = 20;
const PROBES_MAX = 64;
const HEAD_BYTES = 8;
const FIRST_SEED = 0;
const SECOND_SEED = 0x9747b28c;
const SECOND_BITS = 20;
const SECOND_VALUES = 2 ** SECOND_BITS;
/** Odd: makes 32 bits of the second hash again. */
const SPREAD = 0x9e3779b1;

/** Two hashes of an id in one number: all 32 bits of the first times 2^20, and the upper 20 of the second. */
export function hashId(id: string): number {
  const bytes = Buffer.from(id, 'utf8');
  const first = xxhash32(bytes, 0, bytes.length, FIRST_SEED);
  const second = xxhash32(bytes, 0, bytes.length, SECOND_SEED);
  return first * SECOND_VALUES + (second >>> (32 - SECOND_BITS));
}

export function buildIdFilter(hashes: HashSet): Uint8Array {
  const bitCount = hashes.size === 0 ? 0 : Math.max(BITS_MIN, hashes.size * BITS_PER_ID);
  const filter = new Uint8Array(HEAD_BYTES + bitCount / 8);
  writeUint32(filter, 0, bitCount);
  filter[4] = PROBES;
  for (const hash of hashes.values()) {
    visitBits(hash, bitCount, PROBES, (bit) => {
      filter[HEAD_BYTES + (bit >>> 3)] |= 1 << (bit & 7);
      return true;
    });
  }
  return filter;
}

/** False only if no such id was added. `filter` has passed `isIdFilter`. */
export function mayHoldId(filter: Uint8Array, hash: number): boolean {
  const bitCount = readUint32(filter, 0);
  if (bitCount === 0) return false;
  return visitBits(hash, bitCount, filter[4], (bit) => (filter[HEAD_BYTES + (bit >>> 3)] & (1 << (bit & 7))) !== 0);
}

/** Whether bytes from a disk are a filter: of the length that they claim, and with probes. */
export function isIdFilter(bytes: Uint8Array): boolean {
  if (bytes.length < HEAD_BYTES) return false;
  const bitCount = readUint32(bytes, 0);
  return bitCount % 8 === 0 && bytes.length === HEAD_BYTES + bitCount / 8 && bytes[4] >= 1 && bytes[4] <= PROBES_MAX;
}

/** Calls `visit` for each bit of the id until it returns false; returns whether it never did. */
function visitBits(hash: number, bitCount: number, probes: number, visit: (bit: number) => boolean): boolean {
  const first = Math.floor(hash / SECOND_VALUES);
  const second = Math.imul(hash % SECOND_VALUES, SPREAD) | 1;
  for (let i = 1; i <= probes; i++) {
    if (!visit(mix(first + Math.imul(i, second)) % bitCount)) return false;
  }
  return true;
}

function mix(value: number): number {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
