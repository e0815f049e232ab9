import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BLOCK_TRAILER_BYTES } from '../../src/base/block-trailer.js';
import { writeUint32 } from '../../src/base/bytes.js';
import { crc32c } from '../../src/base/checksum.js';
import { CorruptionError } from '../../src/base/errors.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { BlockCache } from '../../src/table/block-cache.js';
import { FOOTER_BYTES } from '../../src/table/table-footer.js';
import { TableReader } from '../../src/table/table-reader.js';
import { verifyTable } from '../../src/table/verify-table.js';
import { answerOf, fuzzRuns, guardedDisk, mutate, mutations } from '../support/fuzz.js';
import {
  addEntry,
  bytesOf,
  look,
  lookInEntries,
  ODD_ENTRIES,
  openTable,
  put,
  startTable,
  TABLE_NUMBER,
  TABLE_PATH,
  writeTable,
} from './table-fixtures.js';

const READ_MODES = ['mmap', 'pread'] as const;

function readFile(fileSystem: MemoryFileSystem, path: string): Uint8Array {
  const handle = fileSystem.openSync(path, 'read');
  const bytes = new Uint8Array(handle.sizeBytesSync());
  handle.readSync(bytes, 0);
  handle.closeSync();
  return bytes;
}

function fileSystemWith(bytes: Uint8Array): MemoryFileSystem {
  const fileSystem = new MemoryFileSystem();
  const handle = fileSystem.openSync(TABLE_PATH, 'create');
  handle.writeSync(bytes, 0);
  handle.closeSync();
  return fileSystem;
}

/** A table with everything that tables can have. */
function tableBytes(compression: 'none' | 'lz4'): Uint8Array {
  const fileSystem = new MemoryFileSystem();
  const writer = startTable(fileSystem, { blockBytes: 64, compression });
  for (const entry of ODD_ENTRIES) addEntry(writer, entry);
  writer.addRangeTombstone(bytesOf('b'), bytesOf('cherry'), 3);
  writer.addRangeTombstone(bytesOf('c'), bytesOf('e'), 6);
  writer.noteBlobUse(5, 1000);
  writer.finish();
  return readFile(fileSystem, TABLE_PATH);
}

const COVERS = ['a', 'b', 'banana', 'c', 'date', 'e'].map((key) => {
  const wanted = key < 'b' || key >= 'e' ? 0 : key < 'c' ? 3 : 6;
  return { key: bytesOf(key), wanted };
});

function cover(table: TableReader, key: Uint8Array): number {
  return table.rangeTombstones?.coveringSequence(key, 0, key.length, 8) ?? 0;
}

/** Opens, looks up, scans: each gives the truth or a fair error. Returns whether anything was refused. */
function readAll(bytes: Uint8Array, fileBytes: number, readMode: 'mmap' | 'pread', what: string): boolean {
  const fileSystem = guardedDisk(fileSystemWith(bytes), 1000);
  let refusals = 0;
  const attempt = (run: () => void): void => {
    if ('refused' in answerOf(run)) refusals++;
  };
  attempt(() => {
    const options = {
      fileSystem,
      path: TABLE_PATH,
      number: TABLE_NUMBER,
      fileBytes,
      readMode,
      blockCache: new BlockCache(1e6),
    };
    const table = TableReader.openSync(options);
    for (const key of ['apple', 'banana', 'cherry', 'date', 'a', 'z', 'cherri']) {
      attempt(() => expect(look(table, bytesOf(key), 8), what).toBe(lookInEntries(ODD_ENTRIES, bytesOf(key), 8)));
    }
    for (const { key, wanted } of COVERS) expect(cover(table, key), what).toBe(wanted);
    attempt(() => expect(scan(table), what).toEqual(ODD_ENTRIES.map(({ sequence }) => sequence)));
    table.close();
  });
  return refusals > 0;
}

function scan(table: TableReader): number[] {
  const sequences: number[] = [];
  const iterator = table.iterator();
  for (iterator.seekToFirst(); iterator.valid; iterator.next()) sequences.push(iterator.sequence);
  return sequences;
}

