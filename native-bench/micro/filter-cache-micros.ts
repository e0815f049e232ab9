import { BLOCK_BYTES_DEFAULT, BLOOM_BITS_PER_KEY_DEFAULT, MIB } from '../../src/base/limits.js';
import { Prng } from '../../src/base/prng.js';
import { BlockCache } from '../../src/table/block-cache.js';
import { type BloomFilter, decodeBloomFilter, mayContain } from '../../src/table/bloom-filter.js';
import { BloomFilterBuilder } from '../../src/table/bloom-filter-builder.js';
import type { Micro, MicroContext } from './micro.js';

const OPERATIONS = 500;
/** More than a large table has: its filter of 1.2 MB is not in the processor's nearest cache. */
const FILTER_KEYS = 1_000_000;
const CACHE_BYTES = 64 * MIB;
const CACHED_BLOCKS = CACHE_BYTES / BLOCK_BYTES_DEFAULT;
const TABLE_COUNT = 8;

interface Filled {
  readonly filter: BloomFilter;
  readonly added: Uint32Array;
}

function makeFilter({ entriesMax }: MicroContext): Filled {
  const random = new Prng(1);
  const added = Uint32Array.from({ length: Math.min(FILTER_KEYS, entriesMax) }, () => random.nextUint32());
  const builder = new BloomFilterBuilder();
  for (const hash of added) builder.addHash(hash);
  return { filter: decodeBloomFilter(builder.finish(BLOOM_BITS_PER_KEY_DEFAULT), 'a table', 0), added };
}

/** The probes of one key hash that is at hand; the hash itself is `xxhash/16`. */
function probes(name: string, hashesOf: (filled: Filled) => Uint32Array): Micro {
  return {
    name,
    prepare: (context) => {
      const filled = makeFilter(context);
      const { filter } = filled;
      const hashes = hashesOf(filled);
      let next = 0;
      return {
        operations: OPERATIONS,
        run: () => {
          let hits = 0;
          for (let i = 0; i < OPERATIONS; i++) {
            if (mayContain(filter, hashes[next])) hits++;
            next = next + 1 === hashes.length ? 0 : next + 1;
          }
          return hits;
        },
      };
    },
  };
}

function otherHashes({ added }: Filled): Uint32Array {
  const random = new Prng(2);
  return Uint32Array.from(added, () => random.nextUint32());
}

interface Place {
  readonly table: number;
  readonly offsetBytes: number;
}

function places(count: number, firstOffset: number): Place[] {
  const random = new Prng(3);
  const ordered = Array.from({ length: count }, (_, i) => ({
    table: i % TABLE_COUNT,
    offsetBytes: firstOffset + i * BLOCK_BYTES_DEFAULT,
  }));
  for (let i = count - 1; i > 0; i--) {
    const other = random.below(i + 1);
    [ordered[i], ordered[other]] = [ordered[other], ordered[i]];
  }
  return ordered;
}

function fullCache(cached: readonly Place[]): BlockCache {
  const cache = new BlockCache(cached.length * BLOCK_BYTES_DEFAULT);
  for (const { table, offsetBytes } of cached) cache.insert(table, offsetBytes, { offsetBytes }, BLOCK_BYTES_DEFAULT);
  return cache;
}

/** Blocks in random order: the search in the hash, and the move to the front of the order of use. */
const hit: Micro = {
  name: 'cache/hit',
  prepare: ({ entriesMax }) => {
    const asked = places(Math.min(CACHED_BLOCKS, entriesMax), 0);
    const cache = fullCache(asked);
    let next = 0;
    return {
      operations: OPERATIONS,
      run: () => {
        let hits = 0;
        for (let i = 0; i < OPERATIONS; i++) {
          const { table, offsetBytes } = asked[next];
          if (cache.get(table, offsetBytes) !== undefined) hits++;
          next = next + 1 === asked.length ? 0 : next + 1;
        }
        return hits;
      },
    };
  },
};

/** A block that is not there, and then takes the place of the oldest one: what a read pays beside reading it. */
const missAndInsert: Micro = {
  name: 'cache/miss-and-insert',
  prepare: ({ entriesMax }) => {
    const count = Math.min(CACHED_BLOCKS, entriesMax);
    const cache = fullCache(places(count, 0));
    // Twice as many as fit, in turns: each has long been pushed out when it comes again.
    const asked = places(2 * count, 2 ** 33);
    const block = { offsetBytes: 0 };
    let next = 0;
    return {
      operations: OPERATIONS,
      run: () => {
        let misses = 0;
        for (let i = 0; i < OPERATIONS; i++) {
          const { table, offsetBytes } = asked[next];
          if (cache.get(table, offsetBytes) === undefined) {
            cache.insert(table, offsetBytes, block, BLOCK_BYTES_DEFAULT);
            misses++;
          }
          next = next + 1 === asked.length ? 0 : next + 1;
        }
        return misses;
      },
    };
  },
};

export const FILTER_CACHE_MICROS: readonly Micro[] = [
  probes('filter/hit', ({ added }) => added),
  probes('filter/miss', otherHashes),
  hit,
  missAndInsert,
];
