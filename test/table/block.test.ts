import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commonPrefixLength } from '../../src/base/bytes.js';
import { CorruptionError, StemeError } from '../../src/base/errors.js';
import { BLOCK_RESTART_INTERVAL } from '../../src/base/limits.js';
import { Prng } from '../../src/base/prng.js';
import { findRestarts } from '../../src/table/block-entry.js';
import { BlockIterator } from '../../src/table/block-iterator.js';
import { findInBlock } from '../../src/table/block-lookup.js';
import { BlockWriter } from '../../src/table/block-writer.js';
import { DataBlock } from '../../src/table/data-block.js';
import { arbitraryKey, arbitraryVersions, makeEntry, splitSources } from '../read/arbitrary-versions.js';
import { arbitraryWalk, takeStep } from '../read/iterator-walk.js';
import { ArrayIterator, compareEntries, type VersionEntry } from '../support/array-iterator.js';
import { bytesOf, createResult, describeResult, lookInEntries, put, randomEntries } from './table-fixtures.js';

function addTo(writer: BlockWriter, key: Uint8Array, sequence: number, kind: number, value: Uint8Array): void {
  const { lastKey, lastKeyBytes } = writer;
  const shared = commonPrefixLength(lastKey, 0, lastKeyBytes, key, 0, key.length);
  writer.add(key, 0, key.length, shared, sequence, kind, value, 0, value.length);
}

function writeBlock(entries: readonly VersionEntry[], writer = new BlockWriter()): Uint8Array {
  for (const { key, sequence, kind, value } of entries) {
    addTo(writer, key, sequence, kind, value);
  }
  const block = new Uint8Array(writer.finish());
  writer.reset();
  return block;
}

function iterate(block: Uint8Array): BlockIterator {
  const iterator = new BlockIterator();
  iterator.init(block, 'test.sst', 0);
  return iterator;
}

function snapshot(iterator: BlockIterator | ArrayIterator): unknown {
  if (!iterator.valid) return 'nowhere';
  const { keySource, keyStart, keyEnd, sequence, kind, valueSource, valueStart, valueEnd } = iterator;
  const key = Buffer.from(keySource.subarray(keyStart, keyEnd)).toString('hex');
  return { key, sequence, kind, value: Buffer.from(valueSource.subarray(valueStart, valueEnd)).toString('hex') };
}

function walkForward(block: Uint8Array): unknown[] {
  const iterator = iterate(block);
  const seen: unknown[] = [];
  for (iterator.seekToFirst(); iterator.valid; iterator.next()) seen.push(snapshot(iterator));
  return seen;
}

function walkBackward(block: Uint8Array): unknown[] {
  const iterator = iterate(block);
  const seen: unknown[] = [];
  for (iterator.seekToLast(); iterator.valid; iterator.prev()) seen.push(snapshot(iterator));
  return seen;
}

/** Asks three times: walked, walked while the directory is made, and through the directory. They must agree. */
function lookInBlock(block: DataBlock, key: Uint8Array, sequenceMax: number): string {
  const answers = [1, 2, 3].map(() => {
    const result = createResult();
    return block.find(key, sequenceMax, result) ? describeResult(result) : 'missing';
  });
  expect(new Set(answers).size).toBe(1);
  return answers[0];
}

