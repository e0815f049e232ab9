import { describe, expect, it } from 'vitest';
import { FaultyFileSystem } from '../../src/fs/faulty-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { unwrapReply } from '../../src/jobs/inline-runner.js';
import type { CompactionJob, KeyBounds } from '../../src/jobs/job.js';
import { runJob } from '../../src/jobs/run-job.js';
import type { TableMetadata } from '../../src/table/table-metadata.js';
import type { Row } from '../support/job-bench.js';
import { compactionJob, EVERYWHERE, flushJob, rowsOf, tablesOf } from '../support/job-bench.js';
import { DIRECTORY, filesOf, flipBit } from '../support/test-database.js';

/** A disk with one table for each list of rows, oldest first. */
async function diskWith(...tables: Row[][]): Promise<{ disk: MemoryFileSystem; inputs: TableMetadata[] }> {
  const disk = new MemoryFileSystem();
  await disk.makeDirectory(DIRECTORY);
  const inputs: TableMetadata[] = [];
  for (const rows of tables) inputs.push(...(await tablesOf(disk, flushJob(inputs.length + 1, rows))));
  return { disk, inputs: inputs.reverse() };
}

function mergedRows(disk: MemoryFileSystem, tables: readonly TableMetadata[]): Row[] {
  return tables.flatMap((table) => rowsOf(disk, table));
}

