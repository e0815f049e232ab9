import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes, writeUint32 } from '../../src/base/bytes.js';
import { crc32c } from '../../src/base/checksum.js';
import { KIND_RANGE_DELETE } from '../../src/base/internal-key.js';
import { KIB, MIB } from '../../src/base/limits.js';
import { RangeTombstoneSet } from '../../src/base/range-tombstones.js';
import { buildBlockDirectory } from '../../src/table/block-directory.js';
import { BlockIterator } from '../../src/table/block-iterator.js';
import { BlockWriter } from '../../src/table/block-writer.js';
import { decodeBloomFilter, mayContain } from '../../src/table/bloom-filter.js';
import { BloomFilterBuilder } from '../../src/table/bloom-filter-builder.js';
import { DataBlock } from '../../src/table/data-block.js';
import { IndexBlock } from '../../src/table/index-block.js';
import { decodeRangeDeletes, encodeRangeDeletes } from '../../src/table/range-delete-block.js';
import { decodeFooter, encodeFooter, FOOTER_BYTES } from '../../src/table/table-footer.js';
import { decodeProperties, encodeProperties, type TableProperties } from '../../src/table/table-properties.js';
import type { VersionEntry } from '../support/array-iterator.js';
import { type Answer, answerForView, answerOf, fuzzRuns, hostile, StepLimit, withinMemory } from '../support/fuzz.js';
import { bytesOf, createResult, del, describeResult, put } from './table-fixtures.js';

/** The decoders of what stands in a table, handed content as behind a checksum that holds: nothing but themselves protects them. */

const FILE = '000007.sst';
const OFFSET_BYTES = 4096;
const PROBES = ['', 'a', 'apple', 'key 07', 'key 17', 'key 40', 'zzz'].map(bytesOf);

function blockOf(entries: readonly VersionEntry[]): Uint8Array {
  const block = new BlockWriter();
  for (const { key, sequence, kind, value } of entries) {
    block.add(key, 0, key.length, 0, sequence, kind, value, 0, value.length);
  }
  return Uint8Array.from(block.finish());
}

const MANY = Array.from({ length: 40 }, (_, i) => {
  const key = `key ${String(i).padStart(2, '0')}`;
  return i % 7 === 0 ? del(key, i + 1) : put(key, i + 1, 'v'.repeat(i % 5));
});
const BLOCKS = [
  blockOf(MANY),
  blockOf([put('apple', 2 ** 40, 'x'.repeat(300)), put('apple', 1)]),
  blockOf([put('', 1)]),
];

/** All ways through a block, as text. Each entry takes ten bytes and more, so a walk is not longer than the block. */
function walkBlock(block: Uint8Array, move: 'forward' | 'backward' | Uint8Array): string[] {
  const entries = new BlockIterator();
  entries.init(block, FILE, OFFSET_BYTES);
  const limit = new StepLimit(block.length);
  const seen: string[] = [];
  const isBackward = move === 'backward';
  if (move instanceof Uint8Array) entries.seek(move);
  else if (isBackward) entries.seekToLast();
  else entries.seekToFirst();
  for (; entries.valid; isBackward ? entries.prev() : entries.next()) {
    limit.step();
    const { keySource, keyEnd, valueSource, valueStart, valueEnd, sequence, kind } = entries;
    const value = Buffer.from(valueSource.subarray(valueStart, valueEnd)).toString('hex');
    seen.push(`${Buffer.from(keySource.subarray(0, keyEnd)).toString('hex')} ${sequence} ${kind} ${value}`);
  }
  return seen;
}

function lookInBlock(block: Uint8Array, key: Uint8Array): string[] {
  const data = new DataBlock(block, FILE, OFFSET_BYTES);
  // Twice without a directory, then with one.
  return [1, 2, 3].map(() => {
    const result = createResult();
    return data.find(key, Number.MAX_SAFE_INTEGER, result) ? describeResult(result) : 'missing';
  });
}

