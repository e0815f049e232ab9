import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InternalIterator } from '../../src/base/internal-iterator.js';
import { INDEX_PARTITION_BYTES, VALUE_BYTES_MAX } from '../../src/base/limits.js';
import { Prng } from '../../src/base/prng.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { realFileSystem } from '../../src/fs/real-file-system.js';
import { BlockCache } from '../../src/table/block-cache.js';
import { hashKey } from '../../src/table/key-hash.js';
import type { TableMetadata } from '../../src/table/table-metadata.js';
import { verifyTable } from '../../src/table/verify-table.js';
import { arbitraryKey, arbitraryVersions, makeEntry, splitSources } from '../read/arbitrary-versions.js';
import { arbitraryWalk, takeStep } from '../read/iterator-walk.js';
import { ArrayIterator, compareEntries, type VersionEntry } from '../support/array-iterator.js';
import {
  bytesOf,
  createResult,
  del,
  look,
  lookInEntries,
  openTable,
  put,
  randomEntries,
  writeTable,
} from './table-fixtures.js';

function snapshot(iterator: InternalIterator): string {
  if (!iterator.valid) return 'nowhere';
  const { keySource, keyStart, keyEnd, sequence, kind, valueSource, valueStart, valueEnd } = iterator;
  const key = Buffer.from(keySource.subarray(keyStart, keyEnd)).toString('hex');
  return `${key} ${sequence} ${kind} ${Buffer.from(valueSource.subarray(valueStart, valueEnd)).toString('hex')}`;
}

function snapshots(entries: readonly VersionEntry[]): string[] {
  return entries.map(({ key, sequence, kind, value }) => {
    return `${Buffer.from(key).toString('hex')} ${sequence} ${kind} ${Buffer.from(value).toString('hex')}`;
  });
}

const CONFIGURATIONS = [
  { name: 'defaults', blockBytes: 4096, bloomBitsPerKey: 10, compression: 'lz4', cacheBytes: 1e8 },
  { name: 'tiny blocks, no filter, no cache', blockBytes: 64, bloomBitsPerKey: 0, compression: 'none', cacheBytes: 0 },
  { name: 'one record a block, small cache', blockBytes: 1, bloomBitsPerKey: 1, compression: 'lz4', cacheBytes: 3000 },
  { name: 'huge blocks', blockBytes: 1 << 20, bloomBitsPerKey: 32, compression: 'none', cacheBytes: 1e8 },
] as const;

describe.each(CONFIGURATIONS)('a table with $name', ({ blockBytes, bloomBitsPerKey, compression, cacheBytes }) => {
  const options = { blockBytes, bloomBitsPerKey, compression };

  it.each(['mmap', 'pread'] as const)('gives back what was written, in order and by key, by %s', (readMode) => {
    const entries = randomEntries(1, 3000);
    const written = writeTable(entries, options);
    const table = openTable(written, { readMode, blockCache: new BlockCache(cacheBytes) });
    expect(table.usesMmap).toBe(readMode === 'mmap');
    const iterator = table.iterator();
    const seen: string[] = [];
    for (iterator.seekToFirst(); iterator.valid; iterator.next()) seen.push(snapshot(iterator));
    expect(seen).toEqual(snapshots(entries));
    const prng = new Prng(2);
    for (let i = 0; i < 1500; i++) {
      const key = prng.chance(0.8) ? prng.pick(entries).key : prng.fill(new Uint8Array(1 + prng.below(3)));
      const sequenceMax = prng.below(3500);
      expect(look(table, key, sequenceMax)).toBe(lookInEntries(entries, key, sequenceMax));
    }
    expect(verifyTable(table).entryCount).toBe(entries.length);
  });

  it('is walked like a sorted array, whatever the steps', () => {
    fc.assert(
      fc.property(arbitraryVersions(80), arbitraryWalk, (versions, walk) => {
        const entries = splitSources([...versions, { source: 0, entry: makeEntry(bytesOf('a'), 500) }], 1)[0];
        const table = openTable(writeTable(entries, options), { blockCache: new BlockCache(cacheBytes) });
        const iterator = table.iterator({ fillCache: walk.length % 2 === 0 });
        const model = new ArrayIterator(entries);
        for (const step of walk) {
          takeStep(iterator, step);
          takeStep(model, step);
          expect(snapshot(iterator)).toBe(snapshot(model));
        }
      }),
      { seed: 1, numRuns: 100 },
    );
  });

  it('answers lookups of any key at any sequence as a sorted array does', () => {
    fc.assert(
      fc.property(arbitraryVersions(60), fc.array(arbitraryKey, { maxLength: 5 }), (versions, others) => {
        const entries = splitSources([...versions, { source: 0, entry: makeEntry(bytesOf('a'), 500) }], 1)[0];
        const table = openTable(writeTable(entries, options), { blockCache: new BlockCache(cacheBytes) });
        for (const key of [...entries.map((entry) => entry.key), ...others]) {
          for (const sequenceMax of [0, 1, 30, 500]) {
            expect(look(table, key, sequenceMax)).toBe(lookInEntries(entries, key, sequenceMax));
          }
        }
      }),
      { seed: 2, numRuns: 60 },
    );
  });
});

