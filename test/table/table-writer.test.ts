import { describe, expect, it } from 'vitest';
import { systemCodeOf } from '../../src/base/errors.js';
import { Prng } from '../../src/base/prng.js';
import { FaultyFileSystem } from '../../src/fs/faulty-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { TracingFileSystem } from '../../src/fs/tracing-file-system.js';
import { addEntry, put, randomEntries, startTable, TABLE_PATH, writeTable } from './table-fixtures.js';

describe('the table writer', () => {
  it('refuses keys out of order, sequences out of order, and the same internal key twice', () => {
    for (const [first, second] of [
      [put('b', 1), put('a', 2)],
      [put('ab', 1), put('a', 2)],
      [put('a', 1), put('a', 2)],
      [put('a', 1), put('a', 1)],
    ]) {
      const writer = startTable(new MemoryFileSystem());
      addEntry(writer, first);
      expect(() => addEntry(writer, second)).toThrow('internal-key order');
      writer.abandon();
    }
  });

  it('keeps the order across the end of a block', () => {
    const writer = startTable(new MemoryFileSystem(), { blockBytes: 1 });
    addEntry(writer, put('b', 2));
    addEntry(writer, put('b', 1));
    expect(() => addEntry(writer, put('a', 9))).toThrow('internal-key order');
  });

  it('refuses an empty key, an unknown kind and an empty table', () => {
    const writer = startTable(new MemoryFileSystem());
    expect(() => addEntry(writer, put('', 1))).toThrow('limits');
    expect(() => addEntry(writer, { ...put('a', 1), kind: 2 })).toThrow('known kind');
    expect(() => writer.finish()).toThrow('has entries or range deletes');
  });

  it('takes Buffers and ranges of larger arrays, and keeps none of them', () => {
    const fileSystem = new MemoryFileSystem();
    const writer = startTable(fileSystem, { blockBytes: 1 });
    const source = Buffer.from('..alpha..beta..');
    writer.add(source, 2, 7, 1, 1, source, 9, 13);
    source.fill(0x7a);
    source.write('beta', 0);
    writer.add(source, 0, 4, 2, 1, source, 0, 0);
    source.fill(0);
    const { smallestKey, largestKey } = writer.finish();
    expect([smallestKey, largestKey].map((key) => Buffer.from(key).toString())).toEqual(['alpha', 'beta']);
  });

  it('tells its size as it grows, never less than what is on disk in the end by more than the properties', () => {
    const writer = startTable(new MemoryFileSystem(), { blockBytes: 512 });
    let previous = 0;
    for (const entry of randomEntries(1, 2000)) {
      addEntry(writer, entry);
      expect(writer.fileBytes).toBeGreaterThanOrEqual(previous);
      previous = writer.fileBytes;
    }
    expect(writer.entryCount).toBe(2000);
    const { fileBytes } = writer.finish();
    expect(fileBytes).toBeLessThan(previous + 512);
    expect(fileBytes).toBeGreaterThan(previous * 0.8);
  });

  it('writes about a MiB at a time, syncs once at the end, and leaves the directory to its caller', () => {
    const trace = new TracingFileSystem(new MemoryFileSystem(), '/');
    const value = new Prng(1).fill(new Uint8Array(700_000));
    const entries = ['a', 'b', 'c'].map((key) => ({ ...put(key, 1), value }));
    const { fileBytes } = writeTable(entries, { fileSystem: trace, bloomBitsPerKey: 0 }).summary;
    const block = 700_000 + 27;
    expect(trace.lines).toEqual([
      'open 000007.sst create',
      `write 000007.sst 0+${block}`,
      `write 000007.sst ${block}+${block}`,
      `write 000007.sst ${2 * block}+${fileBytes - 2 * block}`,
      'datasync 000007.sst',
      'close 000007.sst',
    ]);
  });

  it('passes a full disk on, and removes the file when it is abandoned', async () => {
    const fileSystem = new MemoryFileSystem({ capacityBytes: 1_500_000 });
    const writer = startTable(fileSystem);
    const value = new Prng(1).fill(new Uint8Array(900_000));
    addEntry(writer, { ...put('a', 1), value });
    const fill = (): void => {
      addEntry(writer, { ...put('b', 1), value });
      addEntry(writer, { ...put('c', 1), value });
      writer.finish();
    };
    let code: string | undefined;
    try {
      fill();
    } catch (error) {
      code = systemCodeOf(error);
    }
    expect(code).toBe('ENOSPC');
    writer.abandon();
    expect(await fileSystem.list('/')).toEqual([]);
  });

  it('passes a failed sync on: the table is not finished', () => {
    const fileSystem = new FaultyFileSystem(new MemoryFileSystem(), [{ kind: 'datasync', nth: 1, error: 'EIO' }]);
    const writer = startTable(fileSystem);
    addEntry(writer, put('a', 1));
    expect(() => writer.finish()).toThrow(TABLE_PATH);
    writer.abandon();
  });
});