describe.each(['none', 'lz4'] as const)('a damaged table, compression %s', (compression) => {
  const good = tableBytes(compression);

  it('is read rightly when it is whole', () => {
    for (const readMode of READ_MODES) expect(readAll(good, good.length, readMode, 'whole')).toBe(false);
  });

  it.each(READ_MODES)('never gives a wrong answer, whichever bit is flipped, by %s', (readMode) => {
    let refused = 0;
    for (let bit = 0; bit < good.length * 8; bit++) {
      const bad = Uint8Array.from(good);
      bad[bit >>> 3] ^= 1 << (bit & 7);
      if (readAll(bad, bad.length, readMode, `bit ${bit}`)) refused++;
    }
    // Only the zeros before the filter are covered by nothing.
    expect(refused).toBeGreaterThan((good.length - 64) * 8);
  });

  it.each(READ_MODES)('is refused at every other length, by %s', (readMode) => {
    for (let length = 0; length < good.length; length++) {
      expect(readAll(good.subarray(0, length), good.length, readMode, `length ${length}`), `length ${length}`).toBe(
        true,
      );
      expect(readAll(good.subarray(0, length), length, readMode, `length ${length}`), `length ${length}`).toBe(true);
    }
    expect(readAll(Uint8Array.of(...good, 0), good.length, readMode, 'longer')).toBe(true);
    expect(readAll(Uint8Array.of(...good, 0), good.length + 1, readMode, 'longer')).toBe(true);
  });

  it('is refused or read rightly whatever is done to its bytes', () => {
    const property = fc.property(mutations, fc.constantFrom(...READ_MODES), (how, readMode) => {
      const bad = mutate(good, how);
      readAll(bad, bad.length, readMode, 'damage');
    });
    fc.assert(property, fuzzRuns(400));
  });
});

describe('a table whose footer was sealed again', () => {
  it('is refused when its index of nothing is said to have partitions', () => {
    const fileSystem = new MemoryFileSystem();
    const writer = startTable(fileSystem);
    writer.addRangeTombstone(bytesOf('a'), bytesOf('b'), 1);
    const summary = writer.finish();
    const bad = readFile(fileSystem, TABLE_PATH);
    const footer = bad.subarray(bad.length - FOOTER_BYTES);
    writeUint32(footer, 36, 2);
    writeUint32(footer, 52, crc32c(footer.subarray(0, 52)));
    expect(() => openTable({ fileSystem: fileSystemWith(bad), summary })).toThrow(CorruptionError);
  });

  it('is refused as unsupported, naming both versions, when it is of a later format version', () => {
    const bad = tableBytes('none');
    const footer = bad.subarray(bad.length - FOOTER_BYTES);
    writeUint32(footer, 48, 9);
    writeUint32(footer, 52, crc32c(footer.subarray(0, 52)));
    const open = () =>
      openTable({
        fileSystem: fileSystemWith(bad),
        summary: { ...writeTable(ODD_ENTRIES).summary, fileBytes: bad.length },
      });
    expect(open).toThrow(expect.objectContaining({ code: 'STEME_UNSUPPORTED' }));
    expect(open).toThrow(/version 9.*versions 1 to 2/);
  });
});

describe('a good block', () => {
  it('is refused in another place of the file', () => {
    const entries = ['a', 'b', 'c'].map((key, i) => put(key, i + 1, 'x'.repeat(80)));
    const fileSystem = new MemoryFileSystem();
    const { summary } = writeTable(entries, { fileSystem, blockBytes: 64, bloomBitsPerKey: 0 });
    const bytes = readFile(fileSystem, TABLE_PATH);
    const blockBytes = openTable({ fileSystem, summary }).partition(0, false).sizeBytes(0) + BLOCK_TRAILER_BYTES;
    bytes.copyWithin(0, blockBytes, 2 * blockBytes);
    const table = openTable({ fileSystem: fileSystemWith(bytes), summary });
    expect(() => look(table, bytesOf('a'))).toThrow(CorruptionError);
    expect(look(table, bytesOf('b'))).toBe(`found 2 ${'x'.repeat(80)}`);
    expect(() => verifyTable(table)).toThrow(CorruptionError);
  });

  it('is refused in another file', () => {
    const other = writeTable(ODD_ENTRIES, { number: 8 });
    const open = () => openTable({ ...other, summary: { ...other.summary, number: TABLE_NUMBER } });
    expect(open).toThrow(expect.objectContaining({ code: 'STEME_CORRUPTION' }));
    expect(open).toThrow('table 8');
  });
});