describe('a table', () => {
  it('with several index partitions finds and walks everything in both directions', () => {
    const entries = randomEntries(3, 6000, 40, 4).filter(({ key }) => key.length > 8);
    const table = openTable(writeTable(entries, { blockBytes: 64 }), { blockCache: new BlockCache(200_000) });
    expect(table.partitionCount).toBeGreaterThan(1);
    expect(verifyTable(table).entryCount).toBe(entries.length);
    for (const { key } of entries) expect(look(table, key)).toBe(lookInEntries(entries, key, Number.MAX_SAFE_INTEGER));
    const iterator = table.iterator();
    const expected = snapshots(entries);
    for (iterator.seekToLast(); iterator.valid; iterator.prev()) expect(snapshot(iterator)).toBe(expected.pop());
    expect(expected).toEqual([]);
    const past = Uint8Array.from(new Array(50).fill(0xff));
    iterator.seek(past);
    expect(iterator.valid).toBe(false);
    iterator.seekBefore(past);
    expect(snapshot(iterator)).toBe(snapshots(entries).at(-1));
  });

  it('finds old versions of a key whose versions fill many blocks and partitions', () => {
    const key = 'k'.repeat(INDEX_PARTITION_BYTES / 8);
    const versions = Array.from({ length: 200 }, (_, i) => put(key, 1000 - i * 2, `v${1000 - i * 2}`));
    const entries = [put('a', 1), ...versions, put('z', 2)].sort(compareEntries);
    const table = openTable(writeTable(entries, { blockBytes: 64 }));
    expect(table.partitionCount).toBeGreaterThan(2);
    for (const sequenceMax of [1001, 1000, 999, 700, 603, 602]) {
      const even = Math.min(1000, sequenceMax - (sequenceMax % 2));
      expect(look(table, bytesOf(key), sequenceMax)).toBe(`found ${even} v${even}`);
    }
    expect(look(table, bytesOf(key), 601)).toBe('missing');
    const iterator = table.iterator();
    iterator.seek(bytesOf(key));
    expect(iterator.sequence).toBe(1000);
    iterator.seekBefore(bytesOf(key));
    expect(snapshot(iterator)).toBe(snapshots([put('a', 1)])[0]);
    iterator.seekBefore(bytesOf('l'));
    expect(iterator.sequence).toBe(602);
    expect(verifyTable(table).entryCount).toBe(202);
  });

  it.each(['none', 'lz4'] as const)('holds a value of the largest size, compression %s', (compression) => {
    const value = new Uint8Array(VALUE_BYTES_MAX);
    new Prng(1).fill(value.subarray(0, 1000));
    const entries = [put('a', 1, 'small'), { ...put('b', 2), value }, put('c', 3, 'small')];
    const written = writeTable(entries, { compression, blockBytes: 4096 });
    if (compression === 'lz4') expect(written.summary.fileBytes).toBeLessThan(VALUE_BYTES_MAX / 100);
    for (const readMode of ['mmap', 'pread'] as const) {
      const table = openTable(written, { readMode });
      const result = createResult();
      expect(table.get(bytesOf('b'), hashKey(bytesOf('b'), 0, 1), 9, result)).toBe(true);
      expect(Buffer.compare(result.source.subarray(result.start, result.end), value)).toBe(0);
      expect(look(table, bytesOf('c'))).toBe('found 3 small');
    }
  });

  it('keeps LZ4 only where it saves an eighth', () => {
    const random = randomEntries(4, 500, 8, 200);
    const text = Array.from({ length: 500 }, (_, i) => put(`key${String(i).padStart(5, '0')}`, 1, 'word '.repeat(20)));
    const sizeOf = (entries: VersionEntry[], compression: 'none' | 'lz4') =>
      writeTable(entries, { compression, blockBytes: 4096 }).summary.fileBytes;
    expect(sizeOf(random, 'lz4')).toBe(sizeOf(random, 'none'));
    expect(sizeOf(text, 'lz4')).toBeLessThan(sizeOf(text, 'none') / 2);
  });

  it('says of itself what was written, in the metadata and in its properties', () => {
    const entries = [put('apple', 5, 'red'), put('apple', 3, 'green'), del('fig', 9), put('pear', 1, 'yellow')];
    const { fileSystem, summary } = writeTable(entries);
    const metadata: TableMetadata = summary;
    const common = {
      entryCount: 4,
      tombstoneCount: 1,
      rawBytes: 5 + 3 + 5 + 5 + 3 + 4 + 6,
      smallestKey: bytesOf('apple'),
      largestKey: bytesOf('pear'),
      smallestSequence: 1,
      largestSequence: 9,
      createdAtMs: 1_700_000_000_000,
      rangeDeleteCount: 0,
      isLargestKeyExclusive: false,
      expiringCount: 0,
      largestExpiryMs: 0,
      blobUses: [],
    };
    const only = {
      number: 7,
      fileBytes: summary.fileBytes,
      keyCount: 3,
      oldestAtMs: common.createdAtMs,
      globalSequence: 0,
    };
    expect(metadata).toEqual({ ...common, ...only });
    const { properties } = openTable({ fileSystem, summary });
    expect(properties).toMatchObject(common);
    expect(properties).toMatchObject({ compression: 'none', bloomBitsPerKey: 10, blockBytes: 256, dataBlockCount: 1 });
  });

  it('answers most absent keys from the filter, without reading a block', () => {
    const entries = randomEntries(5, 2000);
    const cache = new BlockCache(1e8);
    const table = openTable(writeTable(entries), { blockCache: cache });
    for (let i = 0; i < 1000; i++) look(table, bytesOf(`absent ${i}`));
    expect(cache.misses + cache.hits).toBeLessThan(60);
  });

  it('does not fill the cache when its iterator is told not to', () => {
    const cache = new BlockCache(1e8);
    const table = openTable(writeTable(randomEntries(6, 1000)), { blockCache: cache });
    const iterator = table.iterator({ fillCache: false });
    for (iterator.seekToFirst(); iterator.valid; iterator.next());
    expect(cache.blockCount).toBe(0);
    const filling = table.iterator();
    for (filling.seekToFirst(); filling.valid; filling.next());
    expect(cache.blockCount).toBe(table.properties.dataBlockCount);
  });

  it('throws STEME_CLOSED once it is closed, for cached blocks too, and keeps values that it gave out', () => {
    const table = openTable(writeTable([put('a', 1, 'value')]));
    const result = createResult();
    table.get(bytesOf('a'), hashKey(bytesOf('a'), 0, 1), 9, result);
    const iterator = table.iterator();
    table.close();
    table.close();
    const closed = expect.objectContaining({ code: 'STEME_CLOSED' });
    expect(() => look(table, bytesOf('a'))).toThrow(closed);
    expect(() => table.iterator()).toThrow(closed);
    expect(() => iterator.seekToFirst()).toThrow(closed);
    expect(Buffer.from(result.source.subarray(result.start, result.end)).toString()).toBe('value');
  });

  it('falls back to reading where nothing can be mapped', () => {
    const fileSystem = new MemoryFileSystem({ mmap: false });
    const table = openTable(writeTable([put('a', 1, 'value')], { fileSystem }), { readMode: 'mmap' });
    expect(table.usesMmap).toBe(false);
    expect(look(table, bytesOf('a'))).toBe('found 1 value');
  });

  it('works the same on the real disk, mapped and read', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'stemedb-'));
    try {
      const entries = randomEntries(7, 5000);
      const path = join(directory, '000007.sst');
      const written = writeTable(entries, { fileSystem: realFileSystem, path, compression: 'lz4', blockBytes: 4096 });
      for (const readMode of ['mmap', 'pread'] as const) {
        const table = openTable(written, { path, readMode });
        expect(verifyTable(table).entryCount).toBe(entries.length);
        for (const { key, sequence } of entries) {
          expect(look(table, key, sequence)).toBe(lookInEntries(entries, key, sequence));
        }
        table.close();
      }
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
