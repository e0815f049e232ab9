import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMPTY_BYTES } from '../../src/base/bytes.js';
import {
  KIND_DELETE,
  KIND_PUT,
  KIND_PUT_BLOB,
  KIND_PUT_EXPIRING,
  KIND_RANGE_DELETE,
} from '../../src/base/internal-key.js';
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

/** Behind all that a test writes by default. */
const PRESENT = 1_000_000;

function get(cache: RowCache, key: Uint8Array, sequenceMax = PRESENT): Row | undefined {
  const result = emptyResult();
  if (!cache.get(key, hashOf(key), sequenceMax, result)) return undefined;
  const { source, start, end, sequence, kind } = result;
  expect(result.state).toBe(kind === KIND_DELETE ? LOOKUP_DELETED : LOOKUP_FOUND);
  return { value: source.slice(start, end), sequence, kind };
}

/** What a reader does: the cache first, else the row itself, offered. */
function read(cache: RowCache, key: Uint8Array, row: Row, sequenceMax = PRESENT): Row {
  const cached = get(cache, key, sequenceMax);
  if (cached === undefined) cache.offer(key, hashOf(key), sequenceMax, found(row));
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
    const row = { value: Buffer.from('value'), sequence: 2 ** 50 + 17, kind: KIND_PUT_EXPIRING };
    const present = 2 ** 51;
    read(cache, keyOf(1), row, present);
    expect(get(cache, keyOf(1), present)).toBeUndefined();
    read(cache, keyOf(1), row, present);
    expect(get(cache, keyOf(1), present)).toEqual({ ...row, value: new Uint8Array(row.value) });
    expect(cache.rowCount).toBe(1);
  });

  it('keeps a tombstone as well', () => {
    const cache = new RowCache(MIB);
    const row = { value: EMPTY_BYTES, sequence: 3, kind: KIND_DELETE };
    for (let i = 0; i < 2; i++) read(cache, keyOf(1), row);
    expect(get(cache, keyOf(1))).toEqual({ ...row, value: new Uint8Array(0) });
  });

  it('says nothing to a reader of a moment before the version', () => {
    const cache = new RowCache(MIB);
    for (let i = 0; i < 2; i++) read(cache, keyOf(1), { ...rowOf(1), sequence: 9 });
    expect(get(cache, keyOf(1), 8)).toBeUndefined();
    expect(get(cache, keyOf(1), 9)).toBeDefined();
  });

  it('says nothing behind a write to the key, and all that it knows before it', () => {
    const cache = new RowCache(MIB);
    for (let i = 0; i < 2; i++) read(cache, keyOf(1), rowOf(1), 10);
    cache.noteWrite(11, KIND_PUT, keyOf(1));
    expect(get(cache, keyOf(1), 10)).toBeDefined();
    expect(get(cache, keyOf(1), 11)).toBeUndefined();
    read(cache, keyOf(1), { ...rowOf(5), sequence: 11 }, 11);
    expect(get(cache, keyOf(1), 12)?.sequence).toBe(11);
    cache.noteWrite(12, KIND_PUT, keyOf(2));
    expect(get(cache, keyOf(1), 12)?.sequence).toBe(11);
  });

  it('says nothing behind a range delete, or what may have written any key, until it was looked up again', () => {
    const cache = new RowCache(MIB);
    for (let i = 0; i < 2; i++) read(cache, keyOf(1), rowOf(1), 10);
    cache.noteWrite(11, KIND_RANGE_DELETE, keyOf(7));
    expect(get(cache, keyOf(1), 10)).toBeDefined();
    expect(get(cache, keyOf(1), 11)).toBeUndefined();
    read(cache, keyOf(1), rowOf(1), 11);
    expect(get(cache, keyOf(1), 11)).toBeDefined();
    cache.noteWriteToAny(12);
    expect(get(cache, keyOf(1), 11)).toBeDefined();
    expect(get(cache, keyOf(1), 12)).toBeUndefined();
  });

  it('takes nothing as of a moment before the writes that it knows nothing of', () => {
    const cache = new RowCache(MIB);
    cache.noteWrite(20, KIND_PUT, keyOf(1));
    for (let i = 0; i < 3; i++) read(cache, keyOf(1), rowOf(1), 19);
    expect(cache.rowCount).toBe(0);
    for (let i = 0; i < 3; i++) read(cache, keyOf(1), rowOf(1), 20);
    expect(get(cache, keyOf(1), 20)).toBeDefined();
  });

  it('takes nothing from a reader of what is not visible, no reference into a blob file, and no range delete', () => {
    const cache = new RowCache(MIB);
    for (let i = 0; i < 3; i++) {
      read(cache, keyOf(1), rowOf(1), SEQUENCE_MAX);
      read(cache, keyOf(2), { ...rowOf(2), kind: KIND_PUT_BLOB });
      cache.offer(keyOf(3), hashOf(keyOf(3)), PRESENT, { ...found(rowOf(3)), kind: KIND_RANGE_DELETE });
    }
    expect(cache.rowCount).toBe(0);
  });

  it('a reader who looks back takes nothing from those of the present', () => {
    const cache = new RowCache(MIB);
    for (let i = 0; i < 2; i++) read(cache, keyOf(1), rowOf(1), 5);
    cache.noteWrite(6, KIND_PUT, keyOf(1));
    read(cache, keyOf(1), { ...rowOf(8), sequence: 6 }, 6);
    expect(get(cache, keyOf(1), 6)?.sequence).toBe(6);
    read(cache, keyOf(1), rowOf(1), 5);
    expect(get(cache, keyOf(1), 6)?.sequence).toBe(6);
  });

  it('begins again where sequences have gone further than it counts', () => {
    const cache = new RowCache(MIB);
    for (let i = 0; i < 2; i++) read(cache, keyOf(1), rowOf(1), 10);
    cache.noteWrite(2 ** 32 + 9, KIND_PUT, keyOf(2));
    expect(get(cache, keyOf(1), 2 ** 32 + 9)).toBeDefined();
    cache.noteWrite(2 ** 32 + 10, KIND_PUT, keyOf(2));
    expect([cache.rowCount, cache.usedBytes]).toEqual([0, 0]);
    for (let i = 0; i < 2; i++) read(cache, keyOf(1), rowOf(1), 2 ** 32 + 10);
    expect(get(cache, keyOf(1), 2 ** 32 + 10)).toBeDefined();
    cache.noteWriteToAny(2 ** 33 + 10);
    expect(cache.rowCount).toBe(0);
  });

  it('takes no memory before it is used, and none at all when it is off', () => {
    expect(new RowCache(MIB).usedBytes).toBe(0);
    for (const capacityBytes of [0, 1, 100]) {
      const cache = new RowCache(capacityBytes);
      for (let i = 0; i < 3; i++) read(cache, keyOf(1), rowOf(1));
      expect(cache.rowCount).toBe(0);
    }
  });

  it('leaves out rows that are large', () => {
    const cache = new RowCache(MIB);
    for (let i = 0; i < 3; i++) read(cache, keyOf(1), rowOf(1, 3 * KIB));
    expect(cache.rowCount).toBe(0);
  });

  it('keeps nearly all rows that fit it', () => {
    const cache = new RowCache(MIB);
    const count = 6000;
    for (let round = 0; round < 3; round++) for (let i = 0; i < count; i++) read(cache, keyOf(i), rowOf(i));
    const hits = cache.hits;
    for (let i = 0; i < count; i++) read(cache, keyOf(i), rowOf(i));
    expect(cache.hits - hits).toBeGreaterThan(count * 0.95);
  });

  it('keeps rows that are asked for again while others come and go', () => {
    const cache = new RowCache(64 * KIB);
    let missed = 0;
    for (let i = 0; i < 20_000; i++) {
      for (let j = 0; j < 2; j++) read(cache, keyOf(100 + i), rowOf(i));
      const before = cache.misses;
      for (const hot of [1, 2, 3]) read(cache, keyOf(hot), rowOf(hot));
      if (i > 10) missed += cache.misses - before;
    }
    expect(missed).toBeLessThan(60);
  });

  it('a walk over many keys pushes nothing out', () => {
    const cache = new RowCache(64 * KIB);
    for (let i = 0; i < 3; i++) for (let hot = 0; hot < 20; hot++) read(cache, keyOf(hot), rowOf(hot));
    for (let i = 0; i < 100_000; i++) read(cache, keyOf(1000 + i), rowOf(i));
    const misses = cache.misses;
    for (let hot = 0; hot < 20; hot++) read(cache, keyOf(hot), rowOf(hot));
    expect(cache.misses).toBe(misses);
  });

  it('never answers wrongly, whatever is written and read in whatever order (property)', () => {
    const key = fc.nat(12);
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ kind: fc.constant('read' as const), key, back: fc.constantFrom(0, 0, 0, 1, 5) }),
      },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('write' as const), key, valueBytes: fc.nat(300) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), key }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('load' as const), key }) },
    );
    fc.assert(
      fc.property(fc.integer({ min: 256, max: 8192 }), fc.array(step, { maxLength: 600 }), (capacity, steps) => {
        const cache = new RowCache(capacity);
        const history = new History();
        for (const one of steps) {
          const name = nameOf(one.key);
          if (one.kind === 'read') {
            const sequenceMax = Math.max(0, history.sequence - one.back);
            const row = history.newest(one.key, sequenceMax);
            const cached = get(cache, name, sequenceMax);
            if (cached !== undefined) expect(cached).toEqual(row);
            else if (row !== undefined) cache.offer(name, hashOf(name), sequenceMax, found(row));
          } else if (one.kind === 'load') {
            cache.noteWriteToAny(history.sequence + 1);
            history.add(one.key, KIND_PUT, 7);
          } else {
            const kind = one.kind === 'write' ? KIND_PUT : KIND_DELETE;
            cache.noteWrite(history.sequence + 1, kind, name);
            history.add(one.key, kind, one.kind === 'write' ? one.valueBytes : 0);
          }
          expect(cache.usedBytes).toBeLessThanOrEqual(capacity);
        }
      }),
    );
  });
});

/** All versions that there ever were. */
class History {
  readonly #rows: { readonly key: number; readonly row: Row }[] = [];

  get sequence(): number {
    return this.#rows.length;
  }

  add(key: number, kind: number, valueBytes: number): void {
    const sequence = this.sequence + 1;
    this.#rows.push({ key, row: { value: new Uint8Array(valueBytes).fill(sequence), sequence, kind } });
  }

  newest(key: number, sequenceMax: number): Row | undefined {
    return this.#rows.slice(0, sequenceMax).findLast((one) => one.key === key)?.row;
  }
}

function nameOf(key: number): Uint8Array {
  return Buffer.concat([keyOf(key).subarray(0, 4 + (key % 9)), Buffer.from([key])]);
}
