import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KIND_DELETE, KIND_PUT } from '../../src/base/internal-key.js';
import { Prng } from '../../src/base/prng.js';
import { DeferredInserts } from '../../src/memtable/deferred-inserts.js';
import { Memtable } from '../../src/memtable/memtable.js';
import { sortByPrefix } from '../../src/memtable/sort-by-prefix.js';
import { collectForward, createDirtyArena, insertRecord, type ModelRecord } from './memtable-model.js';

const ARENA_BYTES = 2 * 1024 * 1024;

function add(inserts: DeferredInserts, { key, sequence, kind, value }: ModelRecord): void {
  inserts.add(sequence, kind, key, 0, key.length, value, 0, value.length);
}

function linkAll(inserts: DeferredInserts): void {
  for (const _ of inserts.linkInSteps());
}

function contentsOf(memtable: Memtable): string[] {
  const iterator = memtable.iterator();
  iterator.seekToFirst();
  return collectForward(iterator);
}

function insertedAtOnce(records: readonly ModelRecord[]): string[] {
  const memtable = new Memtable(createDirtyArena(ARENA_BYTES));
  for (const record of records) insertRecord(memtable, record);
  return contentsOf(memtable);
}

/** `count` versions of few keys with a stem in common, or of many without one. */
function drawRecords(prng: Prng, count: number, keyBytes: number, stem: string): ModelRecord[] {
  return Array.from({ length: count }, (_, i) => ({
    key: Buffer.concat([Buffer.from(stem), prng.fill(Buffer.alloc(1 + prng.below(keyBytes)))]),
    sequence: i + 1,
    kind: prng.chance(0.2) ? KIND_DELETE : KIND_PUT,
    value: Buffer.from(`value ${i}`),
  }));
}

describe('deferred inserts', () => {
  it('leave the same memtable as inserts one by one, however many are linked at once', () => {
    const drawn = fc.record({
      seed: fc.nat(),
      count: fc.constantFrom(1, 3, 64, 65, 900),
      linkEvery: fc.constantFrom(1, 63, 64, 200, 10_000),
      keyBytes: fc.constantFrom(1, 2, 9),
      stem: fc.constantFrom('', 'a', 'tenant-000001/2026-'),
    });
    const property = fc.property(drawn, ({ seed, count, linkEvery, keyBytes, stem }) => {
      const records = drawRecords(new Prng(seed), count, keyBytes, stem);
      const memtable = new Memtable(createDirtyArena(ARENA_BYTES));
      const inserts = new DeferredInserts(memtable);
      for (const record of records) {
        add(inserts, record);
        if (inserts.count >= linkEvery) linkAll(inserts);
      }
      linkAll(inserts);
      expect(inserts.count).toBe(0);
      expect(memtable.entryCount).toBe(count);
      expect(contentsOf(memtable)).toEqual(insertedAtOnce(records));
    });
    fc.assert(property, { seed: 1, numRuns: 120 });
  });

  it('hide a record until it is linked', () => {
    const memtable = new Memtable(createDirtyArena(ARENA_BYTES));
    const inserts = new DeferredInserts(memtable);
    for (const record of drawRecords(new Prng(1), 100, 5, '')) add(inserts, record);
    expect(inserts.count).toBe(100);
    expect(contentsOf(memtable)).toEqual([]);
    linkAll(inserts);
    expect(contentsOf(memtable)).toHaveLength(100);
  });

  it('give control back after each step', () => {
    const memtable = new Memtable(createDirtyArena(ARENA_BYTES));
    const inserts = new DeferredInserts(memtable);
    for (const record of drawRecords(new Prng(1), 10_000, 8, '')) add(inserts, record);
    expect([...inserts.linkInSteps()].length).toBeGreaterThanOrEqual(3);
  });

  it('never need more room than the memtable said it has, to the last byte of it', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const prng = new Prng(seed);
      const limitBytes = 8 * 1024 + 4 * prng.below(16 * 1024);
      const memtable = new Memtable(createDirtyArena(limitBytes));
      const inserts = new DeferredInserts(memtable);
      const taken: ModelRecord[] = [];
      for (const record of drawRecords(prng, 3000, prng.pick([1, 2, 6]), '')) {
        const bytes = record.key.length + record.value.length;
        if (!memtable.hasRoom(1, bytes)) linkAll(inserts);
        if (!memtable.hasRoom(1, bytes)) break;
        add(inserts, record);
        taken.push(record);
      }
      linkAll(inserts);
      expect(taken.length).toBeLessThan(3000);
      expect(memtable.usedBytes).toBeLessThanOrEqual(limitBytes);
      expect(contentsOf(memtable)).toEqual(insertedAtOnce(taken));
    }
  });
});

describe('the sort by prefixes', () => {
  it('orders by the upper 22 bits, and leaves what agrees in them as it was', () => {
    const prng = new Prng(7);
    const prefixes = Array.from({ length: 5000 }, () =>
      prng.chance(0.5) ? prng.nextUint32() : (prng.below(3) << 30) >>> 0,
    );
    const expected = prefixes
      .map((prefix, record) => ({ prefix, record }))
      .sort((a, b) => (a.prefix >>> 10) - (b.prefix >>> 10) || a.record - b.record)
      .map(({ record }) => record);
    const records = Int32Array.from(prefixes, (_, i) => i);
    expect([...sortByPrefix(records, Uint32Array.from(prefixes))]).toEqual(expected);
  });
});
