import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import type { VersionSet } from '../../src/version/version-set.js';
import { createSet, DIRECTORY, recoverSet } from './scenario.js';
import { added, numbersOf, table } from './tables.js';

/** Frozen: a database of format version 1 that every later version must read, and this one writes. */
const MANIFEST_LINES = [
  '0000  ff e8 7b 3d 10 00 00 00 13 4f 18 b9 00 00 00 00',
  '0010  00 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00',
  '0020  01 00 00 00 0d f0 ed fe 02 00 00 00 00 00 00 00',
  '0030  c2 23 47 3a 22 00 00 00 13 4f 18 b9 01 00 00 00',
  '0040  00 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00',
  '0050  02 00 04 05 8d e0 b7 f7 0f 06 0e 73 74 65 6d 65',
  '0060  2e 62 79 74 65 77 69 73 65 08 01 01 0a 01 03 0c',
  '0070  01 00 00 00 00 00 00 00 4c 02 32 51 29 00 00 00',
  '0080  13 4f 18 b9 02 00 00 00 02 00 00 00 00 00 00 00',
  '0090  02 00 00 00 00 00 00 00 08 01 04 0a 01 05 0c 02',
  '00a0  ac 02 10 1d 00 03 80 20 ac 02 02 a8 46 01 ac 02',
  '00b0  80 d0 95 ff bc 31 05 61 70 70 6c 65 04 70 65 61',
  '00c0  72 00 00 00 00 00 00 00',
];
const CURRENT_LINES = ['MANIFEST-000002', 'crc32c e4121399'];

const TABLE = table(3, 'apple', 'pear', {
  fileBytes: 4096,
  entryCount: 300,
  tombstoneCount: 2,
  rawBytes: 9000,
  smallestSequence: 1,
  largestSequence: 300,
});

async function emptyDisk(): Promise<MemoryFileSystem> {
  const fileSystem = new MemoryFileSystem();
  await fileSystem.makeDirectory(DIRECTORY);
  return fileSystem;
}

async function contentOf(fileSystem: MemoryFileSystem, name: string): Promise<Buffer> {
  const file = await fileSystem.open(`${DIRECTORY}/${name}`, 'read');
  const content = Buffer.alloc(await file.sizeBytes());
  await file.read(content, 0);
  await file.close();
  return content;
}

async function put(fileSystem: MemoryFileSystem, name: string, content: Uint8Array): Promise<void> {
  const file = await fileSystem.open(`${DIRECTORY}/${name}`, 'create');
  await file.write(content, 0);
  await file.close();
}

function hexLines(content: Buffer): string[] {
  const lines: string[] = [];
  for (let at = 0; at < content.length; at += 16) {
    const pairs = [...content.subarray(at, at + 16)].map((byte) => byte.toString(16).padStart(2, '0'));
    lines.push(`${at.toString(16).padStart(4, '0')}  ${pairs.join(' ')}`);
  }
  return lines;
}

function bytesOf(lines: readonly string[]): Buffer {
  return Buffer.from(lines.map((line) => line.slice(6).replaceAll(' ', '')).join(''), 'hex');
}

async function flushOnce(set: VersionSet): Promise<void> {
  set.raiseFileNumber(5);
  await set.apply({ ...added(0, TABLE), logNumber: 4, lastSequence: 300 });
  await set.close();
}

describe('manifest format version 1', () => {
  it('is written byte for byte as documented', async () => {
    const fileSystem = await emptyDisk();
    await flushOnce(await createSet(fileSystem));
    expect(hexLines(await contentOf(fileSystem, 'MANIFEST-000002'))).toEqual(MANIFEST_LINES);
    expect((await contentOf(fileSystem, 'CURRENT')).toString()).toBe(`${CURRENT_LINES.join('\n')}\n`);
  });

  it('is read from the frozen bytes', async () => {
    const fileSystem = await emptyDisk();
    await put(fileSystem, 'MANIFEST-000002', bytesOf(MANIFEST_LINES));
    await put(fileSystem, 'CURRENT', Buffer.from(`${CURRENT_LINES.join('\n')}\n`));
    const set = await recoverSet(fileSystem);
    expect([set.databaseId, set.logNumber, set.lastSequence, set.allocateFileNumber()]).toEqual([
      0xfeedf00d, 4, 300, 5,
    ]);
    expect(numbersOf(set.current)[0]).toEqual([3]);
    expect(set.current.tables()).toEqual([TABLE]);
  });

  it('stands with these bytes in the documentation', async () => {
    const docs = new URL('../../docs/', import.meta.url);
    const names = (await readdir(docs)).filter((name) => name.endsWith('.md'));
    const pages = await Promise.all(names.map((name) => readFile(new URL(name, docs), 'utf8')));
    const whole = pages.join('\n');
    expect(whole).toContain(MANIFEST_LINES.join('\n'));
    expect(whole).toContain(CURRENT_LINES.join('\n'));
  });
});
