import { RangeTombstoneSet } from '../../src/base/range-tombstones.js';
import type { BlobMetadata } from '../../src/blob/blob-metadata.js';
import type { CompactionPlan } from '../../src/compaction/compaction-plan.js';
import type { CompactionSettings } from '../../src/compaction/compaction-settings.js';
import { jobInputs } from '../../src/compaction/job-inputs.js';
import { hullOf } from '../../src/compaction/table-ranges.js';
import type { RunningOutput, TreeShape } from '../../src/compaction/tree-shape.js';
import { isInRange } from '../../src/read/key-range.js';
import type { TableMetadata } from '../../src/table/table-metadata.js';
import { Version } from '../../src/version/version.js';
import { type Contents, keyBytes, type ModelPoint, type ModelRangeDelete, mergeModel } from './model-merge.js';

export const ENTRY_BYTES = 100;
export const VALUE_BYTES = 1000;

export type ModelWrite =
  | { readonly type: 'put'; readonly key: number; readonly ttlMs: number; readonly isLarge: boolean }
  | { readonly type: 'del'; readonly key: number }
  | { readonly type: 'delRange'; readonly start: number; readonly end: number };

interface RunningPlan {
  readonly plan: CompactionPlan;
  readonly outputs: readonly TableMetadata[];
  readonly addedBlobs: readonly BlobMetadata[];
  readonly range: RunningOutput;
}

/**
 * A tree whose tables are in memory, and whose compactions begin and end when the test says so. It also remembers
 * every write, so that what the tables answer can be compared with what was written.
 */
export class ModelTree {
  readonly settings: CompactionSettings;
  version = Version.empty();
  nowMs = 1000;
  lastFlushMs = 0;
  snapshots: number[] = [];
  readonly running: RunningPlan[] = [];
  /** By key, newest first. */
  readonly history = new Map<number, ModelPoint[]>();
  readonly rangeHistory: ModelRangeDelete[] = [];
  sequence = 0;
  nextNumber = 1;
  readonly #contents = new Map<number, Contents>();

  constructor(settings: CompactionSettings) {
    this.settings = settings;
  }

  shape(): TreeShape {
    const tables = this.version.tables();
    const rangeDeletes = tables.flatMap(({ number }) => this.#contentsOf(number).rangeDeletes);
    return {
      levels: this.version.levels,
      busyTables: new Set(this.running.flatMap(({ plan }) => plan.inputs.map(({ table }) => table.number))),
      runningOutputs: this.running.map(({ range }) => range),
      blobs: this.version.blobs,
      snapshots: this.snapshots,
      rangeDeletes: RangeTombstoneSet.of(
        rangeDeletes.map(({ start, end, sequence }) => ({ start: keyBytes(start), end: keyBytes(end), sequence })),
      ).fragments,
      nowMs: this.nowMs,
      expiryCutoffMs: this.nowMs,
      lastFlushMs: this.lastFlushMs,
    };
  }

  flush(writes: readonly ModelWrite[]): void {
    const blob = this.nextNumber++;
    const points: ModelPoint[] = [];
    const rangeDeletes: ModelRangeDelete[] = [];
    for (const write of writes) {
      const sequence = ++this.sequence;
      if (write.type === 'delRange') rangeDeletes.push({ start: write.start, end: write.end, sequence });
      else points.push(this.#point(write, sequence, blob));
    }
    points.sort((a, b) => a.key - b.key || b.sequence - a.sequence);
    for (const point of points.toReversed())
      this.history.set(point.key, [point, ...(this.history.get(point.key) ?? [])]);
    this.rangeHistory.push(...rangeDeletes);
    const table = this.#addTable({ points, rangeDeletes }, this.nowMs);
    this.version = this.version.apply({
      addedTables: [{ level: 0, table }],
      deletedTables: [],
      addedBlobs: blobOf(blob, points),
    });
    this.lastFlushMs = this.nowMs;
  }

  /** Moves and drops happen at once; a merge reads now, and is installed by `finish`. */
  begin(plan: CompactionPlan): void {
    const { inputs, outputLevel } = plan;
    const outputs = plan.kind === 'merge' ? this.#merge(plan) : { tables: [], blobs: [] };
    const range = { level: outputLevel, ...hullOf(inputs.map(({ table }) => table)) };
    const tables = plan.kind === 'move' ? inputs.map(({ table }) => table) : outputs.tables;
    this.running.push({ plan, outputs: tables, addedBlobs: outputs.blobs, range });
    if (plan.kind !== 'merge') this.finish(this.running.length - 1);
  }

  finish(index: number): void {
    const [{ plan, outputs, addedBlobs }] = this.running.splice(index, 1);
    this.version = this.version.apply({
      addedTables: outputs.map((table) => ({ level: plan.outputLevel, table })),
      deletedTables: plan.inputs.map(({ level, table }) => ({ level, number: table.number })),
      addedBlobs,
    });
  }

  /** What a reader at that sequence finds in the tables: the sequence of the version that it sees, 0 for none. */
  read(key: number, sequenceMax: number): number {
    for (const table of this.version.tables()) {
      if (!isInRange(table, keyBytes(key))) continue;
      const found = this.#answerOf(this.#contentsOf(table.number), key, sequenceMax);
      if (found !== undefined) return found;
    }
    return 0;
  }

  /** The same from all that was ever written. */
  expected(key: number, sequenceMax: number): number {
    return (
      this.#answerOf({ points: this.history.get(key) ?? [], rangeDeletes: this.rangeHistory }, key, sequenceMax) ?? 0
    );
  }

  #answerOf({ points, rangeDeletes }: Contents, key: number, sequenceMax: number): number | undefined {
    const newest = points.find((each) => each.key === key && each.sequence <= sequenceMax);
    let deletedAt = 0;
    for (const { start, end, sequence } of rangeDeletes) {
      if (start <= key && key < end && sequence <= sequenceMax) deletedAt = Math.max(deletedAt, sequence);
    }
    if (newest === undefined || deletedAt > newest.sequence) return deletedAt > 0 ? 0 : undefined;
    const isExpired = newest.expiresAtMs > 0 && newest.expiresAtMs <= this.nowMs;
    return newest.isDelete || isExpired ? 0 : newest.sequence;
  }

  #point(write: Exclude<ModelWrite, { type: 'delRange' }>, sequence: number, blob: number): ModelPoint {
    const { key } = write;
    if (write.type === 'del') return { key, sequence, isDelete: true, expiresAtMs: 0, blob: 0 };
    const expiresAtMs = write.ttlMs === 0 ? 0 : this.nowMs + write.ttlMs;
    return { key, sequence, isDelete: false, expiresAtMs, blob: write.isLarge ? blob : 0 };
  }

