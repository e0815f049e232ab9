import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  KIND_DELETE,
  KIND_PUT,
  KIND_PUT_BLOB,
  KIND_PUT_BLOB_EXPIRING,
  KIND_PUT_EXPIRING,
} from '../../src/base/internal-key.js';
import type { RangeTombstone } from '../../src/base/range-tombstones.js';
import { RangeTombstoneSet } from '../../src/base/range-tombstones.js';
import { storedValue } from '../../src/base/stored-value.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { hashKey } from '../../src/table/key-hash.js';
import type { TableReader } from '../../src/table/table-reader.js';
import { verifyTable } from '../../src/table/verify-table.js';
import type { VersionEntry } from '../support/array-iterator.js';
import {
  addEntry,
  bytesOf,
  createResult,
  del,
  look,
  openTable,
  put,
  startTable,
  type WrittenTable,
} from './table-fixtures.js';

function range(start: string, end: string, sequence: number): RangeTombstone {
  return { start: bytesOf(start), end: bytesOf(end), sequence };
}

function expiring(key: string, sequence: number, expiresAtMs: number, value = ''): VersionEntry {
  return { ...put(key, sequence), kind: KIND_PUT_EXPIRING, value: storedValue(expiresAtMs, bytesOf(value)) };
}

function writeMixed(
  entries: readonly VersionEntry[],
  ranges: readonly RangeTombstone[],
  options: Parameters<typeof startTable>[1] = {},
): WrittenTable {
  const fileSystem = new MemoryFileSystem();
  const writer = startTable(fileSystem, options);
  for (const entry of entries) addEntry(writer, entry);
  for (const { start, end, sequence } of ranges) writer.addRangeTombstone(start, end, sequence);
  return { fileSystem, summary: writer.finish() };
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key).toString();
}

function fragmentsOf(set: RangeTombstoneSet | undefined): string[] {
  return (set?.fragments ?? []).map(
    ({ start, end, sequences }) => `[${textOf(start)}, ${textOf(end)}) ${sequences.join(' ')}`,
  );
}

function sequencesOf(table: TableReader): number[] {
  const sequences: number[] = [];
  const iterator = table.iterator();
  for (iterator.seekToFirst(); iterator.valid; iterator.next()) sequences.push(iterator.sequence);
  return sequences;
}

describe('a table with range deletes', () => {
  it.each(['mmap', 'pread'] as const)(
    'gives them back in fragments, with the entries as they are, by %s',
    (readMode) => {
      const ranges = [range('c', 'g', 9), range('a', 'e', 7), range('x', 'z', 8)];
      const table = openTable(writeMixed([put('b', 1, 'one'), del('d', 2)], ranges), { readMode });
      expect(fragmentsOf(table.rangeTombstones)).toEqual(['[a, c) 7', '[c, e) 9 7', '[e, g) 9', '[x, z) 8']);
      expect(look(table, bytesOf('b'))).toBe('found 1 one');
      expect(look(table, bytesOf('d'))).toBe('deleted 2');
      expect(sequencesOf(table)).toEqual([1, 2]);
      expect(verifyTable(table)).toMatchObject({ entryCount: 2, tombstoneCount: 1 });
    },
  );

  it('gives back whatever was added, in whatever order', () => {
    const key = fc.array(fc.constantFrom(0, 0x61, 0xff), { minLength: 1, maxLength: 3 }).map((k) => Uint8Array.from(k));
    const tombstone = fc
      .record({ start: key, end: key, sequence: fc.integer({ min: 1, max: 2 ** 40 }) })
      .filter(({ start, end }) => Buffer.compare(start, end) < 0);
    const property = fc.property(fc.array(tombstone, { minLength: 1, maxLength: 40 }), (ranges) => {
      const written = writeMixed([], ranges);
      const model = RangeTombstoneSet.of(ranges);
      const table = openTable(written);
      expect(fragmentsOf(table.rangeTombstones)).toEqual(fragmentsOf(model));
      expect(written.summary.rangeDeleteCount).toBe(model.fragments.flatMap(({ sequences }) => sequences).length);
      verifyTable(table);
    });
    fc.assert(property, { seed: 1, numRuns: 200 });
  });

  it.each([
    ['before all entries', [range('a', 'b', 9)], ['a', 'm', false]],
    ['up to the only entry', [range('a', 'm', 9)], ['a', 'm', false]],
    ['just over the only entry', [range('m', 'm\0', 9)], ['m', 'm\0', true]],
    ['behind all entries', [range('p', 'q', 9)], ['m', 'q', true]],
    ['around them', [range('a', 'q', 9)], ['a', 'q', true]],
    ['on both sides', [range('x', 'z', 3), range('b', 'c', 9)], ['b', 'z', true]],
  ] as const)('counts those in its bounds that lie %s', (_where, ranges, [smallest, largest, isExclusive]) => {
    const written = writeMixed([put('m', 5)], ranges);
    const table = openTable(written);
    for (const bounds of [written.summary, table.properties]) {
      expect([textOf(bounds.smallestKey), textOf(bounds.largestKey)]).toEqual([smallest, largest]);
      expect(bounds.isLargestKeyExclusive).toBe(isExclusive);
    }
    verifyTable(table);
  });

  it('counts them in its sequences, and apart from its entries', () => {
    const { summary } = writeMixed([put('m', 5)], [range('a', 'b', 2), range('a', 'c', 9)]);
    expect(summary).toMatchObject({ smallestSequence: 2, largestSequence: 9 });
    expect(summary).toMatchObject({ entryCount: 1, tombstoneCount: 0, rangeDeleteCount: 3, keyCount: 1, rawBytes: 1 });
  });

  it('is refused a range without a key', () => {
    const writer = startTable(new MemoryFileSystem());
    expect(() => writer.addRangeTombstone(bytesOf('b'), bytesOf('b'), 1)).toThrow('has a range');
    expect(() => writer.addRangeTombstone(bytesOf('b'), bytesOf('a'), 1)).toThrow('has a range');
    writer.abandon();
  });

  it('takes them at any time, keeps none of their memory, and counts them in its size', () => {
    const writer = startTable(new MemoryFileSystem());
    const start = bytesOf('a');
    const before = writer.fileBytes;
    writer.addRangeTombstone(start, bytesOf('c'), 1);
    start.fill(0x7a);
    expect(writer.fileBytes).toBeGreaterThan(before);
    addEntry(writer, put('b', 2));
    for (let i = 0; i < 2000; i++) {
      const key = String(10_000 + i);
      writer.addRangeTombstone(bytesOf(`${key}a`), bytesOf(`${key}b`), 3 + i);
    }
    const expected = writer.fileBytes;
    const { fileBytes, smallestKey } = writer.finish();
    expect(textOf(smallestKey)).toBe('10000a');
    expect(fileBytes).toBeLessThan(expected + 512);
    expect(fileBytes).toBeGreaterThan(expected * 0.6);
  });
});

