import { RangeTombstoneSet, type TombstoneFragment } from '../base/range-tombstones.js';
import type { CompactionPlan } from '../compaction/compaction-plan.js';
import { hullOf } from '../compaction/table-ranges.js';
import type { RunningOutput, TreeShape } from '../compaction/tree-shape.js';
import type { TableCache } from '../table/table-cache.js';
import type { Version } from '../version/version.js';

/** What readers that are open hold compactions to. */
export interface OpenReaders {
  /** Ascending, each once. */
  sequences(): readonly number[];
  /** The earliest time that one of them goes by; undefined without any. */
  oldestTimeMs(): number | undefined;
}

export interface ShapeParts {
  readonly version: Version;
  readonly tables: TableCache;
  readonly readers: OpenReaders;
  /** Plans that are being carried out. */
  readonly running: Iterable<CompactionPlan>;
  /** Tables that no compaction should try again. */
  readonly excludedTables: Iterable<number>;
  /** Where tables will be put by something else. */
  readonly reservedOutputs: readonly RunningOutput[];
  readonly nowMs: number;
  readonly lastFlushMs: number;
}

/** The tree as the picker sees it. */
export function shapeOfTree(parts: ShapeParts): TreeShape {
  const { version, readers, nowMs, lastFlushMs } = parts;
  const running = [...parts.running];
  const busyTables = new Set(parts.excludedTables);
  for (const { inputs } of running) for (const { table } of inputs) busyTables.add(table.number);
  return {
    levels: version.levels,
    busyTables,
    runningOutputs: [...running.filter(({ kind }) => kind !== 'drop').map(outputOf), ...parts.reservedOutputs],
    blobs: version.blobs,
    snapshots: readers.sequences(),
    rangeDeletes: rangeDeletesOf(version, parts.tables),
    nowMs,
    expiryCutoffMs: Math.min(nowMs, readers.oldestTimeMs() ?? nowMs),
    lastFlushMs,
  };
}

function outputOf({ inputs, outputLevel }: CompactionPlan): RunningOutput {
  return { level: outputLevel, ...hullOf(inputs.map(({ table }) => table)) };
}

const rangeDeletesByVersion = new WeakMap<Version, readonly TombstoneFragment[]>();

/** They are in the tables themselves; a version is looked through once, and most have none. */
function rangeDeletesOf(version: Version, tables: TableCache): readonly TombstoneFragment[] {
  const known = rangeDeletesByVersion.get(version);
  if (known !== undefined) return known;
  const sets: RangeTombstoneSet[] = [];
  for (const table of version.tables()) {
    const set = table.rangeDeleteCount > 0 ? tables.get(table).rangeTombstones : undefined;
    if (set !== undefined) sets.push(set);
  }
  const fragments = sets.length === 0 ? [] : RangeTombstoneSet.merge(sets).fragments;
  rangeDeletesByVersion.set(version, fragments);
  return fragments;
}
