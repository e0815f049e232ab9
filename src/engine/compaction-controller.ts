import { assert, StemeError } from '../base/errors.js';
import { LEVEL_COUNT, TABLE_BYTES_TARGET } from '../base/limits.js';
import type { CompactionJob, JobRunner, TableSettings } from '../jobs/job.js';
import type { TableMetadata } from '../table/table-metadata.js';
import type { Version } from '../version/version.js';
import type { VersionEdit } from '../version/version-edit.js';
import type { VersionSet } from '../version/version-set.js';
import type { FileKeeper } from './file-keeper.js';
import type { TreeState } from './tree-state.js';

const BOTTOM_LEVEL = LEVEL_COUNT - 1;
/** What an entry may cost in a table beside its key and value, with its share of index and filter. */
const ENTRY_OVERHEAD_BYTES = 32;

export interface CompactionControllerOptions {
  readonly state: TreeState;
  readonly versions: VersionSet;
  readonly runner: JobRunner;
  readonly files: FileKeeper;
  readonly readMode: 'mmap' | 'pread';
  readonly tableSettings: () => TableSettings;
  /** The oldest sequence that an open iterator or a new reader may look at. */
  readonly oldestSequence: () => number;
  readonly onFailure: (error: StemeError) => void;
}

/** Merges all tables into one sorted run at the bottom. Tables that are flushed meanwhile stay above it. */
export class CompactionController {
  readonly #options: CompactionControllerOptions;
  #running: Promise<void> = Promise.resolve();
  count = 0;
  storedBytes = 0;
  totalMs = 0;

  constructor(options: CompactionControllerOptions) {
    this.#options = options;
  }

  /** One compaction at a time; a call during one waits for it and then looks again. */
  compact(): Promise<void> {
    const turn = this.#running.then(() => this.#compactNow());
    this.#running = Promise.allSettled([turn]).then(() => undefined);
    return turn;
  }

  async idle(): Promise<void> {
    await this.#running;
  }

  async #compactNow(): Promise<void> {
    const { state, versions, runner, files, readMode, tableSettings } = this.#options;
    const inputs = inputsOf(state.version);
    if (inputs.length === 0) return;
    const tables = inputs.map(({ table }) => table);
    const numbers = Array.from({ length: outputCountMax(tables) }, () => versions.allocateFileNumber());
    const job: CompactionJob = {
      kind: 'compaction',
      inputs: tables,
      outputLevel: BOTTOM_LEVEL,
      bounds: {},
      snapshots: [this.#options.oldestSequence()],
      expiryCutoffMs: 0,
      deeperRanges: [],
      grandparents: [],
      grandparentBytesMax: Number.MAX_SAFE_INTEGER,
      numbers,
      tableBytesTarget: TABLE_BYTES_TARGET,
      readMode,
      settings: tableSettings(),
    };
    files.addPending(numbers);
    try {
      const output = await runner.run(job);
      assert(output.tables.length <= numbers.length, 'a compaction has a number for each of its outputs');
      const addedTables = output.tables.map((table) => ({ level: BOTTOM_LEVEL, table }));
      const deletedTables = inputs.map(({ level, table }) => ({ level, number: table.number }));
      state.replaceVersion(await this.#install({ addedTables, deletedTables }));
      this.count++;
      this.totalMs += output.elapsedMs;
      for (const table of output.tables) this.storedBytes += table.fileBytes;
    } finally {
      files.removePending(numbers);
    }
    await files.collect();
  }

  /** A job that fails has changed nothing, and is only its caller's matter; a manifest that fails is the end (law 7). */
  async #install(edit: VersionEdit): Promise<Version> {
    try {
      return await this.#options.versions.apply(edit);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const message = `the manifest could not be written (${reason}); the database is read-only until it is reopened`;
      const error = new StemeError('STEME_BACKGROUND', message, { cause });
      this.#options.onFailure(error);
      throw error;
    }
  }
}

interface CompactionInput {
  readonly level: number;
  readonly table: TableMetadata;
}

/** Every table, newest first where keys overlap; none if all of it is one clean run already. */
function inputsOf(version: Version): CompactionInput[] {
  const inputs = version.levels.flatMap((tables, level) => tables.map((table) => ({ level, table })));
  const isOneRun = inputs.every(({ level, table }) => level === BOTTOM_LEVEL && table.tombstoneCount === 0);
  return isOneRun ? [] : inputs;
}

function outputCountMax(inputs: readonly TableMetadata[]): number {
  const bytes = inputs.reduce((sum, table) => sum + table.rawBytes + table.entryCount * ENTRY_OVERHEAD_BYTES, 0);
  return Math.ceil(bytes / TABLE_BYTES_TARGET) + 1;
}
