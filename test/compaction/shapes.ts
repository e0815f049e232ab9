import { LEVEL_COUNT, MIB } from '../../src/base/limits.js';
import { RangeTombstoneSet } from '../../src/base/range-tombstones.js';
import type { CompactionPlan } from '../../src/compaction/compaction-plan.js';
import { COMPACTION_DEFAULTS, type CompactionSettings } from '../../src/compaction/compaction-settings.js';
import { pickCompaction } from '../../src/compaction/picker.js';
import type { RunningOutput, TreeShape } from '../../src/compaction/tree-shape.js';
import type { TableMetadata } from '../../src/table/table-metadata.js';
import { bytes, table } from '../version/tables.js';

export const NOW_MS = 2_000_000_000_000;

/** A table without deletes, of whole MiB. */
export function plain(
  number: number,
  smallest: string,
  largest: string,
  mib: number,
  fields: Partial<TableMetadata> = {},
): TableMetadata {
  return table(number, smallest, largest, {
    fileBytes: mib * MIB,
    rawBytes: mib * MIB,
    entryCount: 1000,
    tombstoneCount: 0,
    createdAtMs: NOW_MS,
    oldestAtMs: NOW_MS,
    ...fields,
  });
}

/** A tree of the given levels at rest; a level that is left out is empty. */
export function shape(levels: Record<number, readonly TableMetadata[]>, fields: Partial<TreeShape> = {}): TreeShape {
  return {
    levels: Array.from({ length: LEVEL_COUNT }, (_, level) => levels[level] ?? []),
    busyTables: new Set(),
    runningOutputs: [],
    blobs: new Map(),
    snapshots: [],
    rangeDeletes: [],
    nowMs: NOW_MS,
    expiryCutoffMs: NOW_MS,
    lastFlushMs: NOW_MS,
    ...fields,
  };
}

export function runningOutput(level: number, smallest: string, largest: string): RunningOutput {
  return { level, smallestKey: bytes(smallest), largestKey: bytes(largest), isLargestKeyExclusive: false };
}

export function rangeDeletes(...deletes: readonly (readonly [string, string, number])[]): TreeShape['rangeDeletes'] {
  return RangeTombstoneSet.of(
    deletes.map(([start, end, sequence]) => ({ start: bytes(start), end: bytes(end), sequence })),
  ).fragments;
}

export function pick(of: TreeShape, settings: Partial<CompactionSettings> = {}): CompactionPlan | undefined {
  return pickCompaction(of, { ...COMPACTION_DEFAULTS, ...settings });
}

/** A plan in one line: `merge l0: 4 3 from L0, 1 from L6 into L6`. */
export function described(plan: CompactionPlan | undefined): string {
  if (plan === undefined) return 'nothing';
  const levels = [...new Set(plan.inputs.map(({ level }) => level))];
  const inputs = levels.map((level) => {
    const numbers = plan.inputs.filter((input) => input.level === level).map((input) => input.table.number);
    return `${numbers.join(' ')} from L${level}`;
  });
  const target = plan.kind === 'drop' ? '' : ` into L${plan.outputLevel}`;
  return `${plan.kind} ${plan.reason}: ${inputs.join(', ')}${target}`;
}
