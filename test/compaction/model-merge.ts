import { compareBytes } from '../../src/base/bytes.js';
import { isInRange, type KeyRange } from '../../src/read/key-range.js';

/** What a compaction job does, in the shortest way to say it: on small keys, in memory, one version after the other. */
export interface ModelPoint {
  /** One byte. */
  readonly key: number;
  readonly sequence: number;
  readonly isDelete: boolean;
  /** 0: never. */
  readonly expiresAtMs: number;
  /** The blob file that has its value; 0: none. */
  readonly blob: number;
}

export interface ModelRangeDelete {
  readonly start: number;
  readonly end: number;
  readonly sequence: number;
}

export interface Contents {
  readonly points: readonly ModelPoint[];
  readonly rangeDeletes: readonly ModelRangeDelete[];
}

export interface ModelJob {
  readonly inputs: readonly Contents[];
  readonly deeperRanges: readonly KeyRange[];
  readonly snapshots: readonly number[];
  readonly expiryCutoffMs: number;
  readonly rewrittenBlobs: ReadonlySet<number>;
  readonly newBlob: number;
  readonly entriesPerTable: number;
}

export function keyBytes(key: number): Uint8Array {
  return Uint8Array.of(key);
}

export function mergeModel(job: ModelJob): Contents[] {
  const rangeDeletes = job.inputs.flatMap((input) => input.rangeDeletes);
  const points = keptPoints(job, rangeDeletes);
  return cut(
    points,
    rangeDeletes.filter((each) => isRangeDeleteKept(job, each)),
    job.entriesPerTable,
  );
}

/** Readers that look at the same of two versions: the count of snapshots before a sequence. */
function stripeOf(snapshots: readonly number[], sequence: number): number {
  return snapshots.filter((snapshot) => snapshot < sequence).length;
}

function keptPoints(job: ModelJob, rangeDeletes: readonly ModelRangeDelete[]): ModelPoint[] {
  const all = job.inputs.flatMap(({ points }) => points).sort((a, b) => a.key - b.key || b.sequence - a.sequence);
  const seen = new Set<string>();
  const kept: ModelPoint[] = [];
  for (const point of all) {
    const stripe = stripeOf(job.snapshots, point.sequence);
    const isShadowed = seen.has(`${point.key}/${stripe}`);
    seen.add(`${point.key}/${stripe}`);
    const isCovered = rangeDeletes.some(
      (each) => covers(each, point) && stripeOf(job.snapshots, each.sequence) === stripe,
    );
    if (isShadowed || isCovered) continue;
    const isExpired = point.expiresAtMs > 0 && point.expiresAtMs <= job.expiryCutoffMs;
    const isDelete = point.isDelete || isExpired;
    const isDeep = job.deeperRanges.some((range) => isInRange(range, keyBytes(point.key)));
    if (isDelete && stripe === 0 && !isDeep) continue;
    const blob = isDelete ? 0 : job.rewrittenBlobs.has(point.blob) ? job.newBlob : point.blob;
    kept.push({ ...point, isDelete, expiresAtMs: isExpired ? 0 : point.expiresAtMs, blob });
  }
  return kept;
}

function covers({ start, end, sequence }: ModelRangeDelete, point: ModelPoint): boolean {
  return start <= point.key && point.key < end && sequence > point.sequence;
}

function isRangeDeleteKept(job: ModelJob, { start, end, sequence }: ModelRangeDelete): boolean {
  if (stripeOf(job.snapshots, sequence) > 0) return true;
  return job.deeperRanges.some(
    (range) =>
      compareBytes(range.smallestKey, keyBytes(end)) < 0 && compareBytes(range.largestKey, keyBytes(start)) >= 0,
  );
}

/** Between keys, never within the versions of one; range deletes are cut there. */
function cut(points: readonly ModelPoint[], rangeDeletes: readonly ModelRangeDelete[], countMax: number): Contents[] {
  const starts = [0];
  let count = 0;
  for (const [index, point] of points.entries()) {
    if (count >= countMax && point.key !== points[index - 1].key) {
      starts.push(point.key);
      count = 0;
    }
    count++;
  }
  return starts
    .map((start, index) => clip(points, rangeDeletes, start, starts[index + 1] ?? 256))
    .filter((contents) => contents.points.length + contents.rangeDeletes.length > 0);
}

function clip(
  points: readonly ModelPoint[],
  rangeDeletes: readonly ModelRangeDelete[],
  start: number,
  end: number,
): Contents {
  return {
    points: points.filter(({ key }) => start <= key && key < end),
    rangeDeletes: rangeDeletes
      .map((each) => ({ ...each, start: Math.max(each.start, start), end: Math.min(each.end, end) }))
      .filter((each) => each.start < each.end),
  };
}
