import { beforeEach, describe, expect, it } from 'vitest';
import { blobName, tableName } from '../../src/base/file-names.js';
import { KIND_PUT, KIND_PUT_BLOB, KIND_PUT_BLOB_EXPIRING, KIND_PUT_EXPIRING } from '../../src/base/internal-key.js';
import { MIB } from '../../src/base/limits.js';
import { EXPIRY_BYTES, isBlobKind, isExpiringKind, readExpiryMs, storedValue } from '../../src/base/stored-value.js';
import { BlobCache } from '../../src/blob/blob-cache.js';
import { type FaultRule, FaultyFileSystem } from '../../src/fs/faulty-file-system.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { InlineRunner } from '../../src/jobs/inline-runner.js';
import type { BlobSettings, CompactionJob, FlushJob, Job, JobOutput } from '../../src/jobs/job.js';
import { Arena } from '../../src/memtable/arena.js';
import { Memtable } from '../../src/memtable/memtable.js';
import { BlockCache } from '../../src/table/block-cache.js';
import type { TableMetadata } from '../../src/table/table-metadata.js';
import { TableReader } from '../../src/table/table-reader.js';
import { compactionJob, flushJob, type Row, settingsWith } from '../support/job-bench.js';
import { DIRECTORY, filesOf, flipBit } from '../support/test-database.js';

const THRESHOLD_BYTES = 100;
const EXPIRES_AT_MS = 1_700_000_000_000;

let disk: MemoryFileSystem;
beforeEach(async () => {
  disk = new MemoryFileSystem();
  await disk.makeDirectory(DIRECTORY);
});

function blobsInto(...numbers: number[]): BlobSettings {
  return { thresholdBytes: THRESHOLD_BYTES, numbers, fileBytesTarget: MIB };
}

function largeValue(tag: string, bytes = 500): string {
  return tag.padEnd(bytes, '.');
}

function run(job: Job, fileSystem: FileSystem = disk): Promise<JobOutput> {
  return new InlineRunner(fileSystem).run(job);
}

function flush(number: number, rows: readonly Row[], blobs: BlobSettings): Promise<JobOutput> {
  return run({ ...flushJob(number, rows), blobs });
}

/** A flush of one put that expires. */
function expiringJob(number: number, value: string, blobs: BlobSettings): FlushJob {
  const memtable = new Memtable(Arena.create(MIB));
  const stored = storedValue(EXPIRES_AT_MS, Buffer.from(value));
  memtable.insert(1, KIND_PUT_EXPIRING, Buffer.from('k'), 0, 1, stored, 0, stored.length);
  return { ...flushJob(number, []), memtable: memtable.share(), blobs };
}

interface FoundEntry {
  readonly kind: number;
  readonly value: string;
  readonly expiresAtMs: number | undefined;
}

/** The entries of a table by key, with their values as a reader has them. */
function entriesOf({ number, fileBytes }: TableMetadata): Map<string, FoundEntry> {
  const place = { fileSystem: disk, directory: DIRECTORY, readMode: 'pread' } as const;
  const blobs = new BlobCache({ ...place, openBlobsMax: 2 });
  const path = `${DIRECTORY}/${tableName(number)}`;
  const table = TableReader.openSync({ ...place, path, number, fileBytes, blockCache: new BlockCache(0) });
  const found = new Map<string, FoundEntry>();
  const entry = table.iterator();
  for (entry.seekToFirst(); entry.valid; entry.next()) {
    const { kind, valueSource, valueStart, valueEnd } = entry;
    const expiresAtMs = isExpiringKind(kind) ? readExpiryMs(valueSource, valueStart) : undefined;
    const start = expiresAtMs === undefined ? valueStart : valueStart + EXPIRY_BYTES;
    const value = isBlobKind(kind)
      ? blobs.readSync(valueSource, start, valueEnd)
      : Buffer.from(valueSource.subarray(start, valueEnd));
    const key = Buffer.from(entry.keySource.subarray(entry.keyStart, entry.keyEnd)).toString();
    found.set(key, { kind, value: value.toString(), expiresAtMs });
  }
  table.close();
  blobs.close();
  return found;
}

function use(number: number, ...values: string[]) {
  return { number, valueCount: values.length, valueBytes: values.join('').length };
}

