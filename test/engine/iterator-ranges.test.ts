import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database, IteratorOptions } from '../../src/engine/api.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { keysOf, openOn } from '../support/test-database.js';

const KEYS = ['a', 'b', 'bb', 'c', 'd', 'e', 'f'];
const BOUNDS = [undefined, '', 'a', 'b', 'ba', 'bb', 'c', 'e', 'f', 'z'];

function expectedKeys({ gt, gte, lt, lte, reverse, limit }: IteratorOptions): string[] {
  // Of two bounds for one side the inclusive one counts.
  const above = (key: string) => (gte !== undefined ? key >= `${gte}` : gt === undefined || key > `${gt}`);
  const below = (key: string) => (lte !== undefined ? key <= `${lte}` : lt === undefined || key < `${lt}`);
  const inside = KEYS.filter((key) => above(key) && below(key));
  return (reverse ? inside.reverse() : inside).slice(0, limit ?? KEYS.length);
}

/** Half of the keys in a table, half in the memtable, with deleted and shadowed ones among them. */
async function mixedDatabase(): Promise<Database> {
  const db = await openOn(new MemoryFileSystem());
  for (const key of ['a', 'bb', 'd', 'f', 'dead', 'c']) await db.put(key, 'old');
  await db.flush();
  for (const key of ['b', 'c', 'e', 'a']) await db.put(key, key);
  await db.del('dead');
  await db.del('never');
  return db;
}

describe('an iterator', () => {
  let db: Database;
  beforeAll(async () => {
    db = await mixedDatabase();
  });
  afterAll(() => db.close());

  it.each([
    ['gt', 'lt'],
    ['gt', 'lte'],
    ['gte', 'lt'],
    ['gte', 'lte'],
  ] as const)('keeps within %s and %s, whatever they are, in both directions', async (lower, upper) => {
    for (const from of BOUNDS) {
      for (const to of BOUNDS) {
        for (const reverse of [false, true]) {
          const options = { [lower]: from, [upper]: to, reverse };
          expect(await keysOf(db, options), JSON.stringify(options)).toEqual(expectedKeys(options));
        }
      }
    }
  });

  it('prefers the inclusive one of two bounds for one side', async () => {
    const options = { gt: 'c', gte: 'b', lt: 'd', lte: 'e' };
    expect(await keysOf(db, options)).toEqual(expectedKeys(options));
    expect(await keysOf(db, options)).toEqual(['b', 'bb', 'c', 'd', 'e']);
  });

  it('ends after `limit` entries', async () => {
    for (const limit of [0, 1, 3, 7, 100]) {
      for (const reverse of [false, true]) {
        expect(await keysOf(db, { limit, reverse })).toEqual(expectedKeys({ limit, reverse }));
      }
    }
    expect(await keysOf(db, { limit: Number.POSITIVE_INFINITY })).toEqual(KEYS);
  });

  it('leaves out keys or values when told to', async () => {
    const [keysOnly] = await db.iterator({ values: false }).nextv(1);
    expect(keysOnly).toEqual([Buffer.from('a'), Buffer.alloc(0)]);
    const [valuesOnly] = await db.iterator({ keys: false }).nextv(1);
    expect(valuesOnly).toEqual([Buffer.alloc(0), Buffer.from('a')]);
  });

  it('takes bounds as bytes, too', async () => {
    expect(await keysOf(db, { gte: Buffer.from('c'), lt: new Uint8Array([0x65]) })).toEqual(['c', 'd']);
  });

  it.each([
    ['gt', { gt: 7 }],
    ['lte', { lte: null }],
    ['limit', { limit: -2 }],
    ['limit', { limit: 1.5 }],
  ])('refuses a malformed %s by name', (name, options) => {
    expect(() => db.iterator(options as IteratorOptions)).toThrow(
      expect.objectContaining({ code: 'STEME_INVALID_RANGE', message: expect.stringContaining(name) }),
    );
  });
});
