import { beforeEach, describe, expect, it } from 'vitest';
import { BLOB_HEADER_BYTES } from '../../src/blob/blob-format.js';
import type { Options } from '../../src/engine/options.js';
import { InterceptedFileSystem } from '../../src/fs/intercepted-file-system.js';
import { ioError, systemError } from '../../src/fs/io-error.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { DURABILITY_KINDS, TracingFileSystem } from '../../src/fs/tracing-file-system.js';
import { BlockCache } from '../../src/table/block-cache.js';
import { TableReader } from '../../src/table/table-reader.js';
import { killedWithFourSegments, killedWithOneSegment } from '../support/log-damage.js';
import { DIRECTORY, filesOf, flipBit, openOn, readWhole, replaceFile, withDatabase } from '../support/test-database.js';
import { verifyOn } from '../support/verify-database.js';

/** What is in memory stays in the log, for the walk over that. */
const OPTIONS: Options = {
  blockBytes: 512,
  compression: 'none',
  blobThreshold: 1024,
  autoCompact: false,
  flushOnClose: false,
};
const KEYS = 200;

let disk: MemoryFileSystem;
let table: string;
let blob: string;

/** One table with a hundred blocks or so, and one blob file with five values. */
beforeEach(async () => {
  disk = new MemoryFileSystem();
  await withDatabase(disk, OPTIONS, async (db) => {
    for (let i = 0; i < KEYS; i++) await db.put(keyOf(i), 'v'.repeat(200));
    for (let i = 0; i < 5; i++) await db.put(`large ${i}`, String(i).repeat(2000));
    await db.put('soon gone', 'x', { ttlMs: 1e6 });
    await db.del(keyOf(3));
    await db.deleteRange('r', 's');
    await db.flush();
    await db.put('in the log', 'alone');
  });
  [table] = await filesOf(disk, '.sst');
  [blob] = await filesOf(disk, '.blob');
});

function keyOf(i: number): string {
  return `key ${String(i).padStart(5, '0')}`;
}

async function openTable(): Promise<TableReader> {
  const path = `${DIRECTORY}/${table}`;
  const fileBytes = (await disk.statBytes(path)) ?? 0;
  const number = Number.parseInt(table, 10);
  const blockCache = new BlockCache(0);
  return TableReader.openSync({ fileSystem: disk, path, number, fileBytes, readMode: 'pread', blockCache });
}

async function blockOffsets(): Promise<number[]> {
  const reader = await openTable();
  const partition = reader.partition(0, false);
  return Array.from({ length: partition.count }, (_, block) => partition.offsetBytes(block));
}

describe('a verification', () => {
  it('finds nothing in a sound database, and counts what it has read', async () => {
    const report = await verifyOn(disk);
    expect(report).toMatchObject({ isSound: true, findings: [], omittedFindings: 0, notes: [] });
    expect(report.manifest).toMatchObject({ files: 1, entries: 2 });
    expect(report.tables).toMatchObject({ files: 1, entries: KEYS + 1 + 5 + 1 });
    expect(report.tables.bytes).toBe(await disk.statBytes(`${DIRECTORY}/${table}`));
    expect(report.blobs).toMatchObject({ files: 1, entries: 5 });
    expect(report.log).toMatchObject({ entries: 1 });
  });

  it('writes nothing, and takes the lock', async () => {
    const traced = new TracingFileSystem(disk, DIRECTORY, DURABILITY_KINDS);
    await verifyOn(traced);
    expect(traced.lines.length).toBeGreaterThan(0);
    expect(traced.lines.filter((line) => !/^open .* read$/.test(line))).toEqual([]);
    const db = await openOn(disk);
    await expect(verifyOn(disk)).rejects.toMatchObject({ code: 'STEME_LOCKED' });
    await db.close();
    expect((await verifyOn(disk)).isSound).toBe(true);
  });

  it('tells how far it is, and ends at a signal', async () => {
    const seen: number[] = [];
    await verifyOn(disk, {
      onProgress: ({ bytes, totalBytes }) => {
        expect(bytes).toBeLessThanOrEqual(totalBytes);
        seen.push(bytes);
      },
    });
    expect(seen.length).toBeGreaterThan(1);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    await expect(verifyOn(disk, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'STEME_ABORTED' });
  });

  it('is refused where there is no database', async () => {
    const empty = new MemoryFileSystem();
    await expect(verifyOn(empty)).rejects.toMatchObject({ code: 'STEME_NOT_FOUND' });
    await empty.makeDirectory(DIRECTORY);
    await expect(verifyOn(empty)).rejects.toMatchObject({ code: 'STEME_NOT_FOUND' });
    await expect(verifyOn(disk, { threads: 0 })).rejects.toMatchObject({ code: 'STEME_INVALID_OPTION' });
  });
});

