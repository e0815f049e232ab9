import { describe, expect, it } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import type { MemoryFileSystem } from '../../../src/fs/memory-file-system.js';
import { logIdentity } from '../../../src/log/log-format.js';
import { LogReader } from '../../../src/log/log-reader.js';
import { expectHonestRepair, repairOn } from '../../support/repair-rig.js';
import { RICH_OPTIONS, richDatabase } from '../../support/rich-database.js';
import {
  code,
  contentsOf,
  DIRECTORY,
  filesOf,
  flipBit,
  openOn,
  readWhole,
  replaceFile,
  withDatabase,
} from '../../support/test-database.js';

const rich = await richDatabase();

function remove(disk: MemoryFileSystem, name: string): Promise<void> {
  return disk.remove(`${DIRECTORY}/${name}`);
}

async function removeManifests(disk: MemoryFileSystem): Promise<void> {
  for (const name of await filesOf(disk)) if (name.startsWith('MANIFEST')) await remove(disk, name);
}

async function cut(disk: MemoryFileSystem, name: string, sizeBytes: number): Promise<void> {
  await replaceFile(disk, name, (await readWhole(disk, name)).slice(0, sizeBytes));
}

/** The records of a segment of a database that `testEnvironment` made, without its header. */
async function recordsOf(
  disk: MemoryFileSystem,
  name: string,
): Promise<{ offsetBytes: number; payloadBytes: number }[]> {
  const identity = logIdentity(1, Number.parseInt(name, 10));
  const reader = await LogReader.open(disk, `${DIRECTORY}/${name}`, { identity });
  const records: { offsetBytes: number; payloadBytes: number }[] = [];
  for (let event = await reader.next(); event.kind === 'record'; event = await reader.next()) {
    const { isHeader, offsetBytes, payload } = event;
    if (!isHeader) records.push({ offsetBytes, payloadBytes: payload.length });
  }
  await reader.close();
  return records;
}

describe('a repair', () => {
  it('has all kinds of files to work on', async () => {
    const db = await openOn(rich.disk.clone(), { ...RICH_OPTIONS, readOnly: true });
    const filled = db.stats().levels.filter(({ fileCount }) => fileCount > 0);
    expect(filled.length).toBeGreaterThanOrEqual(3);
    expect(db.stats().blobs.fileCount).toBeGreaterThanOrEqual(2);
    expect(db.stats().recovery.replayedRecords).toBeGreaterThan(10);
    await db.close();
  });

  it('leaves an undamaged database as it is', async () => {
    const disk = rich.disk.clone();
    const before = await disk.list(DIRECTORY);
    const report = await repairOn(disk);
    expect(report).toMatchObject({ isDamaged: false, manifest: 'sound', lostEntries: 0, notes: [] });
    expect(await disk.list(DIRECTORY)).toEqual(before);
    expect(new Map(await contentsOf(disk))).toEqual(rich.contents);
  });

  it('brings everything back when CURRENT is lost', async () => {
    const disk = rich.disk.clone();
    await remove(disk, 'CURRENT');
    const report = await repairOn(disk);
    expect(report).toMatchObject({ isDamaged: true, manifest: 'sound', lostEntries: 0 });
    expect(new Map(await contentsOf(disk, RICH_OPTIONS))).toEqual(rich.contents);
  });

  it('brings everything back when the manifest is lost', async () => {
    const disk = rich.disk.clone();
    await removeManifests(disk);
    const report = await repairOn(disk);
    expect(report).toMatchObject({ isDamaged: true, manifest: 'rebuilt', lostEntries: 0 });
    expect(report.notes.join()).toContain('loaded as a whole');
    expect(new Map(await contentsOf(disk, RICH_OPTIONS))).toEqual(rich.contents);
    await withDatabase(disk, RICH_OPTIONS, async (db) => {
      await db.put('key 0000', 'new');
      await db.compact();
      expect(db.getSync('key 0000')?.toString()).toBe('new');
    });
    expect(new Map(await contentsOf(disk))).toEqual(new Map([...rich.contents, ['key 0000', 'new']]));
  });

  it('writes nothing in a dry run, and says the same', async () => {
    const disk = rich.disk.clone();
    for (const name of await filesOf(disk, '.sst')) await flipBit(disk, name, 100);
    const before = await disk.list(DIRECTORY);
    const dry = await repairOn(disk, { dryRun: true });
    expect(await disk.list(DIRECTORY)).toEqual(before);
    const { lostEntries, keptEntries } = await repairOn(disk);
    expect(dry).toMatchObject({ isDryRun: true, isDamaged: true, lostEntries, keptEntries, reportFile: undefined });
    expect(lostEntries).toBeGreaterThan(0);
  });

  it('refuses what is no database', async () => {
    const disk = rich.disk.clone();
    await expect(repairOn(disk.clone(), {})).resolves.toBeDefined();
    for (const name of await filesOf(disk)) await remove(disk, name);
    await expect(repairOn(disk)).rejects.toEqual(code('STEME_NOT_FOUND'));
  });

  it('refuses a database that is open', async () => {
    const disk = rich.disk.clone();
    await using _db = await openOn(disk);
    await expect(repairOn(disk)).rejects.toEqual(code('STEME_LOCKED'));
  });

  it('ends with its signal and leaves the database as it was', async () => {
    const disk = rich.disk.clone();
    for (const name of await filesOf(disk, '.sst')) await flipBit(disk, name, 100);
    const tables = await filesOf(disk, '.sst');
    const abort = new AbortController();
    const ended = repairOn(disk, { signal: abort.signal, onProgress: ({ bytes }) => bytes > 4000 && abort.abort() });
    await expect(ended).rejects.toEqual(code('STEME_ABORTED'));
    expect(await filesOf(disk, '.sst')).toEqual(tables);
  });

  it('keeps every file that goes out of use, and its report, in lost/', async () => {
    const disk = rich.disk.clone();
    const [table] = await filesOf(disk, '.sst');
    await flipBit(disk, table, 100);
    const damaged = await readWhole(disk, table);
    const report = await repairOn(disk);
    expect(await readWhole(disk, `lost/${table}`)).toEqual(damaged);
    const [file] = report.files.filter(({ file }) => file === table);
    expect(file).toMatchObject({ outcome: 'salvaged', problems: [expect.stringContaining('damaged at byte 0')] });
    const [span] = file.spans;
    expect(await readWhole(disk, span.savedAs ?? '')).toEqual(damaged.slice(span.offsetBytes, span.endBytes));
    expect(JSON.parse(Buffer.from(await readWhole(disk, report.reportFile ?? '')).toString())).toMatchObject({
      lostEntries: report.lostEntries,
      files: expect.arrayContaining([expect.objectContaining({ file: table, outcome: 'salvaged' })]),
    });
    // A second repair finds nothing to do.
    expect(await repairOn(disk)).toMatchObject({ isDamaged: false });
  });
});