describe.each(['mmap', 'pread'] as const)('a table with nothing but range deletes, by %s', (readMode) => {
  const written = writeMixed([], [range('b', 'd', 3), range('c', 'e', 4)]);

  it('has no entry, whatever is asked', () => {
    const table = openTable(written, { readMode });
    for (const key of ['a', 'b', 'c', 'e', 'z']) expect(look(table, bytesOf(key))).toBe('missing');
    const iterator = table.iterator();
    iterator.seekToFirst();
    expect(iterator.valid).toBe(false);
    iterator.seekToLast();
    expect(iterator.valid).toBe(false);
    for (const key of ['a', 'c', 'z']) {
      iterator.seek(bytesOf(key));
      expect(iterator.valid).toBe(false);
      iterator.seekBefore(bytesOf(key));
      expect(iterator.valid).toBe(false);
    }
    iterator.next();
    iterator.prev();
    expect(iterator.valid).toBe(false);
  });

  it('says what it is', () => {
    const table = openTable(written, { readMode });
    expect(fragmentsOf(table.rangeTombstones)).toEqual(['[b, c) 3', '[c, d) 4 3', '[d, e) 4']);
    expect(verifyTable(table)).toEqual({
      entryCount: 0,
      keyCount: 0,
      tombstoneCount: 0,
      rawBytes: 0,
      dataBlockCount: 0,
    });
    expect(written.summary).toMatchObject({ entryCount: 0, keyCount: 0, smallestSequence: 3, largestSequence: 4 });
    expect(table.mayContain(hashKey(bytesOf('b'), 0, 1))).toBe(true);
  });
});

