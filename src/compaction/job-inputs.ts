/** What a compaction job has to know of the tree around its plan. */
import { compareBytes } from '../base/bytes.js';
import { LEVEL_COUNT } from '../base/limits.js';
import type { CompactionJob } from '../jobs/job.js';
import { endsBefore, type KeyRange } from '../read/key-range.js';
import type { TableMetadata } from '../table/table-metadata.js';
import type { Levels } from '../version/levels-builder.js';
import type { CompactionPlan } from './compaction-plan.js';
import type { CompactionSettings } from './compaction-settings.js';
import { hullOf, overlappingTables, overlaps, sumBytes } from './table-ranges.js';

/** What an entry may cost in a table beside its key and value, with its share of index and filter. */
const ENTRY_OVERHEAD_BYTES = 32;
/** More ranges than this are coalesced over the gaps between them: that keeps some tombstones longer, and jobs small. */
const DEEPER_RANGES_MAX = 1024;

export type JobInputs = Pick<
  CompactionJob,
  'inputs' | 'outputLevel' | 'deeperRanges' | 'grandparents' | 'grandparentBytesMax' | 'tableBytesTarget'
> & {
  /** How many outputs there can be at most, and so how many numbers the job needs. */
  readonly outputCountMax: number;
};

export function jobInputs(levels: Levels, plan: CompactionPlan, settings: CompactionSettings): JobInputs {
  const inputs = plan.inputs.map(({ table }) => table);
  const range = hullOf(inputs);
  const { outputLevel } = plan;
  const isIntraL0 = outputLevel === 0;
  const grandparents = isIntraL0 || outputLevel + 1 === LEVEL_COUNT ? [] : levels[outputLevel + 1];
  const overlapped = overlappingTables(grandparents, range);
  return {
    inputs,
    outputLevel,
    deeperRanges: coalesce(olderTables(levels, plan, range)),
    grandparents: overlapped.map((table) => ({ ...hullOf([table]), fileBytes: table.fileBytes })),
    grandparentBytesMax: settings.grandparentBytesMax,
    // A merge within L0 makes one table, so that its place in the order of L0 is the one of its inputs.
    tableBytesTarget: isIntraL0 ? Number.MAX_SAFE_INTEGER : settings.tableBytesTarget,
    outputCountMax: isIntraL0 ? 1 : outputCountMax(inputs, overlapped, settings),
  };
}

/**
 * Tables within the range that may have older versions of the keys of the inputs, and are no inputs. What goes down from L0 leaves
 * nothing older behind; what is merged within L0 has all that comes after it there below itself.
 */
function olderTables(levels: Levels, { inputs, outputLevel }: CompactionPlan, range: KeyRange): TableMetadata[] {
  const deeper = levels.slice(Math.max(1, outputLevel + 1)).flatMap((tables) => overlappingTables(tables, range));
  if (outputLevel > 0) return deeper;
  const olderInL0 = levels[0].slice(levels[0].indexOf(inputs[inputs.length - 1].table) + 1);
  return [...olderInL0.filter((table) => overlaps(table, range)), ...deeper];
}

/** The same keys and perhaps more, as ranges that are sorted, disjoint, and few. */
export function coalesce(ranges: readonly KeyRange[], countMax: number = DEEPER_RANGES_MAX): KeyRange[] {
  const coalesced: KeyRange[] = [];
  for (const range of ranges.toSorted((a, b) => compareBytes(a.smallestKey, b.smallestKey))) {
    const last = coalesced.at(-1);
    if (last === undefined || endsBefore(last, range.smallestKey)) coalesced.push(range);
    else coalesced[coalesced.length - 1] = hullOf([last, range]);
  }
  return inGroups(coalesced, Math.ceil(coalesced.length / countMax));
}

function inGroups(ranges: readonly KeyRange[], groupSize: number): KeyRange[] {
  const groups: KeyRange[] = [];
  for (let i = 0; i < ranges.length; i += groupSize) groups.push(hullOf(ranges.slice(i, i + groupSize)));
  return groups;
}

/** Outputs are cut at the size of a table, and where they overlap enough of the grandparents. */
function outputCountMax(
  inputs: readonly TableMetadata[],
  grandparents: readonly TableMetadata[],
  { tableBytesTarget, grandparentBytesMax }: CompactionSettings,
): number {
  const bytes = inputs.reduce((sum, table) => sum + table.rawBytes + table.entryCount * ENTRY_OVERHEAD_BYTES, 0);
  return Math.ceil(bytes / tableBytesTarget) + Math.ceil(sumBytes(grandparents) / grandparentBytesMax) + 1;
}
