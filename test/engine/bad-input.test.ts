import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KEY_BYTES_MAX, VALUE_BYTES_MAX } from '../../src/base/limits.js';
import type { BatchOperation, Database, WriteOptions } from '../../src/engine/api.js';
import type { Options } from '../../src/engine/options.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { openWith, testEnvironment } from '../../src/testing.js';
import { code, DIRECTORY, openOn } from '../support/test-database.js';

/** What a program without types may pass. */
function untyped<T>(value: unknown): T {
  return value as T;
}

// law 10
describe('bad input is refused before anything is written', () => {
  let db: Database;
  beforeAll(async () => {
    db = await openOn(new MemoryFileSystem());
  });
  afterAll(async () => {
    expect(db.stats()).toMatchObject({ sequence: { last: 0 }, writes: { records: 0 }, wal: { writtenBytes: 0 } });
    await db.close();
  });

  const badKeys: [name: string, key: unknown][] = [
    ['an empty string', ''],
    ['empty bytes', new Uint8Array(0)],
    ['a key that is too long', new Uint8Array(KEY_BYTES_MAX + 1)],
    ['a string whose bytes are too many', 'é'.repeat(KEY_BYTES_MAX / 2 + 1)],
    ['a number', 7],
    ['undefined', undefined],
    ['null', null],
    ['an array', [1, 2]],
    ['a buffer without a view', new ArrayBuffer(4)],
  ];
  it.each(badKeys)('as a key: %s', async (_, bad) => {
    const key = untyped<string>(bad);
    const refusal = code('STEME_INVALID_KEY');
    await expect(db.put(key, 'v')).rejects.toEqual(refusal);
    await expect(db.del(key)).rejects.toEqual(refusal);
    await expect(
      db.batch([
        { type: 'put', key: 'good', value: 'v' },
        { type: 'del', key },
      ]),
    ).rejects.toEqual(refusal);
    await expect(db.get(key)).rejects.toEqual(refusal);
    await expect(db.getMany(['good', key])).rejects.toEqual(refusal);
    expect(() => db.getSync(key)).toThrow(refusal as Error);
  });

  const badValues: [name: string, value: unknown][] = [
    ['too long', new Uint8Array(VALUE_BYTES_MAX + 1)],
    ['undefined', undefined],
    ['null', null],
    ['a number', 1],
    ['an object', {}],
  ];
  it.each(badValues)('as a value: %s', async (_, bad) => {
    const value = untyped<string>(bad);
    await expect(db.put('key', value)).rejects.toEqual(code('STEME_INVALID_VALUE'));
    await expect(db.batch([{ type: 'put', key: 'key', value }])).rejects.toEqual(code('STEME_INVALID_VALUE'));
  });

  const badBatches: [name: string, batch: unknown][] = [
    ['no array', { type: 'put' }],
    ['undefined', undefined],
    ['null in it', [null]],
    ['an unknown type', [{ type: 'merge', key: 'a', value: 'b' }]],
    ['no type', [{ key: 'a', value: 'b' }]],
  ];
  it.each(badBatches)('as a batch: %s', async (_, bad) => {
    await expect(db.batch(untyped<BatchOperation[]>(bad))).rejects.toEqual(code('STEME_INVALID_BATCH'));
  });

  it('as a batch: more than the limit of bytes together', async () => {
    // One value, again and again: nothing of it is copied before the refusal.
    const value = new Uint8Array(VALUE_BYTES_MAX);
    const operations = Array.from({ length: 8 }, (_, i): BatchOperation => ({ type: 'put', key: `${i}`, value }));
    await expect(db.batch(operations)).rejects.toEqual(code('STEME_INVALID_BATCH'));
  });

  const badRanges: [name: string, gte: unknown, lt: unknown][] = [
    ['that ends before it starts', 'b', 'a'],
    ['without a start', undefined, 'a'],
    ['without an end', 'a', undefined],
    ['of numbers', 1, 2],
    ['with a bound that is too long', 'a', 'b'.repeat(KEY_BYTES_MAX + 1)],
  ];
  it.each(badRanges)('as a range to delete: one %s', async (_, gte, lt) => {
    const range = { gte: untyped<string>(gte), lt: untyped<string>(lt) };
    const refusal = code('STEME_INVALID_RANGE');
    await expect(db.deleteRange(range.gte, range.lt)).rejects.toEqual(refusal);
    await expect(
      db.batch([
        { type: 'put', key: 'a', value: 'v' },
        { type: 'delRange', ...range },
      ]),
    ).rejects.toEqual(refusal);
    await expect(db.transaction((tx) => tx.deleteRange(range.gte, range.lt))).rejects.toEqual(refusal);
  });

  it('but not an empty range to delete, of which nothing is written', async () => {
    await db.deleteRange('a', 'a');
    await db.deleteRange('', '');
    await db.deleteRange('', Uint8Array.of(0));
    await db.batch([{ type: 'delRange', gte: 'x', lt: 'x' }]);
  });

  const badWriteOptions: [name: string, options: unknown, problems: number][] = [
    ['a signal that is none', { signal: {} }, 1],
    ['a negative wait', { maxDelayMs: -1 }, 1],
    ['no number to wait', { maxDelayMs: Number.NaN }, 1],
    ['several at once', { ttlMs: 0, maxDelayMs: -1, signal: 1 }, 3],
  ];
  it.each(badWriteOptions)('as options of a write: %s', async (_, bad, problemCount) => {
    const options = untyped<WriteOptions>(bad);
    const refusal = { code: 'STEME_INVALID_OPTION', problems: expect.objectContaining({ length: problemCount }) };
    await expect(db.put('a', 'v', options)).rejects.toMatchObject(refusal);
    await expect(db.batch([{ type: 'del', key: 'a' }], options)).rejects.toMatchObject(refusal);
  });

  it('as options of a delete: a time to live', async () => {
    await expect(db.del('a', { ttlMs: 5 })).rejects.toEqual(code('STEME_INVALID_OPTION'));
    await expect(db.deleteRange('a', 'b', { ttlMs: 5 })).rejects.toEqual(code('STEME_INVALID_OPTION'));
  });

  it('as a signal: one that is aborted already', async () => {
    const signal = AbortSignal.abort('no');
    await expect(db.put('a', 'v', { signal })).rejects.toEqual(code('STEME_ABORTED'));
    await expect(db.batch([{ type: 'del', key: 'a' }], { signal })).rejects.toEqual(code('STEME_ABORTED'));
  });

  it('as the place of a bad operation: by its index', async () => {
    const operations = untyped<BatchOperation[]>([{ type: 'del', key: 'a' }, { type: 'x' }]);
    await expect(db.batch(operations)).rejects.toThrow('operation 1');
  });
});