describe('the values of a flush', () => {
  it('go to a blob file from the threshold on', async () => {
    const [below, at] = [largeValue('below', THRESHOLD_BYTES - 1), largeValue('at', THRESHOLD_BYTES)];
    const { tables, blobs } = await flush(
      5,
      [
        ['a', 1, below],
        ['b', 2, at],
        ['c', 3, ''],
        ['d', 4],
      ],
      blobsInto(8, 9),
    );
    expect(blobs).toEqual([{ ...use(8, at), fileBytes: expect.any(Number) }]);
    expect(await disk.statBytes(`${DIRECTORY}/${blobName(8)}`)).toBe(blobs[0].fileBytes);
    expect(tables[0].blobUses).toEqual([use(8, at)]);
    const found = entriesOf(tables[0]);
    expect(found.get('a')).toMatchObject({ kind: KIND_PUT, value: below });
    expect(found.get('b')).toMatchObject({ kind: KIND_PUT_BLOB, value: at });
    expect(found.get('c')).toMatchObject({ kind: KIND_PUT, value: '' });
  });

  it('make no blob file if none is large', async () => {
    const { blobs } = await flush(5, [['a', 1, 'small']], blobsInto(8));
    expect(blobs).toEqual([]);
    expect(await filesOf(disk, '.blob')).toEqual([]);
  });

  it('keep the time at which they expire beside the reference', async () => {
    for (const [number, bytes, kind] of [
      [5, THRESHOLD_BYTES, KIND_PUT_BLOB_EXPIRING],
      [6, THRESHOLD_BYTES - 1, KIND_PUT_EXPIRING],
    ] as const) {
      const value = largeValue('soon', bytes);
      const { tables } = await run(expiringJob(number, value, blobsInto(number + 10)));
      expect(entriesOf(tables[0]).get('k')).toEqual({ kind, value, expiresAtMs: EXPIRES_AT_MS });
    }
  });

  it('fill files of about the size that is aimed at, and the last one takes the rest', async () => {
    const rows = Array.from({ length: 20 }, (_, i): Row => [String(i).padStart(2, '0'), i + 1, largeValue(`v${i}`)]);
    const { tables, blobs } = await flush(5, rows, { ...blobsInto(7, 8, 9), fileBytesTarget: 1500 });
    expect(blobs.map(({ number, valueCount }) => [number, valueCount])).toEqual([
      [7, 3],
      [8, 3],
      [9, 14],
    ]);
    expect(tables[0].blobUses.map(({ valueCount }) => valueCount)).toEqual([3, 3, 14]);
    expect([...entriesOf(tables[0]).values()].map(({ value }) => value)).toEqual(rows.map(([, , value]) => value));
  });
});

