import { describe, expect, it } from 'vitest';
import { CorruptionError, StemeError } from '../../src/base/errors.js';
import { Prng } from '../../src/base/prng.js';
import { type BloomFilter, decodeBloomFilter, FILTER_LINE_BYTES, mayContain } from '../../src/table/bloom-filter.js';
import { BloomFilterBuilder, filterBytes } from '../../src/table/bloom-filter-builder.js';
import { hashKey } from '../../src/table/key-hash.js';

const KEYS = 100_000;

function randomHashes(seed: number, count: number): number[] {
  const prng = new Prng(seed);
  const key = new Uint8Array(16);
  return Array.from({ length: count }, () => hashKey(prng.fill(key), 0, key.length));
}

function buildFilter(hashes: readonly number[], bitsPerKey: number): BloomFilter {
  const builder = new BloomFilterBuilder();
  for (const hash of hashes) builder.addHash(hash);
  return decodeBloomFilter(builder.finish(bitsPerKey), 'test.sst', 0);
}

function falsePositiveRate(bitsPerKey: number): number {
  const filter = buildFilter(randomHashes(1, KEYS), bitsPerKey);
  return randomHashes(2, KEYS).filter((hash) => mayContain(filter, hash)).length / KEYS;
}

describe('the bloom filter', () => {
  it('never denies a key that was added', () => {
    for (const [count, bitsPerKey] of [
      [1, 10],
      [3, 1],
      [1000, 10],
      [20_000, 32],
    ]) {
      const hashes = randomHashes(3, count);
      const filter = buildFilter(hashes, bitsPerKey);
      expect(hashes.every((hash) => mayContain(filter, hash))).toBe(true);
    }
  });

  it('is wrong about at most 1.3 % of absent keys at 10 bits a key', () => {
    const rate = falsePositiveRate(10);
    expect(rate).toBeLessThan(0.013);
    expect(rate).toBeGreaterThan(0.001);
  });

  it('is wrong less often with more bits', () => {
    expect(falsePositiveRate(16)).toBeLessThan(0.003);
    expect(falsePositiveRate(4)).toBeLessThan(0.2);
  });

  it('is as large as its size was foretold', () => {
    const builder = new BloomFilterBuilder();
    for (const hash of randomHashes(4, 1000)) builder.addHash(hash);
    expect(builder.finish(10).length).toBe(filterBytes(1000, 10));
    expect(builder.keyCount).toBe(1000);
  });

  it('refuses a filter that is not whole lines, or has no probes', () => {
    const content = new BloomFilterBuilder().finish(10);
    for (let length = 0; length < content.length; length++) {
      expect(() => decodeBloomFilter(content.subarray(0, length), 'x', 0)).toThrow(CorruptionError);
    }
    content[FILTER_LINE_BYTES + 1] = 0;
    expect(() => decodeBloomFilter(content, 'x', 0)).toThrow(CorruptionError);
  });

  it('refuses a filter over another hash as unsupported', () => {
    const content = new BloomFilterBuilder().finish(10);
    content[FILTER_LINE_BYTES] = 2;
    const decode = () => decodeBloomFilter(content, 'x', 0);
    expect(decode).toThrow(StemeError);
    expect(decode).toThrow('hash 2');
  });
});

describe('the key hash', () => {
  it('is the same whether the twin or the addon computes it, across the length where they change over', () => {
    const bytes = new Prng(5).fill(new Uint8Array(400));
    const filter = buildFilter([hashKey(bytes, 1, 129), hashKey(bytes, 1, 130)], 32);
    expect(mayContain(filter, hashKey(bytes.slice(1, 129), 0, 128))).toBe(true);
    expect(mayContain(filter, hashKey(bytes.slice(1, 130), 0, 129))).toBe(true);
  });
});
