import { describe, expect, it } from 'vitest';
import type { Rejection } from '../../src/cli/record-reader/record.js';
import { encodeRejection } from '../../src/cli/rejected-entry.js';
import { RejectedFile } from '../../src/cli/rejected-file.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';

function rejection(line: number, record: string | Uint8Array, fullBytes?: number): Rejection {
  const bytes = Buffer.from(record);
  return { kind: 'rejection', raw: { line, bytes, fullBytes: fullBytes ?? bytes.length }, reason: 'why' };
}

async function newDirectory(): Promise<MemoryFileSystem> {
  const fileSystem = new MemoryFileSystem();
  await fileSystem.makeDirectory('/db');
  await fileSystem.syncDirectory('/');
  return fileSystem;
}

async function run(fileSystem: FileSystem, rejections: readonly Rejection[], source = 'a.log'): Promise<void> {
  const file = new RejectedFile(fileSystem, '/db');
  for (const each of rejections) await file.add(each, source);
  await file.close();
}

async function contents(fileSystem: FileSystem): Promise<string> {
  const handle = await fileSystem.open('/db/rejected.ndjson', 'read');
  const bytes = Buffer.alloc(await handle.sizeBytes());
  await handle.read(bytes, 0);
  await handle.close();
  return bytes.toString();
}

async function lineNumbers(fileSystem: FileSystem): Promise<number[]> {
  const text = await contents(fileSystem);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).line);
}

describe('an entry of rejected.ndjson', () => {
  it('holds line, reason, source and record', () => {
    expect(encodeRejection(rejection(3, 'a "b"\té'), 'x.csv')).toBe(
      '{"line":3,"reason":"why","source":"x.csv","record":"a \\"b\\"\\té"}\n',
    );
  });

  it('holds bytes that are no text as base64, and says so', () => {
    expect(JSON.parse(encodeRejection(rejection(3, Uint8Array.of(0xff, 0)), 'x'))).toEqual({
      line: 3,
      reason: 'why',
      source: 'x',
      record: '/wA=',
      encoding: 'base64',
    });
  });

  it('says how long a truncated record was, and drops the character that was cut', () => {
    const cut = Buffer.from('aé€😀').subarray(0, -1);
    expect(JSON.parse(encodeRejection(rejection(3, cut, 1000), 'x'))).toMatchObject({
      record: 'aé€',
      truncated: true,
      recordBytes: 1000,
    });
  });
});

describe('rejected.ndjson', () => {
  it('is not made when nothing is rejected', async () => {
    const fileSystem = await newDirectory();
    await run(fileSystem, []);
    expect(await fileSystem.list('/db')).toEqual([]);
  });

  it('holds every entry durably after close', async () => {
    const fileSystem = await newDirectory();
    await run(fileSystem, [rejection(1, 'one'), rejection(2, 'two')]);
    for (let seed = 1; seed <= 10; seed++) expect(await lineNumbers(fileSystem.crashClone(seed))).toEqual([1, 2]);
  });

  it('does not grow when the same source is ingested again', async () => {
    const fileSystem = await newDirectory();
    await run(fileSystem, [rejection(1, 'one'), rejection(2, 'two')]);
    const before = await contents(fileSystem);
    await run(fileSystem, [rejection(1, 'one'), rejection(2, 'two')]);
    expect(await contents(fileSystem)).toBe(before);
  });

  it('keeps what earlier runs kept, of this source and of others', async () => {
    const fileSystem = await newDirectory();
    await run(fileSystem, [rejection(1, 'one')], 'a.log');
    await run(fileSystem, [rejection(2, 'two')], 'b.log');
    await run(fileSystem, [rejection(1, 'one, changed')], 'a.log');
    expect(await lineNumbers(fileSystem)).toEqual([1, 2, 1]);
  });

  it('cuts off a torn last line, and writes the entry anew', async () => {
    const fileSystem = await newDirectory();
    await run(fileSystem, [rejection(1, 'one'), rejection(2, 'two')]);
    const handle = await fileSystem.open('/db/rejected.ndjson', 'update');
    await handle.truncate((await handle.sizeBytes()) - 5);
    await handle.close();
    await run(fileSystem, [rejection(2, 'two'), rejection(3, 'three')]);
    expect(await lineNumbers(fileSystem)).toEqual([1, 2, 3]);
  });

  it('holds more entries than fit one write', async () => {
    const fileSystem = await newDirectory();
    const many = Array.from({ length: 3000 }, (_, index) => rejection(index + 1, 'x'.repeat(300)));
    await run(fileSystem, many.slice(0, 2000));
    await run(fileSystem, many);
    expect(await lineNumbers(fileSystem)).toEqual(many.map((each) => each.raw.line));
  });
});
