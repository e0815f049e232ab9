import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMPTY_BYTES } from '../../src/base/bytes.js';
import { KIND_DELETE, KIND_PUT, KIND_PUT_BLOB } from '../../src/base/internal-key.js';
import { KIB, MIB, SEQUENCE_MAX } from '../../src/base/limits.js';
import { LOOKUP_DELETED, LOOKUP_FOUND, LOOKUP_MISSING, type PointResult } from '../../src/base/point-result.js';
import { hashKey } from '../../src/table/key-hash.js';
import { RowCache } from '../../src/table/row-cache.js';

interface Row {
  readonly value: Uint8Array;
  readonly sequence: number;
  readonly kind: number;
}

function emptyResult(): PointResult {
  return { state: LOOKUP_MISSING, source: EMPTY_BYTES, start: 0, end: 0, sequence: 0, kind: KIND_DELETE };
}

/** Values are offered out of the middle of a block, as tables do. */
function found({ value, sequence, kind }: Row): PointResult {
  const source = new Uint8Array(value.length + 7);
  source.set(value, 3);
  const state = kind === KIND_DELETE ? LOOKUP_DELETED : LOOKUP_FOUND;
  return { state, source, start: 3, end: 3 + value.length, sequence, kind };
}

function hashOf(key: Uint8Array): number {
  return hashKey(key, 0, key.length);
}

function get(cache: RowCache, table: number, key: Uint8Array, sequenceMax = SEQUENCE_MAX): Row | undefined {
  const result = emptyResult();
  if (!cache.get(table, key, hashOf(key), sequenceMax, result)) return undefined;
  const { source, start, end, sequence, kind } = result;
  expect(result.state).toBe(kind === KIND_DELETE ? LOOKUP_DELETED : LOOKUP_FOUND);
  return { value: source.slice(start, end), sequence, kind };
}

/** What a table does: the cache first, else the row itself, offered. */
function read(cache: RowCache, table: number, key: Uint8Array, row: Row): Row {
  const cached = get(cache, table, key);
  if (cached === undefined) cache.offer(table, key, hashOf(key), found(row));
  return cached ?? row;
}

function keyOf(number: number): Uint8Array {
  return Buffer.from(`key-${String(number).padStart(8, '0')}`);
}

function rowOf(number: number, valueBytes = 100): Row {
  return { value: new Uint8Array(valueBytes).fill(number), sequence: number + 1, kind: KIND_PUT };
}