describe('a compaction', () => {
  const old: Row[] = [
    ['a', 1, 'old'],
    ['b', 2, 'old'],
    ['c', 3, 'old'],
  ];
  const newer: Row[] = [
    ['b', 4, 'new'],
    ['c', 5],
    ['d', 6, 'new'],
  ];

  it('merges its inputs, newest first, and drops what nobody can see', async () => {
    const { disk, inputs } = await diskWith(old, newer);
    const tables = await tablesOf(disk, compactionJob(inputs));
    expect(mergedRows(disk, tables)).toEqual([
      ['a', 1, 'old'],
      ['b', 4, 'new'],
      ['d', 6, 'new'],
    ]);
  });

  it.each<[oldestSequence: number, expected: Row[]]>([
    [
      6,
      [
        ['a', 1, 'old'],
        ['b', 4, 'new'],
        ['d', 6, 'new'],
      ],
    ],
    [
      4,
      [
        ['a', 1, 'old'],
        ['b', 4, 'new'],
        ['c', 5],
        ['c', 3, 'old'],
        ['d', 6, 'new'],
      ],
    ],
    [
      3,
      [
        ['a', 1, 'old'],
        ['b', 4, 'new'],
        ['b', 2, 'old'],
        ['c', 5],
        ['c', 3, 'old'],
        ['d', 6, 'new'],
      ],
    ],
  ])('keeps what a reader at sequence %i still sees', async (oldestSequence, expected) => {
    const { disk, inputs } = await diskWith(old, newer);
    expect(mergedRows(disk, await tablesOf(disk, compactionJob(inputs, { snapshots: [oldestSequence] })))).toEqual(
      expected,
    );
  });

  it('keeps tombstones above the bottom', async () => {
    const { disk, inputs } = await diskWith(old, newer);
    const tables = await tablesOf(disk, compactionJob(inputs, { deeperRanges: [EVERYWHERE] }));
    expect(mergedRows(disk, tables)).toContainEqual(['c', 5]);
  });

  it('writes no table if nothing is left', async () => {
    const { disk, inputs } = await diskWith([['a', 1, 'x']], [['a', 2]]);
    expect(await tablesOf(disk, compactionJob(inputs))).toEqual([]);
    expect(await filesOf(disk)).toEqual(['000001.sst', '000002.sst']);
  });

  it('cuts its outputs at the target, and never between the versions of a key', async () => {
    const rows = Array.from(
      { length: 400 },
      (_, i): Row => [`key ${String(i >> 3).padStart(3, '0')}`, i + 1, 'v'.repeat(50)],
    );
    const { disk, inputs } = await diskWith(rows);
    const snapshots = rows.map(([, sequence]) => sequence);
    const tables = await tablesOf(disk, compactionJob(inputs, { tableBytesTarget: 3000, snapshots }));
    expect(tables.length).toBeGreaterThan(4);
    for (const { fileBytes } of tables) expect(fileBytes).toBeLessThan(6000);
    expect(mergedRows(disk, tables)).toEqual(rowsOf(disk, inputs[0]));
    const bounds = tables.map(({ smallestKey, largestKey }) =>
      [smallestKey, largestKey].map((key) => `${Buffer.from(key)}`),
    );
    for (let i = 1; i < bounds.length; i++) expect(bounds[i][0] > bounds[i - 1][1]).toBe(true);
  });

  it('reads in its parts, all together, about what it reads as a whole', async () => {
    const rows = Array.from(
      { length: 400 },
      (_, i): Row => [`key ${String(i).padStart(3, '0')}`, i + 1, 'v'.repeat(50)],
    );
    const { disk, inputs } = await diskWith(rows);
    const readBytesOf = async (bounds: KeyBounds) => {
      const output = unwrapReply<CompactionJob>(await runJob(disk, compactionJob(inputs, { bounds })));
      return output.readBytes;
    };
    const edge = Buffer.from('key 200');
    const whole = await readBytesOf({});
    const parts = (await readBytesOf({ end: edge })) + (await readBytesOf({ start: edge }));
    expect(whole / inputs[0].fileBytes).toBeGreaterThan(0.9);
    expect(parts / whole).toBeGreaterThan(0.9);
    expect(parts / whole).toBeLessThan(1.5);
  });

  it('is as old as its oldest input', async () => {
    const { disk, inputs } = await diskWith(old, newer);
    const aged = inputs.map((table, i) => ({ ...table, oldestAtMs: 5 - i }));
    expect(await tablesOf(disk, compactionJob(aged))).toMatchObject([{ createdAtMs: 7, oldestAtMs: 4 }]);
  });

  it('gives each entry the sequence of a table that was loaded as a whole', async () => {
    const loaded: Row[] = [
      ['b', 1, 'loaded'],
      ['c', 2, 'loaded'],
    ];
    const { disk, inputs } = await diskWith(old, loaded);
    const tables = await tablesOf(disk, compactionJob([{ ...inputs[0], globalSequence: 50 }, inputs[1]]));
    expect(mergedRows(disk, tables)).toEqual([
      ['a', 1, 'old'],
      ['b', 50, 'loaded'],
      ['c', 50, 'loaded'],
    ]);
    expect(tables).toMatchObject([{ globalSequence: 0, largestSequence: 50 }]);
  });

  it('into L0 makes one table, however large', async () => {
    const { disk, inputs } = await diskWith(old, newer);
    const tables = await tablesOf(disk, compactionJob(inputs, { outputLevel: 0, tableBytesTarget: 1 }));
    expect(tables).toHaveLength(1);
  });

  it('puts all the rest into the last table that it has a number for', async () => {
    const rows = Array.from(
      { length: 100 },
      (_, i): Row => [`key ${String(i).padStart(3, '0')}`, i + 1, 'v'.repeat(50)],
    );
    const { disk, inputs } = await diskWith(rows);
    const tables = await tablesOf(disk, compactionJob(inputs, { tableBytesTarget: 500, numbers: [50, 51, 52] }));
    expect(tables.map(({ number }) => number)).toEqual([50, 51, 52]);
    expect(mergedRows(disk, tables)).toEqual(rows);
  });

  it('of a damaged input fails with where the damage is, and leaves no file', async () => {
    const { disk, inputs } = await diskWith(old, newer);
    await flipBit(disk, '000001.sst', 20);
    const job = compactionJob(inputs);
    await expect(tablesOf(disk, job)).rejects.toThrow(
      expect.objectContaining({
        code: 'STEME_CORRUPTION',
        damage: expect.objectContaining({ file: expect.stringContaining('000001.sst') }),
      }),
    );
    expect(await filesOf(disk)).toEqual(['000001.sst', '000002.sst']);
  });

  it.each(['write', 'datasync', 'open', 'read', 'syncDirectory'] as const)(
    'that fails at any %s leaves no file',
    async (kind) => {
      const rows = Array.from(
        { length: 100 },
        (_, i): Row => [`key ${String(i).padStart(3, '0')}`, i + 1, 'v'.repeat(50)],
      );
      let faultCount = 0;
      for (let nth = 1; nth < 200; nth++) {
        const { disk, inputs } = await diskWith(rows.slice(0, 50), rows.slice(50));
        const faulty = new FaultyFileSystem(disk, [{ kind, nth }]);
        const job = compactionJob(inputs, { tableBytesTarget: 2000 });
        if (faultCount > 0 && !(await fails(faulty, job))) break;
        if (faultCount === 0) expect(await fails(faulty, job)).toBe(true);
        faultCount++;
        expect(await filesOf(disk), `${kind} ${nth}`).toEqual(['000001.sst', '000002.sst']);
      }
      expect(faultCount).toBeGreaterThan(0);
    },
  );
});

async function fails(disk: FaultyFileSystem, job: Parameters<typeof tablesOf>[1]): Promise<boolean> {
  try {
    await tablesOf(disk, job);
    return false;
  } catch (error) {
    expect(error).toMatchObject({ code: 'STEME_IO' });
    return true;
  }
}
