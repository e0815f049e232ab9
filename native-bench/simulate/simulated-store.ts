import { LEVEL_COUNT } from '../../src/base/limits.js';
import type { CompactionPlan } from '../../src/compaction/compaction-plan.js';
import type { CompactionSettings } from '../../src/compaction/compaction-settings.js';
import { digestOf } from '../../src/compaction/level-digest.js';
import { pickCompaction } from '../../src/compaction/picker.js';
import { hullOf, overlappingSpan } from '../../src/compaction/table-ranges.js';
import type { TreeShape } from '../../src/compaction/tree-shape.js';
import { mergeTables } from './simulated-merge.js';
import { type SimulatedTable, simulatedTable, type TableContents } from './simulated-table.js';
import type { Workload } from './workload.js';

export interface StoreOptions {
  readonly keyCount: number;
  readonly entryBytes: number;
  readonly memtableBytes: number;
  readonly workload: Workload;
  readonly settings: CompactionSettings;
}

/** What happened at one level. */
export interface LevelCounters {
  /** Written into it by flushes and merges. */
  writtenBytes: number;
  /** Read by merges that began or ended in it. */
  readBytes: number;
  moveCount: number;
  mergeCount: number;
  /** Sorted runs that a reader had to look at, added up over all flushes. */
  runSum: number;
}

/** A store that is nothing but the metadata of its tables, compacted by the engine's own picker. */
export class SimulatedStore {
  readonly levels: SimulatedTable[][] = Array.from({ length: LEVEL_COUNT }, () => []);
  readonly counters: LevelCounters[] = this.levels.map(() => ({
    writtenBytes: 0,
    readBytes: 0,
    moveCount: 0,
    mergeCount: 0,
    runSum: 0,
  }));
  flushCount = 0;
  writeCount = 0;
  readonly #options: StoreOptions;
  #nextNumber = 1;
  #hasPaused = false;

  constructor(options: StoreOptions) {
    this.#options = options;
  }

  /** Writes one memtable, and does all the compaction that is due. */
  flush(): void {
    const contents = this.#memtable();
    this.levels[0] = [this.#table(contents), ...this.levels[0]];
    this.counters[0].writtenBytes += contents.entryCount * this.#options.entryBytes;
    this.writeCount += contents.entryCount;
    this.flushCount++;
    this.compact();
    for (const [level, tables] of this.levels.entries()) {
      this.counters[level].runSum += level === 0 ? tables.length : Math.min(1, tables.length);
    }
  }

  bytesOf(level: number): number {
    return digestOf(this.levels[level]).bytes;
  }

  get writtenBytes(): number {
    return this.counters.reduce((sum, { writtenBytes }) => sum + writtenBytes, 0);
  }

  /** What a pause gives time for. */
  settle(): void {
    this.#hasPaused = true;
    this.compact();
    this.#hasPaused = false;
  }

  compact(): void {
    for (;;) {
      const plan = pickCompaction(this.#shape(), this.#options.settings);
      if (plan === undefined) return;
      this.#carryOut(plan);
    }
  }

  /** All versions, as the engine flushes them; the rest of the key space, if that is less than a memtable of ordered keys. */
  #memtable(): TableContents {
    const { entryBytes, memtableBytes, workload, keyCount } = this.#options;
    const entryCount = Math.floor(memtableBytes / entryBytes);
    if (!workload.isOrdered) return { start: 0, end: keyCount, density: entryCount, entryCount };
    const start = this.writeCount % keyCount;
    const end = Math.min(keyCount, start + entryCount);
    return { start, end, density: keyCount, entryCount: end - start };
  }

  #shape(): TreeShape {
    return {
      levels: this.levels,
      busyTables: new Set(),
      runningOutputs: [],
      blobs: new Map(),
      snapshots: [],
      rangeDeletes: [],
      nowMs: this.#hasPaused ? this.#options.settings.settleMs : 0,
      expiryCutoffMs: 0,
      lastFlushMs: 0,
    };
  }

  #carryOut({ kind, inputs, outputLevel }: CompactionPlan): void {
    const tables = inputs.map(({ table }) => table as SimulatedTable);
    const outputs = kind === 'move' ? tables : this.#merge(tables, outputLevel);
    const gone = new Set(tables);
    for (const level of new Set(inputs.map((input) => input.level))) {
      this.levels[level] = this.levels[level].filter((table) => !gone.has(table));
    }
    this.#put(outputLevel, outputs);
    const counters = this.counters[outputLevel];
    if (kind === 'move') counters.moveCount += tables.length;
    else {
      counters.mergeCount++;
      counters.readBytes += sumOf(tables);
      counters.writtenBytes += sumOf(outputs);
    }
  }

  #merge(tables: readonly SimulatedTable[], outputLevel: number): SimulatedTable[] {
    const { keyCount, entryBytes, workload, settings } = this.#options;
    const below = this.levels.at(outputLevel + 1) ?? [];
    const { start, end } = overlappingSpan(below, hullOf(tables));
    const contents = mergeTables(tables, {
      keyCount,
      entryBytes,
      distinctKeys: workload.distinctKeys,
      tableBytesTarget: settings.tableBytesTarget,
      grandparents: below.slice(start, end),
      grandparentBytesMax: settings.grandparentBytesMax,
    });
    return contents.map((each) => this.#table(each));
  }

  #put(level: number, tables: readonly SimulatedTable[]): void {
    const { start } = overlappingSpan(this.levels[level], tables[0]);
    this.levels[level] = this.levels[level].toSpliced(start, 0, ...tables);
  }

  #table(contents: TableContents): SimulatedTable {
    return simulatedTable(this.#nextNumber++, contents, this.#options.entryBytes);
  }
}

function sumOf(tables: readonly SimulatedTable[]): number {
  return tables.reduce((sum, { fileBytes }) => sum + fileBytes, 0);
}
