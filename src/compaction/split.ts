/**
 * Cuts a large compaction into parts of the key space that run at once, each a job of its own; all are installed by one edit. Cuts
 * lie where tables begin, in the output level, the levels of the inputs below L0, and the level behind the output: their
 * tables are of about one size, so counting them measures the keys between.
 */
import { compareBytes } from '../base/bytes.js';
import { LEVEL_COUNT } from '../base/limits.js';
import type { KeyBounds } from '../jobs/job.js';
import type { KeyRange } from '../read/key-range.js';
import type { Levels } from '../version/levels-builder.js';
import type { CompactionPlan } from './compaction-plan.js';
import type { CompactionSettings } from './compaction-settings.js';
import { hullOf, overlappingTables, sumBytes } from './table-ranges.js';

/** A part is worth a job of its own from so many tables on. */
const PART_TABLES_MIN = 2;

/** At most `partsMax` parts, one after the other, which together are the whole key space. */
export function splitPlan(
  levels: Levels,
  plan: CompactionPlan,
  partsMax: number,
  settings: CompactionSettings,
): KeyBounds[] {
  const inputs = plan.inputs.map(({ table }) => table);
  const bytes = sumBytes(inputs);
  const partCount = Math.min(partsMax, Math.floor(bytes / (settings.tableBytesTarget * PART_TABLES_MIN)));
  // A merge within L0 makes one table.
  if (plan.outputLevel === 0 || partCount < 2) return [{}];
  const starts = possibleCuts(levels, plan);
  const weights = weightsBetween(starts, inputs);
  return boundsOf(chooseCuts(starts, weights, bytes / partCount, partCount));
}

/** Keys inside of the plan's range at which a part may begin, ascending and distinct. */
function possibleCuts(levels: Levels, plan: CompactionPlan): Uint8Array[] {
  const range = hullOf(plan.inputs.map(({ table }) => table));
  const inputs = plan.inputs.filter(({ level }) => level > 0).map(({ table }) => table);
  const hasGrandparents = plan.outputLevel + 1 < LEVEL_COUNT;
  const grandparents = hasGrandparents ? overlappingTables(levels[plan.outputLevel + 1], range) : [];
  const starts = [...inputs, ...grandparents].map(({ smallestKey }) => smallestKey).sort(compareBytes);
  return starts.filter(
    (key, index) =>
      compareBytes(key, range.smallestKey) > 0 && (index === 0 || compareBytes(key, starts[index - 1]) !== 0),
  );
}

/** Bytes of the inputs before the first cut, between each two, and behind the last; a table counts evenly wherever it reaches. */
function weightsBetween(cuts: readonly Uint8Array[], inputs: readonly (KeyRange & { fileBytes: number })[]): number[] {
  const weights = new Array<number>(cuts.length + 1).fill(0);
  for (const { smallestKey, largestKey, fileBytes } of inputs) {
    const first = countUpTo(cuts, smallestKey);
    const last = countUpTo(cuts, largestKey);
    for (let i = first; i <= last; i++) weights[i] += fileBytes / (last - first + 1);
  }
  return weights;
}

/** How many of the cuts are at or before the key. */
function countUpTo(cuts: readonly Uint8Array[], key: Uint8Array): number {
  let low = 0;
  let high = cuts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareBytes(cuts[middle], key) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The cuts that come next after each whole part. */
function chooseCuts(
  cuts: readonly Uint8Array[],
  weights: readonly number[],
  partBytes: number,
  partCount: number,
): Uint8Array[] {
  const chosen: Uint8Array[] = [];
  let bytes = 0;
  for (let i = 0; i < cuts.length && chosen.length < partCount - 1; i++) {
    bytes += weights[i];
    if (bytes >= partBytes * (chosen.length + 1)) chosen.push(cuts[i]);
  }
  return chosen;
}

function boundsOf(cuts: readonly Uint8Array[]): KeyBounds[] {
  const bounds: KeyBounds[] = [];
  for (let i = 0; i <= cuts.length; i++) {
    bounds.push({ ...(i > 0 && { start: cuts[i - 1] }), ...(i < cuts.length && { end: cuts[i] }) });
  }
  return bounds;
}
