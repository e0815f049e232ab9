import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import type { CompactionJob } from '../../src/jobs/job.js';
import { BlockCache } from '../../src/table/block-cache.js';
import { hashKey } from '../../src/table/key-hash.js';
import type { TableMetadata } from '../../src/table/table-metadata.js';
import { TableReader } from '../../src/table/table-reader.js';
import { TableWriter } from '../../src/table/table-writer.js';
import { compactionJob, flushJob, type Row, rowsOf, settingsWith, tablesOf } from '../support/job-bench.js';
import { DIRECTORY, filesOf, flipBit } from '../support/test-database.js';
import { createResult } from '../table/table-fixtures.js';

const SETTINGS = settingsWith({ compression: 'lz4' });
/** Tables with blocks of another size are never taken over. */
const OTHER_SETTINGS = settingsWith({ compression: 'lz4', blockBytes: 257 });

afterEach(() => {
  vi.restoreAllMocks();
});

function keyOf(i: number): string {
  return `key ${String(i).padStart(4, '0')}`;
}

/** Rows with the numbers `from` to `to`, as one older table would have them. */
function rowsBetween(from: number, to: number, firstSequence: number): Row[] {
  return Array.from({ length: to - from }, (_, i): Row => [keyOf(from + i), firstSequence + i, 'v'.repeat(40)]);
}

interface Merged {
  readonly disk: MemoryFileSystem;
  readonly tables: readonly TableMetadata[];
  readonly rows: readonly Row[];
  readonly copiedBlocks: number;
}

async function merge(
  inputs: readonly Row[][],
  overrides: Partial<CompactionJob> = {},
  inputSettings = SETTINGS,
): Promise<Merged> {
  const disk = new MemoryFileSystem();
  await disk.makeDirectory(DIRECTORY);
  const addBlock = vi.spyOn(TableWriter.prototype, 'addBlock');
  const flushed: TableMetadata[] = [];
  for (const rows of inputs) flushed.push(...(await tablesOf(disk, flushJob(flushed.length + 1, rows, inputSettings))));
  const tables = await tablesOf(disk, compactionJob(flushed.toReversed(), { settings: SETTINGS, ...overrides }));
  const copiedBlocks = addBlock.mock.calls.length;
  addBlock.mockRestore();
  return { disk, tables, rows: tables.flatMap((table) => rowsOf(disk, table)), copiedBlocks };
}

describe('blocks that no other input overlaps', () => {
  it('are taken over, and what is in the table is known as if they were not', async () => {
    const inputs = [rowsBetween(0, 500, 1), rowsBetween(500, 1000, 501)];
    const copied = await merge(inputs);
    const encoded = await merge(inputs, {}, OTHER_SETTINGS);
    expect(copied.copiedBlocks).toBeGreaterThan(100);
    expect(encoded.copiedBlocks).toBe(0);
    expect(copied.rows).toEqual(inputs.flat());
    const ofBlocks = { fileBytes: expect.any(Number) };
    expect(copied.tables).toEqual(encoded.tables.map((table) => ({ ...table, ...ofBlocks })));
  });

  it('are found again by their keys', async () => {
    const { disk, tables, copiedBlocks } = await merge([rowsBetween(0, 300, 1), rowsBetween(150, 160, 301)]);
    const [{ number, fileBytes }] = tables;
    expect(copiedBlocks).toBeGreaterThan(10);
    const options = { fileSystem: disk, readMode: 'pread' as const, blockCache: new BlockCache(0) };
    const reader = TableReader.openSync({ ...options, path: `${DIRECTORY}/000100.sst`, number, fileBytes });
    const found = createResult();
    for (let i = 0; i < 300; i++) {
      const key = Buffer.from(keyOf(i));
      expect(reader.get(key, hashKey(key, 0, key.length), 1000, found)).toBe(true);
      expect(found.sequence).toBe(i >= 150 && i < 160 ? 301 + i - 150 : i + 1);
    }
    reader.close();
  });

  it.each<[what: string, inputs: Row[][], overrides: Partial<CompactionJob>]>([
    ['that another input is between', [rowsBetween(0, 100, 1), [[keyOf(50), 200, 'x']]], {}],
    [
      'that end behind the bounds',
      [rowsBetween(0, 100, 1)],
      { bounds: { start: Buffer.from(keyOf(10)), end: Buffer.from(keyOf(77)) } },
    ],
    ['whose first key was written in a newer version', [rowsBetween(0, 100, 1), [[keyOf(0), 200, 'x']]], {}],
    ['that an output has to end before', [rowsBetween(0, 100, 1)], { tableBytesTarget: 900 }],
    [
      'in which a grandparent starts',
      [rowsBetween(0, 100, 1)],
      {
        grandparents: [10, 33, 66].map((i) => {
          const key = Buffer.from(keyOf(i));
          return { smallestKey: key, largestKey: key, isLargestKeyExclusive: false, fileBytes: 10 };
        }),
        grandparentBytesMax: 0,
      },
    ],
  ])('are not mixed up with those %s', async (_, inputs, overrides) => {
    const copied = await merge(inputs, overrides);
    const encoded = await merge(inputs, overrides, OTHER_SETTINGS);
    expect(copied.copiedBlocks).toBeGreaterThan(0);
    expect(copied.rows).toEqual(encoded.rows);
    if (overrides.grandparents === undefined) return;
    expect(copied.tables.map((table) => rowsOf(copied.disk, table)[0][0])).toEqual([0, 10, 33, 66].map(keyOf));
  });

  it.each<[what: string, inputs: Row[][]]>([
    ['with deletes', [[...rowsBetween(0, 100, 1), [keyOf(100), 101]]]],
    ['with two versions of a key', [[...rowsBetween(0, 100, 1), [keyOf(50), 101, 'x']]]],
  ])('are not taken from tables %s', async (_, inputs) => {
    const { copiedBlocks } = await merge(inputs);
    expect(copiedBlocks).toBe(0);
  });

  it('make no difference, whatever is merged', async () => {
    const table = fc.uniqueArray(fc.nat(80), { minLength: 1, maxLength: 60 });
    const scene = fc.record({
      tables: fc.array(table, { minLength: 1, maxLength: 4 }),
      tableBytesTarget: fc.constantFrom(1, 700, 1_000_000),
      snapshots: fc.uniqueArray(fc.nat(200), { maxLength: 3 }).map((all) => all.toSorted((a, b) => a - b)),
    });
    await fc.assert(
      fc.asyncProperty(scene, async ({ tables, ...overrides }) => {
        let sequence = 0;
        const inputs = tables.map((keys) => keys.map((i): Row => [keyOf(i), ++sequence, 'v'.repeat(i)]));
        const copied = await merge(inputs, overrides);
        const encoded = await merge(inputs, overrides, OTHER_SETTINGS);
        expect(copied.rows).toEqual(encoded.rows);
      }),
      { seed: 1, numRuns: 100 },
    );
  });

  it('are not taken over where they are damaged', async () => {
    const disk = new MemoryFileSystem();
    await disk.makeDirectory(DIRECTORY);
    const inputs = await tablesOf(disk, flushJob(1, rowsBetween(0, 100, 1), SETTINGS));
    await flipBit(disk, '000001.sst', 700);
    await expect(tablesOf(disk, compactionJob(inputs, { settings: SETTINGS }))).rejects.toMatchObject({
      code: 'STEME_CORRUPTION',
    });
    expect(await filesOf(disk)).toEqual(['000001.sst']);
  });
});