describe('the row cache', () => {
  it('keeps a key from its second lookup on, and answers with the row as it was', () => {
    const cache = new RowCache(MIB);
    const row = { value: Buffer.from('value'), sequence: 2 ** 50 + 17, kind: KIND_PUT_BLOB };
    read(cache, 5, keyOf(1), row);
    expect(get(cache, 5, keyOf(1))).toBeUndefined();
    read(cache, 5, keyOf(1), row);
    expect(get(cache, 5, keyOf(1))).toEqual({ ...row, value: new Uint8Array(row.value) });
    expect(cache.rowCount).toBe(1);
  });

  it('keeps a tombstone as well', () => {
    const cache = new RowCache(MIB);
    const row = { value: EMPTY_BYTES, sequence: 3, kind: KIND_DELETE };
    for (let i = 0; i < 2; i++) read(cache, 5, keyOf(1), row);
    expect(get(cache, 5, keyOf(1))).toEqual({ ...row, value: new Uint8Array(0) });
  });

  it('says nothing to a reader of an older moment, or of another table', () => {
    const cache = new RowCache(MIB);
    for (let i = 0; i < 2; i++) read(cache, 5, keyOf(1), { ...rowOf(1), sequence: 9 });
    expect(get(cache, 5, keyOf(1), 8)).toBeUndefined();
    expect(get(cache, 5, keyOf(1), 9)).toBeDefined();
    expect(get(cache, 6, keyOf(1))).toBeUndefined();
  });

  it('takes no memory before it is used, and none at all when it is off', () => {
    expect(new RowCache(MIB).usedBytes).toBe(0);
    for (const capacityBytes of [0, 1, 100]) {
      const cache = new RowCache(capacityBytes);
      for (let i = 0; i < 3; i++) read(cache, 5, keyOf(1), rowOf(1));
      expect(cache.rowCount).toBe(0);
    }
  });

  it('leaves out rows that are large', () => {
    const cache = new RowCache(MIB);
    for (let i = 0; i < 3; i++) read(cache, 5, keyOf(1), rowOf(1, 3 * KIB));
    expect(cache.rowCount).toBe(0);
  });

  it('keeps nearly all rows that fit it', () => {
    const cache = new RowCache(MIB);
    const count = 6000;
    for (let round = 0; round < 3; round++) for (let i = 0; i < count; i++) read(cache, 5, keyOf(i), rowOf(i));
    const hits = cache.hits;
    for (let i = 0; i < count; i++) read(cache, 5, keyOf(i), rowOf(i));
    expect(cache.hits - hits).toBeGreaterThan(count * 0.95);
  });

  it('takes in a new table that came in the place of another', () => {
    const cache = new RowCache(MIB);
    const count = 4000;
    for (const table of [5, 6]) {
      for (let round = 0; round < 8; round++) for (let i = 0; i < count; i++) read(cache, table, keyOf(i), rowOf(i));
    }
    const hits = cache.hits;
    for (let i = 0; i < count; i++) read(cache, 6, keyOf(i), rowOf(i));
    expect(cache.hits - hits).toBeGreaterThan(count * 0.95);
  });

  it('keeps rows that are asked for again while others come and go', () => {
    const cache = new RowCache(64 * KIB);
    let missed = 0;
    for (let i = 0; i < 20_000; i++) {
      for (let j = 0; j < 2; j++) read(cache, 5, keyOf(100 + i), rowOf(i));
      const before = cache.misses;
      for (const hot of [1, 2, 3]) read(cache, 5, keyOf(hot), rowOf(hot));
      if (i > 10) missed += cache.misses - before;
    }
    expect(missed).toBeLessThan(60);
  });

  it('a walk over many keys pushes nothing out', () => {
    const cache = new RowCache(64 * KIB);
    for (let i = 0; i < 3; i++) for (let hot = 0; hot < 20; hot++) read(cache, 5, keyOf(hot), rowOf(hot));
    for (let i = 0; i < 100_000; i++) read(cache, 5, keyOf(1000 + i), rowOf(i));
    const misses = cache.misses;
    for (let hot = 0; hot < 20; hot++) read(cache, 5, keyOf(hot), rowOf(hot));
    expect(cache.misses).toBe(misses);
  });

  it('never answers wrongly, in whatever order rows of whatever size come (property)', () => {
    const lookup = fc.record({
      table: fc.constantFrom(1, 2, 2 ** 32 - 1, 2 ** 32, 2 ** 40),
      key: fc.nat(60),
      sequenceMax: fc.constantFrom(5, 30, SEQUENCE_MAX),
    });
    fc.assert(
      fc.property(fc.integer({ min: 256, max: 8192 }), fc.array(lookup, { maxLength: 600 }), (capacity, lookups) => {
        const cache = new RowCache(capacity);
        for (const { table, key, sequenceMax } of lookups) {
          const row = rowOf(key + (table % 7), (key * 37) % 500);
          const name = keyOf(key).subarray(0, 4 + (key % 9));
          const own = Buffer.concat([name, Buffer.from([key])]);
          const cached = get(cache, table, own, sequenceMax);
          if (cached !== undefined) {
            expect(cached).toEqual(row);
            expect(row.sequence).toBeLessThanOrEqual(sequenceMax);
          } else {
            // A table offers what is its newest version alone.
            if (sequenceMax === SEQUENCE_MAX) cache.offer(table, own, hashOf(own), found(row));
          }
          expect(cache.usedBytes).toBeLessThanOrEqual(capacity);
        }
      }),
    );
  });
});
