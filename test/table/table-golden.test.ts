import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KIND_PUT_EXPIRING } from '../../src/base/internal-key.js';
import { storedValue } from '../../src/base/stored-value.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import type { TableMetadata } from '../../src/table/table-metadata.js';
import { verifyTable } from '../../src/table/verify-table.js';
import { addEntry, bytesOf, del, look, openTable, put, startTable, TABLE_PATH, writeTable } from './table-fixtures.js';

const DOCS = join(import.meta.dirname, '../../docs');
const ENTRIES = [put('apple', 258, 'red'), put('apricot', 257, 'orange'), del('apricot', 3)];

/** Bytes of format version 1: a change here is a change of the format, and needs a new version. */
const GOLDEN = `
  0  00 05 03 61 70 70 6c 65 01 02 01 00 00 00 00 00
 16  72 65 64 02 05 06 72 69 63 6f 74 01 01 01 00 00
 32  00 00 00 6f 72 61 6e 67 65 07 00 00 00 03 00 00
 48  00 00 00 00 00 00 00 00 01 00 00 00 00 ef 57 6d
 64  99 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
128  00 00 00 00 00 00 00 00 00 10 00 00 00 00 00 00
144  80 04 00 00 00 00 00 02 80 00 00 04 00 00 00 00
160  00 00 00 00 00 00 00 00 00 00 08 00 00 00 01 00
176  00 00 00 00 20 00 00 10 00 00 20 00 00 00 00 00
192  01 06 00 00 00 00 00 00 01 00 00 00 00 cf 8f aa
208  ac 01 00 07 61 70 72 69 63 6f 74 00 3c 00 ab 2f
224  d9 a9 01 01 03 02 01 01 03 01 1c 04 01 41 05 01
240  01 06 05 61 70 70 6c 65 07 07 61 70 72 69 63 6f
256  74 08 01 03 09 02 82 02 0a 06 80 d0 95 ff bc 31
272  0b 01 00 0c 01 0a 0d 02 80 20 00 7f 41 ce 48 d1
288  00 00 00 00 00 00 00 0c 00 00 00 80 00 00 00 00
304  00 00 00 4c 00 00 00 e2 00 00 00 00 00 00 00 38
320  00 00 00 01 00 00 00 07 00 00 00 00 00 00 00 01
336  00 00 00 cc 52 6e 1e 53 74 65 6d 65 53 53 54
`;

/** Bytes of format version 2. */
const GOLDEN_2 = `
  0  00 04 0d 63 69 74 79 03 2d 00 00 00 00 00 00 40
 16  e6 ea cf 8b 01 00 00 42 61 73 65 6c 00 00 00 00
 32  01 00 00 00 00 48 76 87 cc 01 00 04 63 69 74 79
 48  00 24 00 26 bb 08 f4 00 02 02 62 61 02 2c 00 00
 64  00 00 00 00 63 61 00 02 02 63 61 02 2e 00 00 00
 80  00 00 00 63 7a 02 00 02 02 2c 00 00 00 00 00 00
 96  63 7a 01 01 01 7a 02 2e 00 00 00 00 00 00 64 00
112  00 00 00 01 00 00 00 00 0a 09 f0 41 01 01 01 02
128  01 00 03 01 11 04 01 29 05 01 01 06 02 62 61 07
144  01 64 08 01 2c 09 01 2e 0a 06 80 d0 95 ff bc 31
160  0b 01 00 0c 01 00 0d 02 80 20 0e 01 37 0f 01 40
176  10 01 04 11 01 01 12 01 01 13 06 c0 cc ab ff bc
192  31 00 62 81 e6 d2 29 00 00 00 00 00 00 00 09 00
208  00 00 00 00 00 00 00 00 00 00 00 00 00 00 7c 00
224  00 00 00 00 00 00 45 00 00 00 01 00 00 00 08 00
240  00 00 00 00 00 00 02 00 00 00 8e 46 34 0a 53 74
256  65 6d 65 53 53 54
`;

const LINES = linesOf(GOLDEN);
const LINES_2 = linesOf(GOLDEN_2);
const FILE_BYTES = 351;
const FILE_BYTES_2 = 262;

function linesOf(dump: string): string[] {
  return dump.split('\n').filter((line) => line !== '');
}