describe('a block', () => {
  it('gives back what was added, forwards and backwards, over many restart points', () => {
    const entries = randomEntries(1, 200);
    const expected = entries.map((entry) => {
      const iterator = new ArrayIterator([entry]);
      iterator.seekToFirst();
      return snapshot(iterator);
    });
    const block = writeBlock(entries);
    expect(walkForward(block)).toEqual(expected);
    expect(walkBackward(block)).toEqual(expected.toReversed());
  });

  it('starts a restart point every BLOCK_RESTART_INTERVAL entries', () => {
    for (const [count, restarts] of [
      [1, 1],
      [BLOCK_RESTART_INTERVAL, 1],
      [BLOCK_RESTART_INTERVAL + 1, 2],
      [BLOCK_RESTART_INTERVAL * 2 + 1, 3],
    ]) {
      const block = writeBlock(Array.from({ length: count }, (_, i) => put(`key${String(i).padStart(4, '0')}`, 1)));
      expect((block.length - findRestarts(block)) / 4 - 1).toBe(restarts);
    }
  });

  it('tells its size before it is finished, and starts over after a reset', () => {
    const writer = new BlockWriter();
    const entries = randomEntries(2, 50);
    expect(writer.isEmpty).toBe(true);
    const first = writeBlock(entries, writer);
    expect(writer.isEmpty).toBe(true);
    for (const { key, value } of entries) addTo(writer, key, 1, 1, value);
    expect(writer.rawBytes).toBe(writer.finish().length);
    writer.reset();
    expect(writeBlock(entries, writer)).toEqual(first);
  });

  it('holds a value of many megabytes and long keys', () => {
    const value = new Prng(1).fill(new Uint8Array(5 * 1024 * 1024));
    const key = new Uint8Array(65536).fill(0x61);
    const block = writeBlock([{ key, sequence: 9, kind: 1, value }]);
    const result = createResult();
    expect(findInBlock(block, key, 9, result, 'x', 0)).toBe(true);
    expect(Buffer.compare(result.source.subarray(result.start, result.end), value)).toBe(0);
  });

  it('is walked like a sorted array, whatever the steps', () => {
    fc.assert(
      fc.property(arbitraryVersions(60), arbitraryWalk, (versions, walk) => {
        const entries = splitSources([...versions, { source: 0, entry: makeEntry(bytesOf('a'), 500) }], 1)[0];
        const block = iterate(writeBlock(entries));
        const model = new ArrayIterator(entries);
        for (const step of walk) {
          takeStep(block, step);
          takeStep(model, step);
          expect(snapshot(block)).toEqual(snapshot(model));
        }
      }),
      { seed: 1, numRuns: 400 },
    );
  });

  it('finds the newest version at or below the sequence, walked or through its directory', () => {
    fc.assert(
      fc.property(arbitraryVersions(80), fc.array(arbitraryKey, { maxLength: 10 }), (versions, others) => {
        const entries = splitSources([...versions, { source: 0, entry: makeEntry(bytesOf('a'), 500) }], 1)[0];
        const block = new DataBlock(writeBlock(entries), 'x', 0);
        for (const key of [...entries.map((entry) => entry.key), ...others]) {
          for (const sequenceMax of [0, 1, 7, 40, 499, 500]) {
            expect(lookInBlock(block, key, sequenceMax)).toBe(lookInEntries(entries, key, sequenceMax));
          }
        }
      }),
      { seed: 2, numRuns: 150 },
    );
  });

  it('finds keys that share long prefixes with some neighbours and none with others', () => {
    const names = [
      'a',
      'tenant-one/metric/0001',
      'tenant-one/metric/0002',
      'tenant-one/metric/0002x',
      'tenant-two/m',
      'z',
    ];
    const entries = names
      .flatMap((name) => [put(name, 5, `${name} new`), put(name, 2, `${name} old`)])
      .sort(compareEntries);
    const block = new DataBlock(writeBlock(entries), 'x', 0);
    for (const name of [...names, 'b', 'tenant-one/metric/', 'tenant-one/metric/0003', 'tenant-z', 'zz', '\0']) {
      for (const sequenceMax of [1, 2, 4, 5, 6]) {
        const key = bytesOf(name);
        expect(lookInBlock(block, key, sequenceMax), `${name} at ${sequenceMax}`).toBe(
          lookInEntries(entries, key, sequenceMax),
        );
      }
    }
  });

  it('refuses an entry of a kind from the future when it is looked up', () => {
    const block = writeBlock([{ ...put('a', 1), kind: 6 }]);
    const lookUp = () => findInBlock(block, bytesOf('a'), 1, createResult(), 'x.sst', 0);
    expect(lookUp).toThrow(StemeError);
    expect(lookUp).toThrow('kind 6');
  });
});

/** Runs everything that reads a block; returns the errors that are none of ours. */
function strangeErrors(block: Uint8Array, keys: readonly Uint8Array[]): unknown[] {
  const strange: unknown[] = [];
  const attempt = (run: () => void): void => {
    try {
      run();
    } catch (error) {
      if (!(error instanceof StemeError)) strange.push(error);
    }
  };
  attempt(() => walkForward(block));
  attempt(() => walkBackward(block));
  for (const key of keys) {
    attempt(() => findInBlock(block, key, 20, createResult(), 'x', 0));
    attempt(() => iterate(block).seek(key));
    attempt(() => iterate(block).seekBefore(key));
    attempt(() => {
      const dataBlock = new DataBlock(block, 'x', 0);
      for (let i = 0; i < 3; i++) dataBlock.find(key, 20, createResult());
    });
  }
  return strange;
}

describe('a block of hostile bytes', () => {
  const keys = [bytesOf('a'), bytesOf('m/0007'), Uint8Array.of(0), Uint8Array.of(0xff, 0xff)];

  it('is refused or read, and never over-read, when it is junk', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.nat(3), (bytes, restartCount) => {
        const block = new Uint8Array([...bytes, restartCount, 0, 0, 0]);
        expect(strangeErrors(block, keys)).toEqual([]);
      }),
      { seed: 3, numRuns: 3000 },
    );
  });

  it('is refused or read when any byte of a good block is another one', () => {
    const good = writeBlock(Array.from({ length: 40 }, (_, i) => put(`m/${String(i).padStart(4, '0')}`, i + 1, 'v')));
    for (let at = 0; at < good.length; at++) {
      for (const byte of [0, 1, 0x7f, 0x80, 0xff]) {
        const block = Uint8Array.from(good);
        block[at] = byte;
        expect(strangeErrors(block, keys), `byte ${at} = ${byte}`).toEqual([]);
      }
    }
  });

  it('is refused when it is cut, empty or has no restart points', () => {
    for (const bytes of [[], [0], [0, 0, 0, 0], [1, 0, 0, 0], [0xff, 0xff, 0xff, 0xff]]) {
      expect(() => iterate(Uint8Array.from(bytes))).toThrow(CorruptionError);
      expect(() => new DataBlock(Uint8Array.from(bytes), 'x', 0)).toThrow(CorruptionError);
    }
  });
});
