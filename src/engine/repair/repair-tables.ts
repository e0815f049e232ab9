import { tableName } from '../../base/file-names.js';
import type { TableMetadata } from '../../table/table-metadata.js';
import type { ManifestState } from '../../version/manifest-state.js';
import type { AddedTable } from '../../version/version-edit.js';
import { clusterTables, placeTables } from './arrange-tables.js';
import { mergeTables } from './merge-tables.js';
import type { MergeInput } from './merge-walk.js';
import { keysBetween, type RepairContext } from './repair-context.js';
import type { RepairedFile } from './repair-report.js';
import type { Survey } from './survey.js';
import { type TreatedTable, treatTable } from './treat-table.js';
import type { ValueCheck } from './value-check.js';

/** A table that was read, and what is to be used in its place. */
export interface RepairedTable {
  readonly number: number;
  /** As the manifest has it; undefined without one. */
  readonly level: number | undefined;
  readonly treated: TreatedTable;
}

/** Reads every table that is live, or without a sound manifest every one that is there, and rewrites those that are damaged. */
export async function treatTables(
  context: RepairContext,
  values: ValueCheck,
  survey: Survey,
): Promise<RepairedTable[]> {
  const { state, hint, files } = survey;
  const levels = levelsOf(state);
  const known = new Map((state ?? hint)?.version.tables().map((table) => [table.number, table]));
  const numbers = state === undefined ? files.tables : [...levels.keys()].sort((a, b) => a - b);
  const tables: RepairedTable[] = [];
  let largestSequence = 0;
  for (const number of numbers) {
    // A bulk load is newer than all tables before it: flushes come first. What came after it has larger sequences of its own.
    const assumedSequence = Math.max(1, largestSequence);
    const treated = await treatTable(context, values, { number, known: known.get(number), assumedSequence });
    if (treated.table?.globalSequence === assumedSequence && !known.has(number)) noteBulkLoad(context, treated.table);
    if (treated.table !== undefined) largestSequence = Math.max(largestSequence, treated.table.largestSequence);
    tables.push({ number, level: levels.get(number), treated });
  }
  return tables;
}

function noteBulkLoad(context: RepairContext, { number, smallestKey, largestKey }: TableMetadata): void {
  const { from, to } = keysBetween(smallestKey, largestKey);
  context.notes.push(
    `${tableName(number)} was loaded as a whole, and when is lost with the manifest: it counts as newer than all tables of smaller ` +
      `numbers and older than everything else, which may be wrong for keys from ${JSON.stringify(from)} to ${JSON.stringify(to)}`,
  );
}

function levelsOf(state: ManifestState | undefined): Map<number, number> {
  const levels = new Map<number, number>();
  for (const [level, tables] of (state?.version.levels ?? []).entries()) {
    for (const { number } of tables) levels.set(number, level);
  }
  return levels;
}

export interface PlacedTables {
  readonly tables: readonly AddedTable[];
  /** Files whose entries went into the merged tables. */
  readonly merged: ReadonlySet<string>;
}

/** With a sound manifest every table stays at its level; the log's are newer than all. */
export function keepLevels(tables: readonly RepairedTable[], fromLog: readonly TableMetadata[]): PlacedTables {
  const placed = tables.flatMap(({ level = 0, treated: { table } }) => (table === undefined ? [] : [{ level, table }]));
  return { tables: [...placed, ...fromLog.map((table) => ({ level: 0, table }))], merged: new Set() };
}

/** Without one, sequence numbers decide: tables whose ages interleave are merged. */
export async function arrangeTables(
  context: RepairContext,
  tables: readonly RepairedTable[],
  fromLog: readonly TableMetadata[],
): Promise<PlacedTables> {
  const originOf = new Map(tables.map(({ number, treated }) => [treated.table?.number, number]));
  const live = tables.flatMap(({ treated: { table } }) => (table === undefined ? [] : [table]));
  const isWhole = tables.every(({ treated }) => treated.isWhole);
  context.notes.push('the manifest is lost: whether there were more tables than are there, nothing can tell');
  const merged = new Set<string>();
  const groups: TableMetadata[][] = [];
  for (const cluster of clusterTables([...live, ...fromLog])) {
    if (cluster.length === 1) {
      groups.push(cluster);
      continue;
    }
    const inputs = cluster.map((table) => inputOf(table, originOf.get(table.number) ?? table.number));
    const outcome = await mergeTables(context, inputs, isWhole);
    groups.push([...outcome.tables]);
    for (const { number } of cluster) {
      merged.add(tableName(number));
      if (originOf.get(number) === number) context.setAside.addFile(tableName(number));
      else context.setAside.addTemporary(tableName(number));
    }
    noteMerge(context, cluster, outcome.obsoleteCount);
  }
  return { tables: placeTables(groups), merged };
}

function inputOf(table: TableMetadata, originNumber: number): MergeInput {
  const { smallestKey, largestKey, isLargestKeyExclusive } = table;
  return { table, originNumber, smallestKey, largestKey, isLargestKeyExclusive };
}

function noteMerge(context: RepairContext, cluster: readonly TableMetadata[], obsoleteCount: number): void {
  const names = cluster.map(({ number }) => tableName(number)).join(', ');
  context.notes.push(`the levels of ${names} are lost with the manifest: they were merged by their sequence numbers`);
  if (obsoleteCount === 0) return;
  context.notes.push(
    `${obsoleteCount} entries of tables that a compaction had replaced were left out: it had dropped them`,
  );
}

/** The report of a table whose entries went on into a merged one. */
export function withMerge(file: RepairedFile, merged: ReadonlySet<string>): RepairedFile {
  if (file.newFile !== undefined && merged.has(file.newFile)) return { ...file, newFile: undefined };
  return file.outcome === 'kept' && merged.has(file.file) ? { ...file, outcome: 'merged' } : file;
}