describe.each(['none', 'lz4'] as const)('a repair of tables, compression %s', (compression) => {
  it('loses no entry where only filter, index, properties or footer are damaged, and of data only the block that is', async () => {
    const base = compression === 'none' ? rich : await richDatabase(compression);
    const prng = new Prng(compression.length);
    let rebuiltCount = 0;
    let salvagedCount = 0;
    for (const name of await filesOf(base.disk, '.sst')) {
      const size = (await readWhole(base.disk, name)).length;
      // Filter, index, properties and footer stand at the end, and are small.
      for (let at = prng.below(97); at < size; at += at < size - 400 ? 613 : 37) {
        const disk = base.disk.clone();
        await flipBit(disk, name, at, at % 8);
        const report = await repairOn(disk);
        const file = report.files.find((one) => one.file === name);
        await expectHonestRepair(disk, report, base);
        if (file?.outcome === 'rebuilt') {
          rebuiltCount++;
          expect(new Map(await contentsOf(disk, RICH_OPTIONS))).toEqual(base.contents);
        }
        if (file?.outcome === 'salvaged') salvagedCount++;
      }
    }
    expect(rebuiltCount).toBeGreaterThan(5);
    expect(salvagedCount).toBeGreaterThan(5);
  });

  it('finds blocks without an index or a footer', async () => {
    const base = compression === 'none' ? rich : await richDatabase(compression);
    for (const name of await filesOf(base.disk, '.sst')) {
      const disk = base.disk.clone();
      const size = (await readWhole(disk, name)).length;
      await cut(disk, name, size - 64);
      const report = await repairOn(disk);
      expect(report.lostEntries, name).toBe(0);
      expect(new Map(await contentsOf(disk, RICH_OPTIONS))).toEqual(base.contents);
    }
  });
});

describe('a repair of files that are gone', () => {
  it('goes on without a table, and names its keys', async () => {
    for (const name of await filesOf(rich.disk, '.sst')) {
      const disk = rich.disk.clone();
      await remove(disk, name);
      const report = await repairOn(disk);
      expect(report.files.find(({ file }) => file === name)).toMatchObject({ outcome: 'missing' });
      expect(await expectHonestRepair(disk, report, rich)).toBeGreaterThan(0);
    }
  });

  it('goes on without a blob file, and names every value', async () => {
    for (const name of await filesOf(rich.disk, '.blob')) {
      const disk = rich.disk.clone();
      await remove(disk, name);
      const report = await repairOn(disk);
      expect(report.lostValueCount).toBeGreaterThan(0);
      await expectHonestRepair(disk, report, rich);
    }
  });

  it('goes on without a segment of the log', async () => {
    for (const name of await filesOf(rich.disk, '.log')) {
      const disk = rich.disk.clone();
      await remove(disk, name);
      const report = await repairOn(disk);
      await expectHonestRepair(disk, report, rich);
    }
  });

  it('gives a blob file its header back', async () => {
    for (const name of await filesOf(rich.disk, '.blob')) {
      for (let at = 0; at < 24; at += 5) {
        const disk = rich.disk.clone();
        await flipBit(disk, name, at);
        const report = await repairOn(disk);
        expect(report.lostValueCount).toBe(0);
        expect(new Map(await contentsOf(disk, RICH_OPTIONS))).toEqual(rich.contents);
      }
    }
  });
});

describe('a repair of the log', () => {
  it('brings back every record but the damaged one', async () => {
    const name = (await filesOf(rich.disk, '.log')).at(-1) ?? '';
    const records = await recordsOf(rich.disk, name);
    // Of the last record nothing tells that it was acknowledged: damaged, it is a torn tail, as for recovery.
    for (const { offsetBytes, payloadBytes } of records.slice(0, -1)) {
      const disk = rich.disk.clone();
      await flipBit(disk, name, offsetBytes + (offsetBytes % (32 + payloadBytes)), offsetBytes % 8);
      const report = await repairOn(disk);
      expect(report.sequenceGaps).toMatchObject([{ first: expect.any(Number) }]);
      expect(report.sequenceGaps[0].last).toBe(report.sequenceGaps[0].first);
      expect(report.salvagedLogRecords).toBe(records.length - 1);
      expect(await expectHonestRepair(disk, report, rich)).toBeLessThanOrEqual(1);
    }
  });
});