describe('a data block of any content', () => {
  it('is walked to an end in every direction, or refused', () => {
    const property = fc.property(hostile(BLOCKS), (content) => {
      const forward = answerForView(content, (block) => walkBlock(block, 'forward'));
      const backward = answerForView(content, (block) => walkBlock(block, 'backward'));
      for (const probe of PROBES) answerForView(content, (block) => walkBlock(block, probe));
      if (!('value' in forward) || !('value' in backward)) return;
      // Restart points of a hostile block may start anywhere: what both directions pass, both read alike.
      expect(backward.value.at(-1)).toBe(forward.value[0]);
    });
    fc.assert(property, fuzzRuns(800));
  });

  it('answers lookups, or refuses them', () => {
    const property = fc.property(hostile(BLOCKS), (content) => {
      for (const probe of PROBES) answerForView(content, (block) => lookInBlock(block, probe));
      answerForView(content, (block) => buildBlockDirectory(block, FILE, OFFSET_BYTES));
    });
    fc.assert(property, fuzzRuns(800));
  });
});

describe('an index block of any content', () => {
  // Three blocks from byte 0 on; separators 'key 1', 'key 2', 'key 30'.
  const good = Uint8Array.from([3, 0, 4, ...bytesOf('key '), 1, 100, 1, 120, 2, 90, ...bytesOf('1230')]);
  const large = Uint8Array.from([1, 0x80, 0x80, 4, 0, 1, 0x80, 0x80, 0x10, 0x41]);
  const LIMIT_BYTES = 1000;

  it('names blocks that lie back to back before the limit, or is refused', () => {
    const property = fc.property(hostile([good, large, Uint8Array.of(0, 0, 0)]), (content) => {
      const answer = answerForView(content, (block) => {
        const index = new IndexBlock(block, FILE, OFFSET_BYTES, LIMIT_BYTES);
        return {
          found: PROBES.map((probe) => index.find(probe)),
          count: index.count,
          blocks: Array.from({ length: index.count }, (_, i) => [index.offsetBytes(i), index.sizeBytes(i)]),
          separators: Array.from({ length: index.count }, (_, i) => Buffer.from(index.separator(i)).toString('hex')),
        };
      });
      if (!('value' in answer)) return;
      const { count, blocks, found } = answer.value;
      for (const [offsetBytes, sizeBytes] of blocks) {
        expect(sizeBytes).toBeGreaterThanOrEqual(0);
        expect(offsetBytes + sizeBytes).toBeLessThan(LIMIT_BYTES);
      }
      for (const i of found) expect(i).toBeLessThanOrEqual(count);
    });
    fc.assert(property, fuzzRuns(1500));
  });
});

describe('a filter of any content', () => {
  const builder = new BloomFilterBuilder();
  for (let hash = 1; hash < 100; hash++) builder.addHash(hash * 7919);
  const good = Uint8Array.from(builder.finish(10));

  it('answers for every hash, or is refused', () => {
    const property = fc.property(hostile([good]), (content) => {
      const answer = answerForView(content, (block) => {
        const filter = decodeBloomFilter(block, FILE, OFFSET_BYTES);
        return [0, 7919, 2 ** 32 - 1].map((hash) => mayContain(filter, hash));
      });
      if ('value' in answer) expect(answer.value).toHaveLength(3);
    });
    fc.assert(property, fuzzRuns(1500));
  });
});

const PROPERTIES: TableProperties = {
  databaseId: 7,
  entryCount: 300,
  tombstoneCount: 2,
  rawBytes: 9000,
  dataBytes: 4096,
  dataBlockCount: 1,
  smallestKey: bytesOf('apple'),
  largestKey: bytesOf('pear'),
  smallestSequence: 1,
  largestSequence: 300,
  createdAtMs: 1_700_000_000_000,
  compression: 'lz4',
  bloomBitsPerKey: 10,
  blockBytes: 4096,
  rangeDeletes: { offsetBytes: 5000, sizeBytes: 100 },
  rangeDeleteCount: 3,
  isLargestKeyExclusive: true,
  expiringCount: 1,
  largestExpiryMs: 1_800_000_000_000,
  blobUses: [{ number: 5, valueCount: 2, valueBytes: 20_000 }],
};