describe('bad options are refused', () => {
  it.each([
    ['an unknown one', { memTableBytes: 1 }, /memTableBytes is not an option/],
    ['a size below its limit', { memtableBytes: 100 }, /memtableBytes/],
    ['a size above its limit', { blockBytes: 2 ** 30 }, /blockBytes/],
    ['a fraction', { bloomBitsPerKey: 1.5 }, /bloomBitsPerKey/],
    ['a word that is none of the choices', { compression: 'zip' }, /compression/],
    ['no thread', { threads: 0 }, /threads/],
    ['a time to live that is negative', { ttlMs: -1 }, /ttlMs/],
    ['a transaction without time', { transactionTimeoutMs: 0 }, /transactionTimeoutMs/],
    ['a threshold beyond the largest value', { blobThreshold: VALUE_BYTES_MAX + 1 }, /blobThreshold/],
    ['a warning after less than nothing', { snapshotWarningMs: -5 }, /snapshotWarningMs/],
    ['a word for a switch', { readOnly: 'yes' }, /readOnly/],
    ['two that exclude each other', { readOnly: true, errorIfExists: true }, /exclude/],
  ])('%s', async (_, options, message) => {
    const disk = new MemoryFileSystem();
    await expect(openOn(disk, untyped<Options>(options))).rejects.toMatchObject({
      code: 'STEME_INVALID_OPTION',
      message: expect.stringMatching(message),
    });
    expect(await disk.list('/')).toEqual([]);
  });

  it('what is no object at all', async () => {
    const opening = openWith(DIRECTORY, untyped<Options>(null), testEnvironment(new MemoryFileSystem()));
    await expect(opening).rejects.toEqual(code('STEME_INVALID_OPTION'));
  });

  it('all of them at once', async () => {
    const options = untyped<Options>({ threads: 99, blockByte: 1, readMode: 'disk' });
    const error: unknown = await openOn(new MemoryFileSystem(), options).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ problems: [expect.any(String), expect.any(String), expect.any(String)] });
    for (const name of ['threads', 'blockByte', 'readMode']) expect(`${error}`).toContain(name);
  });
});
