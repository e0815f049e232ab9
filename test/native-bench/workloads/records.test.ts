import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { OverwrittenRecords, RandomRecords, TimeOrderedRecords } from '../../../native-bench/workloads/records.js';
import { KEY_BYTES, type RecordSource } from '../../../native-bench/workloads/workload.js';

const COUNT = 20_000;

function keysOf(records: RecordSource, count = COUNT): string[] {
  const keys = records.keys(0, count);
  return Array.from({ length: count }, (_, i) => keys.toString('latin1', i * KEY_BYTES, (i + 1) * KEY_BYTES));
}

describe.each([
  ['random', () => new RandomRecords(7, 100)],
  ['time-ordered', () => new TimeOrderedRecords(7, 100)],
])('%s records', (_name, make) => {
  it('have a key each', () => {
    expect(new Set(keysOf(make())).size).toBe(COUNT);
  });

  it('are the same in every process', () => {
    expect(keysOf(make(), 100)).toEqual(keysOf(make(), 100));
    expect(make().value(3)).toEqual(make().value(3));
  });

  it('are the same one by one and many at a time', () => {
    const records = make();
    expect(Buffer.concat([records.key(41), records.key(42)])).toEqual(records.keys(41, 2));
  });
});

describe('keys', () => {
  it('of time-ordered records rise', () => {
    const keys = keysOf(new TimeOrderedRecords(7, 100));
    expect(keys.toSorted()).toEqual(keys);
  });

  it('of random records differ from seed to seed', () => {
    expect(new RandomRecords(7, 100).key(0)).not.toEqual(new RandomRecords(8, 100).key(0));
  });

  it('of overwritten records are some of the random ones, in another order', () => {
    const all = new Set(keysOf(new RandomRecords(7, 100), 500));
    const overwritten = keysOf(new OverwrittenRecords(7, 100, 500));
    expect(overwritten.every((key) => all.has(key))).toBe(true);
    expect(new Set(overwritten).size).toBe(500);
    expect(overwritten.slice(0, 500)).not.toEqual([...all]);
  });
});

describe('values', () => {
  it.each([1, 99, 100, 4096, 65_536])('of %i bytes have that size', (valueBytes) => {
    expect(new RandomRecords(7, valueBytes).value(5)).toHaveLength(valueBytes);
  });

  it.each([4096, 65_536])('of %i bytes can be halved by a compressor and not much more', (valueBytes) => {
    const records = new RandomRecords(7, valueBytes);
    const all = Buffer.concat([0, 1, 2].map((index) => records.value(index)));
    const share = deflateRawSync(all).length / all.length;
    expect(share).toBeGreaterThan(0.48);
    expect(share).toBeLessThan(0.58);
  });

  it('of neighbours differ', () => {
    const records = new RandomRecords(7, 65_536);
    expect(records.value(0)).not.toEqual(records.value(1));
  });
});