function bytesOfLines(lines: readonly string[], fileBytes: number): Uint8Array {
  const bytes = new Uint8Array(fileBytes);
  for (const line of lines) bytes.set(Buffer.from(line.slice(5).replaceAll(' ', ''), 'hex'), Number(line.slice(0, 3)));
  return bytes;
}

function readFile(fileSystem: FileSystem, path: string): string {
  const handle = fileSystem.openSync(path, 'read');
  const bytes = new Uint8Array(handle.sizeBytesSync());
  handle.readSync(bytes, 0);
  return Buffer.from(bytes).toString('hex');
}

function documentation(): string {
  const pages = readdirSync(DOCS).filter((name) => name.startsWith('formats'));
  return pages.map((name) => readFileSync(join(DOCS, name), 'utf8')).join('\n');
}

describe('the golden table', () => {
  it('is what is written', () => {
    const fileSystem = new MemoryFileSystem();
    writeTable(ENTRIES, { fileSystem, blockBytes: 4096 });
    expect(readFile(fileSystem, TABLE_PATH)).toBe(Buffer.from(bytesOfLines(LINES, FILE_BYTES)).toString('hex'));
  });

  it('is read', () => {
    const fileSystem = new MemoryFileSystem();
    fileSystem.openSync(TABLE_PATH, 'create').writeSync(bytesOfLines(LINES, FILE_BYTES), 0);
    const table = openTable({ fileSystem, summary: { ...writeTable(ENTRIES).summary, fileBytes: FILE_BYTES } });
    expect(look(table, bytesOf('apple'))).toBe('found 258 red');
    expect(look(table, bytesOf('apricot'), 256)).toBe('deleted 3');
    expect(verifyTable(table)).toEqual({
      entryCount: 3,
      keyCount: 2,
      tombstoneCount: 1,
      rawBytes: 28,
      dataBlockCount: 1,
    });
  });

  it('stands in the documentation as it is', () => {
    const text = documentation();
    for (const line of LINES) expect(text).toContain(line);
  });
});

describe('the golden table of version 2', () => {
  const PATH = '/000008.sst';
  const stored = storedValue(1_700_000_360_000, bytesOf('Basel'));

  function write(fileSystem: FileSystem): TableMetadata {
    const writer = startTable(fileSystem, { path: PATH, number: 8, blockBytes: 4096, bloomBitsPerKey: 0 });
    addEntry(writer, { ...put('city', 45), kind: KIND_PUT_EXPIRING, value: stored });
    writer.addRangeTombstone(bytesOf('ba'), bytesOf('cz'), 44);
    writer.addRangeTombstone(bytesOf('ca'), bytesOf('d'), 46);
    return writer.finish();
  }

  it('is what is written', () => {
    const fileSystem = new MemoryFileSystem();
    write(fileSystem);
    expect(readFile(fileSystem, PATH)).toBe(Buffer.from(bytesOfLines(LINES_2, FILE_BYTES_2)).toString('hex'));
  });

  it('is read', () => {
    const summary = write(new MemoryFileSystem());
    const fileSystem = new MemoryFileSystem();
    fileSystem.openSync(PATH, 'create').writeSync(bytesOfLines(LINES_2, FILE_BYTES_2), 0);
    const table = openTable({ fileSystem, summary }, { path: PATH });
    expect(look(table, bytesOf('city'))).toBe(`found 45 ${Buffer.from(stored).toString('latin1')}`);
    const text = (key: Uint8Array): string => Buffer.from(key).toString();
    const fragments = table.rangeTombstones?.fragments.map(({ start, end, sequences }) => {
      return [text(start), text(end), ...sequences];
    });
    expect(fragments).toEqual([
      ['ba', 'ca', 44],
      ['ca', 'cz', 46, 44],
      ['cz', 'd', 46],
    ]);
    expect(table.properties).toMatchObject({ isLargestKeyExclusive: true, expiringCount: 1, rangeDeleteCount: 4 });
    expect(verifyTable(table)).toEqual({
      entryCount: 1,
      keyCount: 1,
      tombstoneCount: 0,
      rawBytes: 17,
      dataBlockCount: 1,
    });
  });

  it('stands in the documentation as it is', () => {
    const text = documentation();
    for (const line of LINES_2) expect(text).toContain(line);
  });
});
