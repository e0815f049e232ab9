import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes } from '../../src/base/bytes.js';
import { KIND_DELETE } from '../../src/base/internal-key.js';
import { isExpiringKind, readExpiryMs } from '../../src/base/stored-value.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import type { CompactionJob, Grandparent, KeyBounds } from '../../src/jobs/job.js';
import { endsBefore, isInRange, type KeyRange } from '../../src/read/key-range.js';
import { BlockCache } from '../../src/table/block-cache.js';
import type { TableMetadata } from '../../src/table/table-metadata.js';
import { TableReader } from '../../src/table/table-reader.js';
import { TableWriter } from '../../src/table/table-writer.js';
import { entryAt, type VersionEntry } from '../support/array-iterator.js';
import { compactionJob, settingsWith, tablesOf } from '../support/job-bench.js';
import { DIRECTORY } from '../support/test-database.js';
import {
  arbitraryTables,
  type Contents,
  CUTOFF_MS,
  joined,
  KEYS,
  rangeOf,
  viewsOf,
  within,
} from './compaction-model.js';

const path = (number: number): string => `${DIRECTORY}/${String(number).padStart(6, '0')}.sst`;

/** Writes one table; none for nothing. */
function write(disk: MemoryFileSystem, number: number, { entries, tombstones }: Contents): TableMetadata[] {
  if (entries.length + tombstones.length === 0) return [];
  const writer = new TableWriter({ fileSystem: disk, path: path(number), number, ...settingsWith({ blockBytes: 64 }) });
  for (const { start, end, sequence } of tombstones) writer.addRangeTombstone(start, end, sequence);
  for (const { key, sequence, kind, value } of entries) {
    writer.add(key, 0, key.length, sequence, kind, value, 0, value.length);
  }
  return [writer.finish()];
}

function read(disk: MemoryFileSystem, { number, fileBytes }: TableMetadata): Contents {
  const blockCache = new BlockCache(0);
  const reader = TableReader.openSync({
    fileSystem: disk,
    path: path(number),
    number,
    fileBytes,
    readMode: 'pread',
    blockCache,
  });
  const entries: VersionEntry[] = [];
  const source = reader.iterator();
  source.seekToFirst();
  for (let entry = entryAt(source); entry !== undefined; entry = entryAt(source)) {
    entries.push(entry);
    source.next();
  }
  const tombstones = (reader.rangeTombstones?.fragments ?? []).flatMap(({ start, end, sequences }) =>
    sequences.map((sequence) => ({ start, end, sequence })),
  );
  reader.close();
  return { entries, tombstones };
}

interface Scene {
  /** Oldest first; the first one lies below the output level. */
  readonly tables: readonly Contents[];
  readonly snapshots: readonly number[];
  readonly bounds: KeyBounds;
  readonly tableBytesTarget: number;
  readonly grandparentBytesMax: number;
  readonly grandparentEdges: readonly number[];
  readonly outputLevel: number;
  readonly outputCountMax: number;
}

const arbitraryBounds: fc.Arbitrary<KeyBounds> = fc
  .uniqueArray(fc.nat(KEYS.length), { maxLength: 2 })
  .map((edges) => edges.toSorted((a, b) => a - b))
  .chain((edges) =>
    fc.constantFrom(
      {},
      ...(edges.length === 2 ? [{ start: KEYS[edges[0]], end: KEYS[edges[1]] }] : []),
      ...(edges.length === 1 ? [{ start: KEYS[edges[0]] }, { end: KEYS[edges[0]] }] : []),
    ),
  );

const arbitraryScene: fc.Arbitrary<Scene> = fc.record({
  tables: arbitraryTables(4, 40),
  snapshots: fc.uniqueArray(fc.nat(42), { maxLength: 4 }).map((sequences) => sequences.toSorted((a, b) => a - b)),
  bounds: arbitraryBounds,
  tableBytesTarget: fc.constantFrom(1, 300, 1_000_000),
  grandparentBytesMax: fc.constantFrom(0, 15, 1_000_000),
  grandparentEdges: fc.uniqueArray(fc.nat(KEYS.length - 1), { maxLength: 6 }),
  outputLevel: fc.constantFrom(0, 1, 6),
  outputCountMax: fc.constantFrom(1, 2, 40),
});

/** Neighbouring edges are the first and the last key of a grandparent. */
function grandparentsOf(edges: readonly number[]): Grandparent[] {
  const sorted = edges.toSorted((a, b) => a - b);
  const grandparents: Grandparent[] = [];
  for (let i = 0; i + 1 < sorted.length; i += 2) {
    const range = { smallestKey: KEYS[sorted[i]], largestKey: KEYS[sorted[i + 1]], isLargestKeyExclusive: false };
    grandparents.push({ ...range, fileBytes: 10 });
  }
  return grandparents;
}