describe('damage of a table', () => {
  it('is found in every block that has some, not only in the first', async () => {
    const offsets = await blockOffsets();
    const damaged = [offsets[3], offsets[4], offsets[40]];
    for (const offset of damaged) await flipBit(disk, table, offset + 5);
    const { isSound, findings } = await verifyOn(disk);
    expect(isSound).toBe(false);
    expect(findings).toEqual(
      damaged.map((offsetBytes) => ({
        file: table,
        kind: 'table',
        offsetBytes,
        problem: expect.stringMatching(/^expected block checksum \d+, found \d+$/),
      })),
    );
  });

  it('is found where two blocks have changed places', async () => {
    const offsets = await blockOffsets();
    const bytes = await readWhole(disk, table);
    const [first, second] = equalNeighbours(offsets);
    const length = offsets[second] - offsets[first];
    const kept = bytes.slice(offsets[first], offsets[first] + length);
    bytes.copyWithin(offsets[first], offsets[second], offsets[second] + length);
    bytes.set(kept, offsets[second]);
    await replaceFile(disk, table, bytes);
    const { findings } = await verifyOn(disk);
    expect(findings.map(({ offsetBytes }) => offsetBytes)).toEqual([offsets[first], offsets[second]]);
  });

  it('is found in its footer, index, filter, properties and range deletes', async () => {
    const { fileBytes, propertiesOffsetBytes } = await openTable();
    const offsets = await blockOffsets();
    for (const at of [fileBytes - 1, fileBytes - 60, propertiesOffsetBytes + 2, fileBytes - 200]) {
      const clone = disk.clone();
      await flipBit(clone, table, at);
      const { findings } = await verifyOn(clone);
      expect(findings.map(({ file }) => file)).toEqual([table]);
      expect(findings[0].offsetBytes).toBeGreaterThan(offsets[offsets.length - 1]);
    }
  });

  it('is found where it is cut, or gone', async () => {
    const bytes = await readWhole(disk, table);
    await replaceFile(disk, table, bytes.subarray(0, 1000));
    expect((await verifyOn(disk)).findings).toMatchObject([{ file: table, kind: 'table', offsetBytes: 1000 }]);
    await disk.remove(`${DIRECTORY}/${table}`);
    const { findings } = await verifyOn(disk);
    expect(findings).toMatchObject([{ file: table, kind: 'table', offsetBytes: undefined }]);
    expect(findings[0].problem).toBe(`expected a table of ${bytes.length} bytes, found no file`);
  });

  it('is found where the disk cannot read it, block by block', async () => {
    const offsets = await blockOffsets();
    const bad = offsets[20] + 1;
    const faulty = new InterceptedFileSystem(disk, {
      before: ({ kind, path, positionBytes = 0, lengthBytes = 0 }) => {
        const reaches = positionBytes <= bad && bad < positionBytes + lengthBytes;
        if (kind === 'read' && path.endsWith(table) && reaches) throw ioError('read', path, systemError('EIO'));
      },
    });
    const { findings, tables } = await verifyOn(faulty);
    expect(findings).toMatchObject([
      { file: table, offsetBytes: offsets[20], problem: expect.stringContaining('EIO') },
    ]);
    expect(tables.entries).toBeGreaterThan(KEYS / 2);
  });
});

function equalNeighbours(offsets: readonly number[]): [number, number] {
  for (let i = 5; i + 2 < offsets.length; i++) {
    if (offsets[i + 1] - offsets[i] === offsets[i + 2] - offsets[i + 1]) return [i, i + 1];
  }
  throw new Error('no two blocks have the same size');
}