describe('a table with entries that expire or are in blob files', () => {
  const blob = (kind: number, key: string, sequence: number, value: Uint8Array): VersionEntry => {
    return { ...put(key, sequence), kind, value };
  };
  const entries = [
    expiring('a', 4, 2000, 'one'),
    expiring('b', 3, 5000),
    blob(KIND_PUT_BLOB, 'c', 2, bytesOf('reference')),
    blob(KIND_PUT_BLOB_EXPIRING, 'd', 1, storedValue(3000, bytesOf('reference'))),
    put('e', 5, 'plain'),
  ];

  function writeAll(): WrittenTable {
    const fileSystem = new MemoryFileSystem();
    const writer = startTable(fileSystem);
    for (const entry of entries) addEntry(writer, entry);
    writer.noteBlobUse(12, 500);
    writer.noteBlobUse(9, 70);
    return { fileSystem, summary: writer.finish() };
  }

  it('finds their stored values, and tells their kinds', () => {
    const table = openTable(writeAll());
    // The second time the block's directory answers.
    for (let round = 0; round < 3; round++) {
      for (const { key, kind, value } of entries) {
        const result = createResult();
        expect(table.get(key, hashKey(key, 0, key.length), 9, result)).toBe(true);
        expect(result.kind).toBe(kind);
        expect(Buffer.from(result.source.subarray(result.start, result.end))).toEqual(Buffer.from(value));
      }
    }
    verifyTable(table);
  });

  it('counts what expires and when the last does, and its uses of blob files by number', () => {
    const written = writeAll();
    const { properties } = openTable(written);
    const blobUses = [
      { number: 9, valueCount: 1, valueBytes: 70 },
      { number: 12, valueCount: 1, valueBytes: 500 },
    ];
    for (const counts of [written.summary, properties]) {
      expect(counts).toMatchObject({ expiringCount: 3, largestExpiryMs: 5000, blobUses, tombstoneCount: 0 });
      expect(counts.rawBytes).toBe(5 + 11 + 8 + 9 + 17 + 5);
    }
  });

  it('is refused an entry that expires without a time', () => {
    const writer = startTable(new MemoryFileSystem());
    expect(() => addEntry(writer, { ...put('a', 1, '1234567'), kind: KIND_PUT_EXPIRING })).toThrow('says when');
    writer.abandon();
  });

  it('does not pass where its uses of blob files are not those of its entries', () => {
    const fileSystem = new MemoryFileSystem();
    const writer = startTable(fileSystem);
    addEntry(writer, blob(KIND_PUT_BLOB, 'c', 2, bytesOf('reference')));
    const table = openTable({ fileSystem, summary: writer.finish() });
    expect(() => verifyTable(table)).toThrow(/expected 0 values in blob files.*found 1/);
  });
});

describe('the format version of a table', () => {
  it.each([
    ['puts and deletes', 1, [put('a', 1), del('b', 2)], []],
    ['a range delete', 2, [put('a', 1)], [range('a', 'b', 2)]],
    ['an entry that expires', 2, [expiring('a', 1, 5)], []],
    ['a reference to a blob file', 2, [{ ...put('a', 1), kind: KIND_PUT_BLOB }], []],
  ] as const)('of %s is %i', (_what, version, entries, ranges) => {
    expect(openTable(writeMixed(entries, ranges)).formatVersion).toBe(version);
  });
});

describe('a table with a global sequence', () => {
  const written = writeMixed([put('a', 0, 'one'), del('b', 0), put('c', 0, 'three')], [], { blockBytes: 1 });
  const open = (globalSequence: number): TableReader => openTable(written, { globalSequence });

  it('gives it to every entry', () => {
    const table = open(70);
    expect(look(table, bytesOf('a'))).toBe('found 70 one');
    expect(look(table, bytesOf('b'), 70)).toBe('deleted 70');
    expect(sequencesOf(table)).toEqual([70, 70, 70]);
    verifyTable(table);
  });

  it('has nothing for a reader below it', () => {
    expect(look(open(70), bytesOf('a'), 69)).toBe('missing');
    expect(look(open(70), bytesOf('b'), 0)).toBe('missing');
  });

  it('gives it to range deletes too', () => {
    const table = openTable(writeMixed([put('a', 0)], [range('b', 'd', 0)]), { globalSequence: 70 });
    expect(fragmentsOf(table.rangeTombstones)).toEqual(['[b, d) 70']);
    verifyTable(table);
  });

  it('does not pass where entries have sequences of their own', () => {
    const table = openTable(writeMixed([put('a', 3)], []), { globalSequence: 70 });
    expect(() => verifyTable(table)).toThrow(/expected 0 as sequence under a global one.*found 3/);
  });
});

describe('a kind that no entry of a table has', () => {
  it.each([2, 6, 7, 255])('is refused by the writer: %i', (kind) => {
    const writer = startTable(new MemoryFileSystem());
    expect(() => addEntry(writer, { ...put('a', 1), kind })).toThrow('known kind');
    writer.abandon();
  });

  it('is none of those that are written', () => {
    for (const kind of [KIND_DELETE, KIND_PUT, KIND_PUT_EXPIRING, KIND_PUT_BLOB, KIND_PUT_BLOB_EXPIRING]) {
      const writer = startTable(new MemoryFileSystem());
      addEntry(writer, { ...put('a', 1, 'eight bytes'), kind });
      expect(writer.finish().entryCount).toBe(1);
    }
  });
});
