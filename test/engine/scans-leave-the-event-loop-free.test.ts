import { describe, expect, it } from 'vitest';
import type { Database, EntryIterator } from '../../src/engine/api.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { withDatabase } from '../support/test-database.js';

const ENTRIES = 40_000;
const VALUE = Buffer.alloc(10);

async function fill(db: Database): Promise<void> {
  for (let first = 0; first < ENTRIES; first += 1000) {
    const keys = Array.from({ length: 1000 }, (_, i) => String(first + i).padStart(8, '0'));
    await db.batch(
      keys.map((key) => ({ type: 'put', key, value: VALUE })),
      { sync: false },
    );
  }
}

/** How often others had their turn while the scan, of which everything is in memory, was under way. */
async function turnsDuring(scan: () => Promise<number>): Promise<number> {
  let turns = 0;
  let isOver = false;
  const count = (): void => {
    turns++;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  expect(await scan()).toBe(ENTRIES);
  isOver = true;
  return turns;
}

async function byCalls(iterator: EntryIterator, rows: number): Promise<number> {
  let found = 0;
  for (;;) {
    const entries = await iterator.nextv(rows);
    found += entries.length;
    if (entries.length === 0) break;
  }
  await iterator.close();
  return found;
}

async function byLoop(iterator: EntryIterator): Promise<number> {
  let found = 0;
  for await (const _ of iterator) found++;
  return found;
}

// law 11
describe('a scan that takes long in all', () => {
  it('gives others their turn between calls that are short each', () =>
    withDatabase(new MemoryFileSystem(), {}, async (db) => {
      await fill(db);
      expect(await turnsDuring(() => byCalls(db.iterator(), 100))).toBeGreaterThan(1);
    }));

  it('does so row by row', () =>
    withDatabase(new MemoryFileSystem(), {}, async (db) => {
      await fill(db);
      expect(await turnsDuring(() => byLoop(db.iterator()))).toBeGreaterThan(1);
    }));

  it('does so in a transaction', () =>
    withDatabase(new MemoryFileSystem(), {}, async (db) => {
      await fill(db);
      const scan = (): Promise<number> => db.transaction((transaction) => byCalls(transaction.iterator(), 100));
      expect(await turnsDuring(scan)).toBeGreaterThan(1);
    }));
});
