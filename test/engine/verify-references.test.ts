import { beforeEach, describe, expect, it } from 'vitest';
import { writeBlockTrailer } from '../../src/base/block-trailer.js';
import type { Options } from '../../src/engine/options.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { BlockCache } from '../../src/table/block-cache.js';
import type { TableMetadata } from '../../src/table/table-metadata.js';
import { TableReader } from '../../src/table/table-reader.js';
import { readCurrent, readManifest } from '../../src/version/manifest-reader.js';
import type { ManifestState } from '../../src/version/manifest-state.js';
import { ManifestWriter, pointCurrentAt } from '../../src/version/manifest-writer.js';
import { Version } from '../../src/version/version.js';
import { DIRECTORY, filesOf, readWhole, replaceFile, withDatabase } from '../support/test-database.js';
import { verifyOn } from '../support/verify-database.js';

const OPTIONS: Options = { blockBytes: 256, compression: 'none', blobThreshold: 1024, autoCompact: false };

let disk: MemoryFileSystem;

/** Two tables in L0 with the same keys, each with a blob file. */
beforeEach(async () => {
  disk = new MemoryFileSystem();
  await withDatabase(disk, OPTIONS, async (db) => {
    for (const round of ['1', '2']) {
      for (let i = 0; i < 40; i++) await db.put(`key ${String(i).padStart(3, '0')}`, round.repeat(60));
      await db.put('large', round.repeat(2000));
      await db.flush();
    }
  });
});

/** Writes a manifest, sound in itself, that says something else of the tables. */
async function rewriteManifest(change: (state: ManifestState) => ManifestState): Promise<string> {
  const number = await readCurrent(disk, DIRECTORY);
  const state = change(await readManifest(disk, DIRECTORY, number));
  const next = state.nextFileNumber;
  const manifest = await ManifestWriter.create(disk, DIRECTORY, next, { ...state, nextFileNumber: next + 1 });
  await manifest.close();
  await pointCurrentAt(disk, DIRECTORY, next);
  return `MANIFEST-${String(next).padStart(6, '0')}`;
}

function withTables(
  change: (table: TableMetadata, index: number) => TableMetadata,
): (state: ManifestState) => ManifestState {
  return (state) => {
    const { levels, blobs } = state.version;
    return { ...state, version: new Version([levels[0].map(change), ...levels.slice(1)], blobs) };
  };
}

describe('a manifest whose checksums hold', () => {
  it('is sound as it was written', async () => {
    await rewriteManifest((state) => state);
    expect((await verifyOn(disk)).findings).toEqual([]);
  });

  it('has no overlap within a level, but for L0', async () => {
    const name = await rewriteManifest((state) => {
      const { levels, blobs } = state.version;
      return { ...state, version: new Version([[], levels[0], ...levels.slice(2)], blobs) };
    });
    const { findings, tables } = await verifyOn(disk);
    expect(findings).toMatchObject([{ file: name, kind: 'manifest', problem: expect.stringMatching(/overlap in L1/) }]);
    expect(tables.files).toBe(2);
  });

  it('says the bounds of a table that it has', async () => {
    await rewriteManifest(withTables((table) => ({ ...table, largestKey: new Uint8Array([0x7a]) })));
    const { findings } = await verifyOn(disk);
    expect(findings.map(({ file, kind }) => [file, kind])).toEqual(
      (await filesOf(disk, '.sst')).map((f) => [f, 'table']),
    );
    expect(findings[0].problem).toMatch(/^expected 0x7a as largest key, says the manifest, found 0x6c61726765$/);
    expect(findings[0].offsetBytes).toBeGreaterThan(0);
  });

  it.each([
    ['entries', (table: TableMetadata) => ({ ...table, entryCount: table.entryCount + 1 })],
    ['keys', (table: TableMetadata) => ({ ...table, keyCount: table.keyCount + 1 })],
    ['as smallest sequence', (table: TableMetadata) => ({ ...table, smallestSequence: table.smallestSequence - 1 })],
  ])('counts right: %s', async (what, change) => {
    await rewriteManifest(withTables((table, index) => (index === 0 ? change(table) : table)));
    const { findings } = await verifyOn(disk);
    expect(findings).toMatchObject([{ kind: 'table', problem: expect.stringContaining(`${what}, says the manifest`) }]);
  });

  it('knows a sequence as late as those of its tables', async () => {
    const name = await rewriteManifest((state) => ({ ...state, lastSequence: 50 }));
    const { findings } = await verifyOn(disk);
    expect(findings).toContainEqual({
      file: name,
      kind: 'manifest',
      offsetBytes: undefined,
      problem: expect.stringMatching(/^expected sequences up to 50, found 82 in /),
    });
  });

  it('knows no fewer values in a blob file than tables refer to', async () => {
    const name = await rewriteManifest((state) => {
      const blobs = new Map([...state.version.blobs].map(([number, blob]) => [number, { ...blob, valueBytes: 1999 }]));
      return { ...state, version: new Version(state.version.levels, blobs) };
    });
    const { findings } = await verifyOn(disk);
    expect(findings).toHaveLength(2);
    expect(findings).toMatchObject([
      { file: name, kind: 'manifest', problem: expect.stringContaining('1999 bytes') },
      {},
    ]);
  });
});

describe('a table whose checksums hold', () => {
  it('has its blocks in order', async () => {
    const [name] = await filesOf(disk, '.sst');
    const [first, second] = await swapBlocks(name);
    const { findings } = await verifyOn(disk);
    expect(findings).toMatchObject([
      { file: name, offsetBytes: first, problem: expect.stringContaining('separator at or above its block') },
      { file: name, offsetBytes: second, problem: expect.stringContaining('out of order') },
    ]);
  });
});

/** Two neighbours of one size change places, and get checksums as if they had been written there. */
async function swapBlocks(name: string): Promise<[number, number]> {
  const bytes = await readWhole(disk, name);
  const number = Number.parseInt(name, 10);
  const table = TableReader.openSync({
    fileSystem: disk,
    path: `${DIRECTORY}/${name}`,
    number,
    fileBytes: bytes.length,
    readMode: 'pread',
    blockCache: new BlockCache(0),
  });
  const index = table.partition(0, false);
  const at = Array.from({ length: index.count }, (_, i) => i).findIndex(
    (i) => i > 0 && i + 1 < index.count && index.sizeBytes(i) === index.sizeBytes(i + 1),
  );
  expect(at).toBeGreaterThan(0);
  const places = [index.offsetBytes(at), index.offsetBytes(at + 1)] as const;
  const size = index.sizeBytes(at);
  const contents = places.map((place) => bytes.slice(place, place + size));
  places.forEach((place, i) => {
    bytes.set(contents[1 - i], place);
    writeBlockTrailer(bytes, place + size, contents[1 - i], 0, number, place);
  });
  await replaceFile(disk, name, bytes);
  return [...places];
}