describe('damage of a blob file', () => {
  it('is found value by value', async () => {
    const bytes = await readWhole(disk, blob);
    bytes[BLOB_HEADER_BYTES + 10] ^= 1;
    bytes[bytes.length - 1] ^= 1;
    await replaceFile(disk, blob, bytes);
    const { findings, blobs } = await verifyOn(disk);
    expect(findings).toMatchObject([
      { file: blob, kind: 'blob', offsetBytes: BLOB_HEADER_BYTES, problem: expect.stringContaining('value checksum') },
      { file: blob, kind: 'blob', offsetBytes: BLOB_HEADER_BYTES + 4 * 2005 },
    ]);
    expect(blobs.entries).toBe(3);
  });

  it('is found in its header, where it is cut, and where it is gone', async () => {
    const whole = disk.clone();
    await flipBit(disk, blob, 3);
    expect((await verifyOn(disk)).findings).toMatchObject([{ file: blob, kind: 'blob', offsetBytes: 0 }]);
    const cut = whole.clone();
    await replaceFile(cut, blob, (await readWhole(whole, blob)).subarray(0, BLOB_HEADER_BYTES + 3 * 2005 + 7));
    const { findings } = await verifyOn(cut);
    expect(findings.map(({ file, offsetBytes }) => [file, offsetBytes])).toEqual([
      [blob, BLOB_HEADER_BYTES + 3 * 2005],
      [blob, BLOB_HEADER_BYTES + 3 * 2005 + 7],
      [blob, BLOB_HEADER_BYTES + 4 * 2005],
    ]);
    await whole.remove(`${DIRECTORY}/${blob}`);
    expect((await verifyOn(whole)).findings).toMatchObject([{ file: blob, kind: 'blob' }]);
  });
});

describe('damage of the log', () => {
  it('is found where recovery finds it', async () => {
    const { disk: killed, name, offsets } = await killedWithOneSegment();
    expect(await verifyOn(killed)).toMatchObject({ isSound: true, log: { files: 1, entries: 5 } });
    await flipBit(killed, name, offsets[1] + 40);
    const { findings, log } = await verifyOn(killed);
    expect(findings).toMatchObject([{ file: name, kind: 'log', offsetBytes: offsets[1] }]);
    expect(log.entries).toBe(4);
  });

  it('is found at each place, in several segments', async () => {
    const { disk: killed, names } = await killedWithFourSegments();
    const places = [names[0], names[2]];
    for (const name of places) await flipBit(killed, name, 3000);
    const { findings } = await verifyOn(killed);
    expect(findings.map(({ file, kind }) => [file, kind])).toEqual(places.map((name) => [name, 'log']));
  });

  it('is a missing segment', async () => {
    const { disk: killed, names } = await killedWithFourSegments();
    await killed.remove(`${DIRECTORY}/${names[1]}`);
    const { findings } = await verifyOn(killed);
    expect(findings).toMatchObject([
      { file: names[1], kind: 'log', problem: expect.stringContaining('missing segment') },
    ]);
  });

  it('is none where the tail is torn', async () => {
    const { disk: killed, name, offsets } = await killedWithOneSegment();
    await flipBit(killed, name, offsets[3] + 40);
    const report = await verifyOn(killed);
    expect(report).toMatchObject({ isSound: true, notes: [{ file: name, kind: 'log', offsetBytes: offsets[3] }] });
  });
});

describe('damage of CURRENT and the manifest', () => {
  it('is found, and tables and log are walked all the same', async () => {
    const offsets = await blockOffsets();
    await flipBit(disk, table, offsets[2] + 1);
    await flipBit(disk, 'CURRENT', 3);
    const report = await verifyOn(disk);
    expect(report.findings).toMatchObject([
      { file: 'CURRENT', kind: 'current' },
      { file: table, kind: 'table', offsetBytes: offsets[2] },
    ]);
    expect(report.log.entries).toBe(1);
    expect(report.blobs.entries).toBeGreaterThan(0);
  });

  it('is found where CURRENT is gone', async () => {
    await disk.remove(`${DIRECTORY}/CURRENT`);
    const { findings, tables } = await verifyOn(disk);
    expect(findings).toMatchObject([{ file: 'CURRENT', kind: 'current' }]);
    expect(tables.files).toBe(1);
  });

  it('is found in an edit of the manifest', async () => {
    const name = (await disk.list(DIRECTORY)).find((file) => file.startsWith('MANIFEST')) ?? '';
    await flipBit(disk, name, 60);
    const { findings, tables } = await verifyOn(disk);
    expect(findings).toMatchObject([{ file: name, kind: 'manifest' }]);
    expect(tables.entries).toBe(KEYS + 1 + 5 + 1);
  });
});

it('files that nothing refers to are notes', async () => {
  await replaceFile(disk, '000900.sst', new Uint8Array(10));
  await replaceFile(disk, '000901.blob', new Uint8Array(10));
  await replaceFile(disk, 'MANIFEST-000902', new Uint8Array(10));
  await replaceFile(disk, 'rejected.ndjson', new Uint8Array(10));
  const report = await verifyOn(disk);
  expect(report.isSound).toBe(true);
  expect(report.notes.map(({ file }) => file)).toEqual(['000900.sst', '000901.blob', 'MANIFEST-000902']);
});