interface Outcome {
  readonly before: Contents;
  readonly after: Contents;
  readonly outputs: readonly TableMetadata[];
  readonly outputContents: readonly Contents[];
  readonly deeper: KeyRange | undefined;
}

async function compact(scene: Scene): Promise<Outcome> {
  const disk = new MemoryFileSystem();
  await disk.makeDirectory(DIRECTORY);
  const [below, ...above] = scene.tables.map((table) => within(table, scene.bounds.start, scene.bounds.end));
  const inputs = scene.tables.slice(1).flatMap((table, i) => write(disk, i + 1, table));
  const deeper = rangeOf(scene.tables[0]);
  const job: CompactionJob = compactionJob(inputs.toReversed(), {
    outputLevel: scene.outputLevel,
    bounds: scene.bounds,
    snapshots: scene.snapshots,
    expiryCutoffMs: CUTOFF_MS,
    deeperRanges: deeper === undefined ? [] : [deeper],
    grandparents: grandparentsOf(scene.grandparentEdges),
    grandparentBytesMax: scene.grandparentBytesMax,
    numbers: Array.from({ length: scene.outputCountMax }, (_, i) => 100 + i),
    tableBytesTarget: scene.tableBytesTarget,
    settings: settingsWith({ blockBytes: 64 }),
  });
  const outputs = inputs.length === 0 ? [] : await tablesOf(disk, job);
  const outputContents = outputs.map((table) => read(disk, table));
  return {
    before: joined([below, ...above]),
    after: joined([below, ...outputContents]),
    outputs,
    outputContents,
    deeper,
  };
}

const RUNS = { seed: 1, numRuns: 600 };

describe('a compaction of anything', () => {
  it('changes nothing that a reader sees', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryScene, async (scene) => {
        const { before, after } = await compact(scene);
        expect(viewsOf(after, scene.snapshots)).toEqual(viewsOf(before, scene.snapshots));
      }),
      RUNS,
    );
  });

  it('makes tables in order that share no key, each within its own bounds', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryScene, async (scene) => {
        const { outputs, outputContents } = await compact(scene);
        for (const [i, contents] of outputContents.entries()) {
          expect(rangeOf(contents)).toEqual(boundsOf(outputs[i]));
          if (i > 0) expect(endsBefore(outputs[i - 1], outputs[i].smallestKey)).toBe(true);
          expect(within(contents, scene.bounds.start, scene.bounds.end)).toEqual(contents);
        }
        expect(outputs.map(({ number }) => number)).toEqual(outputs.map((_, i) => 100 + i));
        expect(outputs.length).toBeLessThanOrEqual(scene.outputLevel === 0 ? 1 : scene.outputCountMax);
      }),
      RUNS,
    );
  });

  it('leaves no version that nobody can see', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryScene, async (scene) => {
        const { outputContents } = await compact(scene);
        const { entries, tombstones } = joined(outputContents);
        const stripeOf = (sequence: number) => scene.snapshots.filter((snapshot) => snapshot < sequence).length;
        for (const [i, entry] of entries.entries()) {
          const newer = entries.at(i - 1);
          const isSameKey = i > 0 && newer !== undefined && compareBytes(newer.key, entry.key) === 0;
          if (isSameKey) expect(stripeOf(newer.sequence)).toBeGreaterThan(stripeOf(entry.sequence));
          expect(isExpiringKind(entry.kind) && readExpiryMs(entry.value, 0) <= CUTOFF_MS).toBe(false);
          for (const { start, end, sequence } of tombstones) {
            const isCovered = compareBytes(start, entry.key) <= 0 && compareBytes(entry.key, end) < 0;
            if (isCovered && sequence > entry.sequence)
              expect(stripeOf(sequence)).toBeGreaterThan(stripeOf(entry.sequence));
          }
        }
      }),
      RUNS,
    );
  });

  it('leaves no tombstone that all see and that hides nothing', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryScene, async (scene) => {
        const { outputContents, deeper } = await compact(scene);
        const { entries, tombstones } = joined(outputContents);
        const oldestSnapshot = scene.snapshots.at(0) ?? Number.POSITIVE_INFINITY;
        for (const { key, sequence, kind } of entries) {
          if (kind !== KIND_DELETE || sequence > oldestSnapshot) continue;
          expect(deeper !== undefined && isInRange(deeper, key)).toBe(true);
        }
        for (const { sequence } of tombstones) if (sequence <= oldestSnapshot) expect(deeper).toBeDefined();
      }),
      RUNS,
    );
  });
});

function boundsOf({ smallestKey, largestKey, isLargestKeyExclusive }: TableMetadata): KeyRange {
  return { smallestKey, largestKey, isLargestKeyExclusive };
}
