import { KIND_DELETE, KIND_PUT } from '../../src/base/internal-key.js';
import { MIB } from '../../src/base/limits.js';
import { LOOKUP_FOUND, LOOKUP_MISSING, type PointResult } from '../../src/base/point-result.js';
import { hashKey } from '../../src/table/key-hash.js';
import { RowCache } from '../../src/table/row-cache.js';
import type { Micro } from './micro.js';
import { KEY_BYTES, keyView, makeKeys, VALUE_BYTES } from './micro-records.js';

const OPERATIONS = 500;
const CACHE_BYTES = 32 * MIB;
/** As many as a benchmark of hot reads asks for: 19 MB of rows. */
const KEY_COUNT = 1 << 17;
const PRESENT = 7;

interface Asked {
  readonly key: Uint8Array;
  readonly hash: number;
}

function askedKeys(count: number): Asked[] {
  const keys = makeKeys('random', count);
  return Array.from({ length: count }, (_, i) => {
    const key = keyView(keys, i);
    return { key, hash: hashKey(key, 0, KEY_BYTES) };
  });
}

function rowFound(): PointResult {
  const source = new Uint8Array(VALUE_BYTES);
  return { state: LOOKUP_FOUND, source, start: 0, end: VALUE_BYTES, sequence: 1, kind: KIND_PUT };
}

function emptyResult(): PointResult {
  return { state: LOOKUP_MISSING, source: new Uint8Array(0), start: 0, end: 0, sequence: 0, kind: KIND_DELETE };
}

/** Rows in random order, hash at hand, value not copied. */
const hit: Micro = {
  name: 'row-cache/hit',
  prepare: ({ entriesMax }) => {
    const asked = askedKeys(Math.min(KEY_COUNT, entriesMax));
    const cache = new RowCache(CACHE_BYTES);
    const found = rowFound();
    for (let round = 0; round < 2; round++) for (const { key, hash } of asked) cache.offer(key, hash, PRESENT, found);
    const result = emptyResult();
    let next = 0;
    return {
      operations: OPERATIONS,
      run: () => {
        let hits = 0;
        for (let i = 0; i < OPERATIONS; i++) {
          const { key, hash } = asked[next];
          if (cache.get(key, hash, PRESENT, result)) hits++;
          next = next + 1 === asked.length ? 0 : next + 1;
        }
        return hits;
      },
    };
  },
};

/** Keys that are asked for once in a while only: what a read past the cache pays for it. */
const missAndOffer: Micro = {
  name: 'row-cache/miss-and-offer',
  prepare: ({ entriesMax }) => {
    const asked = askedKeys(Math.min(4 * KEY_COUNT, entriesMax));
    const cache = new RowCache(CACHE_BYTES / 16);
    const found = rowFound();
    const result = emptyResult();
    let next = 0;
    return {
      operations: OPERATIONS,
      run: () => {
        let misses = 0;
        for (let i = 0; i < OPERATIONS; i++) {
          const { key, hash } = asked[next];
          if (!cache.get(key, hash, PRESENT, result)) {
            cache.offer(key, hash, PRESENT, found);
            misses++;
          }
          next = next + 1 === asked.length ? 0 : next + 1;
        }
        return misses;
      },
    };
  },
};

export const ROW_CACHE_MICROS: readonly Micro[] = [hit, missAndOffer];
