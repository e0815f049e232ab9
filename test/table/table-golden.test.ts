import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { verifyTable } from '../../src/table/verify-table.js';
import { bytesOf, del, look, openTable, put, TABLE_PATH, writeTable } from './table-fixtures.js';

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

const LINES = GOLDEN.split('\n').filter((line) => line !== '');

function goldenBytes(): Uint8Array {
  const bytes = new Uint8Array(351);
  for (const line of LINES) bytes.set(Buffer.from(line.slice(5).replaceAll(' ', ''), 'hex'), Number(line.slice(0, 3)));
  return bytes;
}

describe('the golden table', () => {
  it('is what is written', () => {
    const fileSystem = new MemoryFileSystem();
    const { summary } = writeTable(ENTRIES, { fileSystem, blockBytes: 4096 });
    const written = new Uint8Array(summary.fileBytes);
    fileSystem.openSync(TABLE_PATH, 'read').readSync(written, 0);
    expect(Buffer.from(written).toString('hex')).toBe(Buffer.from(goldenBytes()).toString('hex'));
  });

  it('is read', () => {
    const fileSystem = new MemoryFileSystem();
    fileSystem.openSync(TABLE_PATH, 'create').writeSync(goldenBytes(), 0);
    const table = openTable({ fileSystem, summary: { ...writeTable(ENTRIES).summary, fileBytes: 351 } });
    expect(look(table, bytesOf('apple'))).toBe('found 258 red');
    expect(look(table, bytesOf('apricot'), 256)).toBe('deleted 3');
    expect(verifyTable(table)).toEqual({ entryCount: 3, tombstoneCount: 1, rawBytes: 28, dataBlockCount: 1 });
  });

  it('stands in the documentation as it is', () => {
    const pages = readdirSync(DOCS).filter((name) => name.startsWith('formats'));
    const text = pages.map((name) => readFileSync(join(DOCS, name), 'utf8')).join('\n');
    for (const line of LINES) expect(text).toContain(line);
  });
});
