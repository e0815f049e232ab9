/**
 * Loads sorted entries past the log and the memtable, all of them at once for readers:
 *
 *   1. tables    workers write them from chunks of shared memory, with sequence 0 (law 11); nobody knows of them
 *   2. flush     so that little is left to flush when writers wait
 *   3. hold      writers wait; the rest of what is in memory is flushed: everything older is in tables now
 *   4. sequence  the next one. It is not visible, and is not given to anybody else: writers wait, and loads take turns
 *   5. install   one edit puts all tables in, each with that sequence for its entries (`globalSequence`), as deep as nothing in their
 *                range lies there or above, and says that the log holds nothing needed up to it
 *   6. mark      takes the sequence in the log; readers see the entries when it is safe, all in one moment (law 2)
 *   7. release   writers go on
 *
 * A crash before the edit is durable leaves tables that the next open sweeps away; after it, everything is there. Between 5 and 6 the
 * tables hold what no reader can see yet, which compactions do not expect of a table: they leave these alone till then.
 */

import type { Clock } from '../base/clock.js';
import { assert, type StemeError } from '../base/errors.js';
import { hullOf } from '../compaction/table-ranges.js';
import type { FileSystem } from '../fs/file-system.js';
import type { JobRunner, TableSettings } from '../jobs/job.js';
import type { TableMetadata } from '../table/table-metadata.js';
import type { VersionEdit } from '../version/version-edit.js';
import type { VersionSet } from '../version/version-set.js';
import type { BulkLoadOptions, BulkLoadResult, BulkLoadSource } from './api.js';
import { bulkLevel } from './bulk-level.js';
import { readEntries } from './bulk-source.js';
import { BulkTables } from './bulk-tables.js';
import type { CommitPipeline } from './commit-pipeline.js';
import type { CompactionController } from './compaction-controller.js';
import type { FileKeeper } from './file-keeper.js';
import type { FlushController } from './flush-controller.js';
import { throwIfEnded } from './long-calls.js';
import { manifestFailure } from './manifest-failure.js';
import type { ReadClock } from './read-clock.js';
import type { TreeState } from './tree-state.js';

export interface BulkLoaderOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly clock: Clock;
  readonly readClock: ReadClock;
  readonly state: TreeState;
  readonly versions: VersionSet;
  readonly runner: JobRunner;
  readonly files: FileKeeper;
  readonly flushes: FlushController;
  readonly pipeline: CommitPipeline;
  readonly compactions: CompactionController;
  readonly tableSettings: () => TableSettings;
  /** Values from here on go to blob files; 0: none. */
  readonly blobThreshold: number;
  /** A chunk of a load takes no more memory than a memtable. */
  readonly memtableBytes: number;
  /** Of entries without one of their own; 0: they never expire. */
  readonly ttlMs: number;
  /** The levels have changed. */
  readonly onInstalled: () => void;
  /** The manifest could not be written: the end (law 7). */
  readonly onFailure: (error: StemeError) => void;
}

export class BulkLoader {
  readonly #options: BulkLoaderOptions;
  /** The last of the installations, which take turns. */
  #installing: Promise<unknown> = Promise.resolve();

  constructor(options: BulkLoaderOptions) {
    this.#options = options;
  }

  async load(source: BulkLoadSource, options: BulkLoadOptions, signal: AbortSignal): Promise<BulkLoadResult> {
    throwIfEnded(signal);
    let entries = 0;
    let bytes = 0;
    const tables = this.#createTables(options, () => options.onProgress?.({ entries, bytes }));
    try {
      await readEntries(source, { signal, clock: this.#options.clock }, (key, value) => {
        entries++;
        bytes += key.length + value.length;
        return tables.add(key, value);
      });
      await tables.finish();
      const level = entries === 0 ? undefined : await this.#installInTurn(tables, signal);
      return { entries, bytes, tables: tables.tables.length, level };
    } catch (error) {
      await tables.discard();
      throw error;
    } finally {
      tables.release();
    }
  }

  #createTables({ ttlMs = this.#options.ttlMs }: BulkLoadOptions, onTable: () => void): BulkTables {
    const { readClock, memtableBytes } = this.#options;
    const expiresAtMs = ttlMs === 0 ? 0 : readClock.nowMs() + ttlMs;
    return new BulkTables({ ...this.#options, chunkBytes: memtableBytes, expiresAtMs, onTable });
  }

  #installInTurn(tables: BulkTables, signal: AbortSignal): Promise<number> {
    const turn = this.#installing.then(() => this.#install(tables, signal));
    this.#installing = Promise.allSettled([turn]);
    return turn;
  }

  async #install(tables: BulkTables, signal: AbortSignal): Promise<number> {
    const { flushes, pipeline, state } = this.#options;
    await flushes.flush();
    pipeline.hold();
    try {
      await flushes.flush();
      throwIfEnded(signal);
      assert(state.active.isEmpty && state.sealed.length === 0, 'a flush while writers wait leaves nothing in memory');
      return await this.#publish(tables);
    } finally {
      pipeline.release();
    }
  }

  async #publish(tables: BulkTables): Promise<number> {
    const { state, pipeline, compactions, onInstalled } = this.#options;
    const sequence = pipeline.lastSequence + 1;
    const added = tables.tables.map((table) => withSequence(table, sequence));
    const range = hullOf(added);
    const level = bulkLevel(state.version.levels, range, (at) => compactions.isRangeBusy(at, range));
    const numbers = added.map(({ number }) => number);
    const release = compactions.reserve(level, range, numbers);
    try {
      state.rows.noteWriteToAny(sequence);
      await this.#apply(tables, {
        addedTables: added.map((table) => ({ level, table })),
        deletedTables: [],
        ...(tables.blobs.length > 0 && { addedBlobs: tables.blobs }),
        lastSequence: sequence,
      });
      const mark = await pipeline.takeMark();
      assert(mark === sequence, 'nobody takes a sequence while a bulk load holds writers up');
      return level;
    } finally {
      release();
      onInstalled();
    }
  }

  async #apply(tables: BulkTables, edit: VersionEdit): Promise<void> {
    const { state, versions, onFailure } = this.#options;
    // From here on the tables may be in the manifest, whatever the disk says.
    tables.handOver();
    try {
      await versions.apply(edit, (version) => state.replaceVersion(version));
    } catch (cause) {
      const error = manifestFailure(cause);
      onFailure(error);
      throw error;
    }
  }
}

function withSequence(table: TableMetadata, sequence: number): TableMetadata {
  return { ...table, smallestSequence: sequence, largestSequence: sequence, globalSequence: sequence };
}