describe('the values of a compaction', () => {
  const [OLD, KEPT, NEW] = [largeValue('old'), largeValue('kept', 700), largeValue('new', 900)];

  /** `a` is in blob file 8 twice over, `b` there and in no other, `c` in 9. */
  async function twoFlushes(): Promise<JobOutput[]> {
    const older = await flush(
      5,
      [
        ['a', 1, OLD],
        ['b', 2, KEPT],
      ],
      blobsInto(8),
    );
    const newer = await flush(
      6,
      [
        ['a', 3, NEW],
        ['c', 4, NEW],
      ],
      blobsInto(9),
    );
    return [newer, older];
  }

  function jobOver(outputs: readonly JobOutput[], overrides: Partial<CompactionJob> = {}): CompactionJob {
    const tables = outputs.flatMap((output) => output.tables);
    return compactionJob(tables, { blobs: blobsInto(50, 51), ...overrides });
  }

  it('stay where they are, unread, and what is dropped is used no more', async () => {
    const outputs = await twoFlushes();
    const blind = new FaultyFileSystem(disk, [{ kind: 'open', path: /\.blob$/, nth: 1, times: 100 }]);
    for (const blobs of [undefined, blobsInto(50)]) {
      const merged = await run(jobOver(outputs, { blobs }), blind);
      expect(merged.blobs).toEqual([]);
      expect(merged.tables[0].blobUses).toEqual([use(8, KEPT), use(9, NEW, NEW)]);
    }
    expect(blind.injected).toEqual([]);
  });

  it('are written anew out of the files that are to go, and only those', async () => {
    const outputs = await twoFlushes();
    const rewrittenBlobs = outputs[1].blobs;
    const { tables, blobs, readBytes, writtenBytes } = await run(jobOver(outputs, { rewrittenBlobs }));
    expect(blobs).toMatchObject([use(50, KEPT)]);
    expect(tables[0].blobUses).toEqual([use(9, NEW, NEW), use(50, KEPT)]);
    expect([...entriesOf(tables[0])].map(([key, { value }]) => [key, value])).toEqual([
      ['a', NEW],
      ['b', KEPT],
      ['c', NEW],
    ]);
    expect(readBytes).toBeGreaterThan(KEPT.length);
    expect(writtenBytes).toBe(tables[0].fileBytes + blobs[0].fileBytes);
  });

  it.each([
    ['the threshold is above them', { ...blobsInto(50), thresholdBytes: 10_000 }],
    ['there is none', undefined],
  ])('go back to their keys if %s', async (_, blobs) => {
    const outputs = await twoFlushes();
    const rewrittenBlobs = outputs.flatMap((output) => output.blobs);
    const merged = await run(jobOver(outputs, { rewrittenBlobs, blobs }));
    expect(merged.blobs).toEqual([]);
    expect(merged.tables[0].blobUses).toEqual([]);
    expect([...entriesOf(merged.tables[0]).values()].map(({ kind, value }) => [kind, value])).toEqual([
      [KIND_PUT, NEW],
      [KIND_PUT, KEPT],
      [KIND_PUT, NEW],
    ]);
  });

  it('keep the time at which they expire, wherever they go', async () => {
    const value = largeValue('soon');
    let output = await run(expiringJob(5, value, blobsInto(8)));
    for (const [number, thresholdBytes, kind] of [
      [20, THRESHOLD_BYTES, KIND_PUT_BLOB_EXPIRING],
      [30, 10_000, KIND_PUT_EXPIRING],
      [40, THRESHOLD_BYTES, KIND_PUT_BLOB_EXPIRING],
    ]) {
      const blobs = { ...blobsInto(number + 1), thresholdBytes };
      output = await run(jobOver([output], { numbers: [number], rewrittenBlobs: output.blobs, blobs }));
      expect(entriesOf(output.tables[0]).get('k')).toEqual({ kind, value, expiresAtMs: EXPIRES_AT_MS });
    }
  });

  it('that stood with their keys are taken apart, out of blocks of every size', async () => {
    for (const bytes of [THRESHOLD_BYTES - 1, THRESHOLD_BYTES, THRESHOLD_BYTES + 1, 3000]) {
      const value = largeValue('inline', bytes);
      const settings = settingsWith({ blockBytes: 64 });
      const rows = ['a', 'b', 'c', 'd', 'e', 'f'].map((key, i): Row => [key, i + 1, i % 2 === 0 ? 'small' : value]);
      const { tables: inputs } = await run(flushJob(5, rows, settings));
      const { tables } = await run(compactionJob(inputs, { settings, blobs: blobsInto(50) }));
      const isLarge = bytes >= THRESHOLD_BYTES;
      expect(tables[0].blobUses, String(bytes)).toEqual(isLarge ? [use(50, value, value, value)] : []);
      expect([...entriesOf(tables[0]).values()].map((entry) => entry.value)).toEqual(rows.map((row) => row[2]));
    }
  });

  it('that are damaged end it, naming the blob file, and no output is left', async () => {
    const outputs = await twoFlushes();
    await flipBit(disk, blobName(8), 24 + OLD.length + 100);
    const names = await filesOf(disk);
    const damage = expect.objectContaining({ file: `${DIRECTORY}/${blobName(8)}` });
    await expect(run(jobOver(outputs, { rewrittenBlobs: outputs[1].blobs }))).rejects.toMatchObject({ damage });
    expect(await filesOf(disk)).toEqual(names);
  });

  const rules: Omit<FaultRule, 'nth'>[] = [
    { kind: 'open' },
    { kind: 'read' },
    { kind: 'write' },
    { kind: 'datasync' },
    { kind: 'close' },
    { kind: 'syncDirectory' },
  ];

  it.each(rules)('leave no file behind when the disk refuses, nor do those of a flush: %o', async (rule) => {
    const outputs = await twoFlushes();
    const rows = ['a', 'b', 'c'].map((key, i): Row => [key, i + 1, largeValue(key, 1000)]);
    const blobs = { ...blobsInto(50, 51, 52), fileBytesTarget: 600 };
    const rewrittenBlobs = outputs.flatMap((output) => output.blobs);
    const jobs: Job[] = [{ ...flushJob(40, rows), blobs }, jobOver(outputs, { blobs, rewrittenBlobs })];
    const names = await filesOf(disk);
    let faultCount = 0;
    for (const job of jobs) {
      for (let nth = 1; nth < 100; nth++) {
        const faulty = new FaultyFileSystem(disk, [{ ...rule, nth }]);
        const outcome = await Promise.allSettled([run(job, faulty)]);
        if (faulty.injected.length === 0) break;
        faultCount++;
        if (outcome[0].status === 'fulfilled') continue;
        expect(await filesOf(disk), `${job.kind}: fault at ${rule.kind} ${nth}`).toEqual(names);
      }
      for (const name of await filesOf(disk)) if (!names.includes(name)) await disk.remove(`${DIRECTORY}/${name}`);
    }
    expect(faultCount).toBeGreaterThan(0);
  });
});