describe('properties of any content', () => {
  it('are such as are read back the same, or are refused', () => {
    const property = fc.property(hostile([encodeProperties(PROPERTIES)]), (content) => {
      const decode = (block: Uint8Array): TableProperties => decodeProperties(block, FILE, OFFSET_BYTES);
      const answer = answerForView(content, decode);
      if ('value' in answer) expect(decode(encodeProperties(answer.value))).toEqual(answer.value);
    });
    fc.assert(property, fuzzRuns(1500));
  });
});

describe('range deletes of any content', () => {
  const sets = [
    [{ start: bytesOf('a'), end: bytesOf('c'), sequence: 5 }],
    [1, 2, 3, 4].map((i) => ({ start: bytesOf(`b${i}`), end: bytesOf(`c${i}`), sequence: i * 1000 })),
  ];
  const good = sets.map((set) => Uint8Array.from(encodeRangeDeletes(RangeTombstoneSet.of(set).fragments)));

  function fragmentsOf(content: Uint8Array, globalSequence: number) {
    return decodeRangeDeletes(content, FILE, OFFSET_BYTES, globalSequence).fragments;
  }

  it('are fragments that ascend and do not overlap, or are refused', () => {
    const property = fc.property(hostile(good), fc.constantFrom(0, 77), (content, globalSequence) => {
      const answer = answerForView(content, (block) => fragmentsOf(block, globalSequence));
      if (!('value' in answer)) return;
      answer.value.forEach(({ start, end, sequences }, i) => {
        expect(compareBytes(start, end)).toBeLessThan(0);
        if (i > 0) expect(compareBytes(answer.value[i - 1].end, start)).toBeLessThanOrEqual(0);
        expect(sequences.every((sequence, j) => j === 0 || sequences[j - 1] > sequence)).toBe(true);
      });
    });
    fc.assert(property, fuzzRuns(1500));
  });

  it('take memory by their own length, though each could overlap all others', () => {
    const block = new BlockWriter();
    const COUNT = 6000;
    for (let i = 0; i < COUNT; i++) {
      const start = bytesOf(String(i).padStart(5, '0'));
      const end = bytesOf(`x${String(i).padStart(5, '0')}`);
      block.add(start, 0, start.length, 0, i + 1, KIND_RANGE_DELETE, end, 0, end.length);
    }
    const content = Uint8Array.from(block.finish());
    expect(content.length).toBeLessThan(160 * KIB);
    const answer = withinMemory<Answer<unknown>>(8 * MIB, () => answerOf(() => fragmentsOf(content, 0)));
    expect(answer).toHaveProperty('refused');
  });
});

describe('a footer of any content', () => {
  const FILE_BYTES = 10_000;
  const good = encodeFooter({
    topIndex: { offsetBytes: 5000, sizeBytes: 100 },
    filter: { offsetBytes: 4000, sizeBytes: 76 },
    properties: { offsetBytes: 6000, sizeBytes: 200 },
    indexLevels: 1,
    tableNumber: 7,
    formatVersion: 2,
  });
  const footers = fc.tuple(hostile([good]), fc.boolean());

  it('names blocks inside the file, or is refused', () => {
    const property = fc.property(footers, ([content, isSealed]) => {
      const bytes = sizedFooter(content, isSealed);
      const answer = answerForView(bytes, (block) => decodeFooter(block, FILE, FILE_BYTES, 7));
      if (!('value' in answer)) return;
      const { topIndex, properties, filter = topIndex } = answer.value;
      for (const { offsetBytes, sizeBytes } of [topIndex, properties, filter]) {
        expect(offsetBytes + sizeBytes).toBeLessThan(FILE_BYTES);
      }
    });
    fc.assert(property, fuzzRuns(2000));
  });
});

/** As many bytes as a footer has; its checksum and magic made to fit, so that what is in it is looked at. */
function sizedFooter(content: Uint8Array, isSealed: boolean): Uint8Array {
  const footer = new Uint8Array(FOOTER_BYTES);
  footer.set(content.subarray(0, FOOTER_BYTES));
  if (!isSealed) return footer;
  writeUint32(footer, 52, crc32c(footer.subarray(0, 52)));
  footer.set(bytesOf('StemeSST'), 56);
  return footer;
}
