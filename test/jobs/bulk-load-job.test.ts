import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KIND_PUT, KIND_PUT_EXPIRING } from '../../src/base/internal-key.js';
import { readExpiryMs } from '../../src/base/stored-value.js';
import { FaultyFileSystem } from '../../src/fs/faulty-file-system.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { TracingFileSystem } from '../../src/fs/tracing-file-system.js';
import { BulkChunkReader, BulkChunkWriter, chunkEntryBytes } from '../../src/jobs/bulk-chunk.js';
import { InlineRunner } from '../../src/jobs/inline-runner.js';
import type { BulkLoadJob } from '../../src/jobs/job.js';
import { rowsOf, tablesOf } from '../support/job-bench.js';
import { DIRECTORY } from '../support/test-database.js';

type Entry = readonly [key: string, value: string];

function chunkOf(entries: readonly Entry[], expiresAtMs = 0, capacityBytes = 10_000): BulkChunkWriter {
  const writer = new BulkChunkWriter(new SharedArrayBuffer(capacityBytes), capacityBytes, expiresAtMs);
  for (const [key, value] of entries) writer.add(Buffer.from(key), Buffer.from(value));
  return writer;
}

function entriesIn(writer: BulkChunkWriter): Entry[] {
  const entry = new BulkChunkReader(writer.chunk);
  const found: Entry[] = [];
  const textOf = (from: number, to: number): string => Buffer.from(entry.bytes.slice(from, to)).toString();
  while (entry.next()) found.push([textOf(entry.keyStart, entry.keyEnd), textOf(entry.keyEnd, entry.valueEnd)]);
  return found;
}

function jobOf(entries: readonly Entry[], expiresAtMs = 0): BulkLoadJob {
  const settings = {
    directory: DIRECTORY,
    blockBytes: 256,
    bloomBitsPerKey: 10,
    compression: 'lz4' as const,
    createdAtMs: 7,
  };
  return { kind: 'bulk-load', chunk: chunkOf(entries, expiresAtMs).chunk, numbers: [5], settings };
}

async function emptyDisk(): Promise<MemoryFileSystem> {
  const disk = new MemoryFileSystem();
  await disk.makeDirectory(DIRECTORY);
  return disk;
}

describe('a chunk of a bulk load', () => {
  it('gives back what was put in, in order', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ minLength: 1 }), fc.string())), (entries) => {
        const texts = entries.map(([key, value]): Entry => [`${Buffer.from(key)}`, `${Buffer.from(value)}`]);
        expect(entriesIn(chunkOf(texts, 0, 100_000))).toEqual(texts);
      }),
    );
  });

  it('is empty again after a clear, and keeps nothing of before', () => {
    const writer = chunkOf([
      ['a', '1'],
      ['b', '2'],
    ]);
    writer.clear();
    expect([writer.isEmpty, entriesIn(writer)]).toEqual([true, []]);
    writer.add(Buffer.from('c'), Buffer.from('3'));
    expect(entriesIn(writer)).toEqual([['c', '3']]);
  });

  it('has room for an entry to the byte, within its capacity and not its memory', () => {
    const bytes = chunkEntryBytes(3, 5);
    const memory = new SharedArrayBuffer(1000);
    expect(new BulkChunkWriter(memory, bytes, 0).hasRoom(3, 5)).toBe(true);
    expect(new BulkChunkWriter(memory, bytes, 0).hasRoom(3, 6)).toBe(false);
    const full = new BulkChunkWriter(new SharedArrayBuffer(bytes), bytes, 1);
    full.add(Buffer.from('abc'), Buffer.from('12345'));
    expect(full.chunk.usedBytes).toBe(bytes);
  });

  it('puts the time of expiry before each value', () => {
    const writer = chunkOf([['a', 'xyz']], 123_456);
    const entry = new BulkChunkReader(writer.chunk);
    expect(entry.next()).toBe(true);
    expect(writer.chunk.kind).toBe(KIND_PUT_EXPIRING);
    expect(readExpiryMs(entry.bytes, entry.keyEnd)).toBe(123_456);
    expect(Buffer.from(entry.bytes.slice(entry.keyEnd + 8, entry.valueEnd)).toString()).toBe('xyz');
    expect(chunkOf([]).chunk.kind).toBe(KIND_PUT);
  });
});

describe('a bulk load', () => {
  it('writes its chunk to one table, with sequence 0', async () => {
    const disk = await emptyDisk();
    const entries = Array.from({ length: 100 }, (_, i): Entry => [`key ${String(i).padStart(3, '0')}`, `value ${i}`]);
    const [table, ...others] = await tablesOf(disk, jobOf(entries));
    expect(others).toEqual([]);
    expect(rowsOf(disk, table)).toEqual(entries.map(([key, value]) => [key, 0, value]));
    expect(table).toMatchObject({ number: 5, entryCount: 100, keyCount: 100, largestSequence: 0, expiringCount: 0 });
  });

  it('counts what expires', async () => {
    const [table] = await tablesOf(
      await emptyDisk(),
      jobOf(
        [
          ['a', '1'],
          ['b', '2'],
        ],
        5000,
      ),
    );
    expect(table).toMatchObject({ expiringCount: 2, largestExpiryMs: 5000 });
  });

  it('makes the table durable, and then its name', async () => {
    const tracing = new TracingFileSystem(await emptyDisk(), DIRECTORY, new Set(['open', 'datasync', 'syncDirectory']));
    await tablesOf(tracing, jobOf([['a', 'x']]));
    expect(tracing.lines).toEqual(['open 000005.sst create', 'datasync 000005.sst', 'sync-directory .']);
  });

  it.each(['write', 'datasync', 'open', 'syncDirectory'] as const)(
    'that fails at a %s leaves no file',
    async (kind) => {
      const disk = await emptyDisk();
      const faulty: FileSystem = new FaultyFileSystem(disk, [{ kind, nth: 1 }]);
      await expect(new InlineRunner(faulty).run(jobOf([['a', 'x']]))).rejects.toMatchObject({ code: 'STEME_IO' });
      expect(await disk.list(DIRECTORY)).toEqual([]);
    },
  );
});
