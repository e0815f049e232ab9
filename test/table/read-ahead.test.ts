import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KIB } from '../../src/base/limits.js';
import { Prng } from '../../src/base/prng.js';
import { FaultyFileSystem } from '../../src/fs/faulty-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { TracingFileSystem } from '../../src/fs/tracing-file-system.js';
import { BlockCache } from '../../src/table/block-cache.js';
import { ReadAhead } from '../../src/table/read-ahead.js';
import type { TableReader } from '../../src/table/table-reader.js';
import { openTable, randomEntries, writeTable } from './table-fixtures.js';

const FILE = new Prng(1).fill(new Uint8Array(300 * KIB));
const PIECE_BYTES_MAX = 64 * KIB;

interface Piece {
  readonly offset: number;
  readonly length: number;
}

/** A read-ahead over `FILE`, and the pieces that it has read. */
function createRig(): { readAhead: ReadAhead; pieces: Piece[]; read: (offset: number, length: number) => Uint8Array } {
  const readAhead = new ReadAhead(FILE.length, PIECE_BYTES_MAX);
  const pieces: Piece[] = [];
  const readPiece = (target: Uint8Array, offset: number): Uint8Array => {
    pieces.push({ offset, length: target.length });
    expect(offset + target.length).toBeLessThanOrEqual(FILE.length);
    target.set(FILE.subarray(offset, offset + target.length));
    return target;
  };
  return { readAhead, pieces, read: (offset, length) => readAhead.read(offset, length, readPiece) };
}

describe('reading ahead', () => {
  it('gives the bytes that were asked for, whatever is asked after what', () => {
    const jump = fc.record({
      kind: fc.constant('jump' as const),
      at: fc.nat(FILE.length - 9000),
      length: fc.nat(8000),
    });
    const walk = fc.record({ kind: fc.constantFrom('forward' as const, 'backward' as const), length: fc.nat(8000) });
    fc.assert(
      fc.property(fc.array(fc.oneof(jump, walk, walk, walk), { maxLength: 60, size: 'max' }), (steps) => {
        const { read } = createRig();
        let [start, end] = [0, 0];
        for (const step of steps) {
          const length = step.length + 1;
          if (step.kind === 'jump') start = step.at;
          else start = step.kind === 'forward' ? end : start - length;
          start = Math.max(0, Math.min(start, FILE.length - length));
          end = start + length;
          expect(Buffer.compare(read(start, length), FILE.subarray(start, end))).toBe(0);
        }
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it('reads growing pieces for a walk, either way', () => {
    const forward = createRig();
    for (let at = 0; at < FILE.length; at += 4 * KIB) forward.read(at, 4 * KIB);
    const lengths = forward.pieces.map(({ length }) => length / KIB);
    expect(lengths).toEqual([4, 16, 32, 64, 64, 64, 56]);
    const backward = createRig();
    for (let at = FILE.length - 4 * KIB; at >= 0; at -= 4 * KIB) backward.read(at, 4 * KIB);
    expect(backward.pieces.map(({ length }) => length / KIB)).toEqual(lengths);
  });

  it('reads no more than a block that stands alone', () => {
    const { read, pieces } = createRig();
    for (const at of [100, 50, 7000, 20_000]) read(at * 8, 1000);
    expect(pieces.map(({ length }) => length)).toEqual([1000, 1000, 1000, 1000]);
  });

  it('starts small again after a jump', () => {
    const { read, pieces } = createRig();
    for (let at = 0; at < 100 * KIB; at += 4 * KIB) read(at, 4 * KIB);
    read(200 * KIB, 4 * KIB);
    read(204 * KIB, 4 * KIB);
    expect(pieces.slice(-2).map(({ length }) => length / KIB)).toEqual([4, 16]);
  });

  it('takes a block larger than a piece, and does not keep its memory', () => {
    const { read } = createRig();
    read(0, 4 * KIB);
    expect(read(4 * KIB, 100 * KIB).buffer.byteLength).toBe(100 * KIB);
    expect(read(104 * KIB, 4 * KIB).buffer.byteLength).toBeLessThanOrEqual(PIECE_BYTES_MAX);
  });

  it('has nothing of a piece whose read failed', () => {
    const { readAhead, read } = createRig();
    read(0, 4 * KIB);
    read(4 * KIB, 4 * KIB);
    const failing = (target: Uint8Array): Uint8Array => {
      target.fill(0xee);
      throw new Error('EIO');
    };
    expect(() => readAhead.read(40 * KIB, 4 * KIB, failing)).toThrow('EIO');
    for (const at of [0, 4 * KIB, 40 * KIB]) {
      expect(Buffer.compare(read(at, 4 * KIB), FILE.subarray(at, at + 4 * KIB))).toBe(0);
    }
  });
});

describe('a walk over a table that is read', () => {
  const fileSystem = new MemoryFileSystem();
  const entries = randomEntries(1, 6000);
  const { summary } = writeTable(entries, { fileSystem, blockBytes: 1024 });

  function open(on: MemoryFileSystem | TracingFileSystem | FaultyFileSystem): TableReader {
    return openTable({ fileSystem: on, summary }, { readMode: 'pread', blockCache: new BlockCache(0) });
  }

  function walk(table: TableReader, isForward: boolean, readAheadBytes?: number): number[] {
    const iterator = table.iterator({ fillCache: false, readAheadBytes });
    const seen: number[] = [];
    if (isForward) for (iterator.seekToFirst(); iterator.valid; iterator.next()) seen.push(iterator.sequence);
    else for (iterator.seekToLast(); iterator.valid; iterator.prev()) seen.push(iterator.sequence);
    return seen;
  }

  it.each([true, false])('takes few reads and finds everything, forward: %s', (isForward) => {
    const trace = new TracingFileSystem(fileSystem, '/', new Set(['read']));
    const table = open(trace);
    const opening = trace.lines.length;
    const wanted = entries.map(({ sequence }) => sequence);
    expect(walk(table, isForward)).toEqual(isForward ? wanted : wanted.reverse());
    const reads = trace.lines.length - opening;
    expect(reads).toBeLessThan(8);
    expect(walk(table, isForward, 0)).toHaveLength(entries.length);
    expect(trace.lines.length - opening - reads).toBe(table.properties.dataBlockCount);
  });

  it('goes on where a read failed, once it is asked again', () => {
    const faulty = new FaultyFileSystem(fileSystem, [{ kind: 'read', nth: 7, error: 'EIO' }]);
    const table = open(faulty);
    expect(() => walk(table, true)).toThrow(expect.objectContaining({ code: 'STEME_IO' }));
    expect(walk(table, true)).toHaveLength(entries.length);
  });
});
