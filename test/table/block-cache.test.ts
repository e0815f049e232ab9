import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlockCache } from '../../src/table/block-cache.js';

/** Least recently used, the plain way: a Map keeps its order of insertion. */
class NaiveCache {
  readonly #entries = new Map<string, { table: number; block: object; charge: number }>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get used(): number {
    return [...this.#entries.values()].reduce((sum, { charge }) => sum + charge, 0);
  }

  get(table: number, offset: number): object | undefined {
    const key = `${table}/${offset}`;
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.block;
  }

  insert(table: number, offset: number, block: object, charge: number): void {
    if (charge > this.#capacity) return;
    for (const key of this.#entries.keys()) {
      if (this.used + charge <= this.#capacity) break;
      this.#entries.delete(key);
    }
    this.#entries.set(`${table}/${offset}`, { table, block, charge });
  }

  evictTable(table: number): void {
    for (const [key, entry] of this.#entries) if (entry.table === table) this.#entries.delete(key);
  }
}

const HUGE = 2 ** 40;

describe('the block cache', () => {
  it('behaves like a plain least-recently-used cache', () => {
    const step = fc.record({
      action: fc.constantFrom('get', 'get', 'use', 'use', 'use', 'evict' as const),
      table: fc.constantFrom(1, 2, 3, HUGE + 1),
      offset: fc.constantFrom(0, 1, 4096, 5, HUGE, HUGE + 1, 2 ** 31, 2 ** 32, 77, 78),
      charge: fc.integer({ min: 1, max: 40 }),
    });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 200, size: 'max' }),
        fc.integer({ min: 0, max: 120 }),
        (steps, capacity) => {
          const cache = new BlockCache(capacity);
          const model = new NaiveCache(capacity);
          for (const { action, table, offset, charge } of steps) {
            if (action === 'evict') {
              cache.evictTable(table);
              model.evictTable(table);
            } else {
              const found = cache.get(table, offset);
              expect(found).toBe(model.get(table, offset));
              if (action === 'use' && found === undefined) {
                const block = { table, offset };
                cache.insert(table, offset, block, charge);
                model.insert(table, offset, block, charge);
              }
            }
            expect(cache.usedBytes).toBe(model.used);
            expect(cache.usedBytes).toBeLessThanOrEqual(capacity);
          }
        },
      ),
      { seed: 1, numRuns: 300 },
    );
  });

  it('grows to many small blocks and finds every one of them', () => {
    const cache = new BlockCache(1e9);
    for (let i = 0; i < 20_000; i++) cache.insert(i % 7, i * 64, { i }, 64);
    expect(cache.blockCount).toBe(20_000);
    for (let i = 0; i < 20_000; i++) expect(cache.get(i % 7, i * 64)).toEqual({ i });
    for (let table = 0; table < 7; table++) cache.evictTable(table);
    expect([cache.usedBytes, cache.blockCount]).toEqual([0, 0]);
  });

  it('keeps the block that was just inserted until the next insert', () => {
    const cache = new BlockCache(100);
    for (let i = 0; i < 50; i++) {
      cache.insert(1, i, { i }, 100);
      expect(cache.get(1, i)).toEqual({ i });
    }
    expect(cache.blockCount).toBe(1);
  });

  it('leaves a block alone that is larger than itself, and with it all others', () => {
    const cache = new BlockCache(100);
    cache.insert(1, 0, {}, 60);
    cache.insert(1, 1, {}, 101);
    expect(cache.get(1, 0)).toBeDefined();
    expect(cache.get(1, 1)).toBeUndefined();
  });

  it('counts hits and misses', () => {
    const cache = new BlockCache(100);
    cache.insert(1, 0, {}, 1);
    cache.get(1, 0);
    cache.get(1, 0);
    cache.get(1, 1);
    expect([cache.hits, cache.misses]).toEqual([2, 1]);
  });
});