  #merge(plan: CompactionPlan): { tables: TableMetadata[]; blobs: BlobMetadata[] } {
    const job = jobInputs(this.version.levels, plan, this.settings);
    const newBlob = this.nextNumber++;
    const contents = mergeModel({
      inputs: job.inputs.map(({ number }) => this.#contentsOf(number)),
      deeperRanges: job.deeperRanges,
      snapshots: [...this.snapshots],
      expiryCutoffMs: this.nowMs,
      rewrittenBlobs: new Set(plan.rewrittenBlobs?.map(({ number }) => number)),
      newBlob,
      entriesPerTable: job.tableBytesTarget / ENTRY_BYTES,
    });
    const oldestAtMs = Math.min(...job.inputs.map((table) => table.oldestAtMs));
    const tables = contents.map((each) => this.#addTable(each, oldestAtMs));
    return {
      tables,
      blobs: blobOf(
        newBlob,
        contents.flatMap(({ points }) => points),
      ),
    };
  }

  #contentsOf(number: number): Contents {
    const contents = this.#contents.get(number);
    if (contents === undefined) throw new Error(`no table ${number}`);
    return contents;
  }

  #addTable(contents: Contents, oldestAtMs: number): TableMetadata {
    const number = this.nextNumber++;
    this.#contents.set(number, contents);
    return metadataOf(number, contents, oldestAtMs, this.nowMs);
  }
}

function blobOf(number: number, points: readonly ModelPoint[]): BlobMetadata[] {
  const valueCount = points.filter(({ blob }) => blob === number).length;
  const valueBytes = valueCount * VALUE_BYTES;
  return valueCount === 0 ? [] : [{ number, fileBytes: valueBytes, valueCount, valueBytes }];
}

function metadataOf(number: number, contents: Contents, oldestAtMs: number, createdAtMs: number): TableMetadata {
  const { points, rangeDeletes } = contents;
  const keys = points.map(({ key }) => key);
  const largestPoint = Math.max(0, ...keys);
  const largestEnd = Math.max(0, ...rangeDeletes.map(({ end }) => end));
  const sequences = [...points, ...rangeDeletes].map(({ sequence }) => sequence);
  const bytes = (points.length + rangeDeletes.length) * ENTRY_BYTES;
  return {
    number,
    fileBytes: bytes,
    entryCount: points.length,
    tombstoneCount: points.filter(({ isDelete }) => isDelete).length,
    rangeDeleteCount: rangeDeletes.length,
    keyCount: new Set(keys).size,
    rawBytes: bytes,
    smallestKey: keyBytes(Math.min(...keys, ...rangeDeletes.map(({ start }) => start))),
    largestKey: keyBytes(Math.max(largestPoint, largestEnd)),
    isLargestKeyExclusive: largestEnd > largestPoint,
    smallestSequence: Math.min(...sequences),
    largestSequence: Math.max(...sequences),
    createdAtMs,
    oldestAtMs,
    expiringCount: points.filter(({ expiresAtMs }) => expiresAtMs > 0).length,
    largestExpiryMs: Math.max(0, ...points.map(({ expiresAtMs }) => expiresAtMs)),
    globalSequence: 0,
    blobUses: blobUsesOf(points),
  };
}

function blobUsesOf(points: readonly ModelPoint[]): TableMetadata['blobUses'] {
  const numbers = [...new Set(points.map(({ blob }) => blob))].filter((number) => number > 0).sort((a, b) => a - b);
  return numbers.map((number) => {
    const valueCount = points.filter(({ blob }) => blob === number).length;
    return { number, valueCount, valueBytes: valueCount * VALUE_BYTES };
  });
}
