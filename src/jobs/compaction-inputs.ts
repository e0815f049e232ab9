import { join } from 'node:path';
import { compareBytes } from '../base/bytes.js';
import { tableName } from '../base/file-names.js';
import type { InternalIterator } from '../base/internal-iterator.js';
import { RangeTombstoneSet } from '../base/range-tombstones.js';
import type { FileSystem } from '../fs/file-system.js';
import { endsBefore } from '../read/key-range.js';
import { LevelIterator } from '../read/level-iterator.js';
import { BlockCache } from '../table/block-cache.js';
import type { TableIterator } from '../table/table-iterator.js';
import type { TableMetadata } from '../table/table-metadata.js';
import type { TableProperties } from '../table/table-properties.js';
import { TableReader } from '../table/table-reader.js';
import { disjointRuns } from './disjoint-runs.js';
import type { CompactionJob, KeyBounds, TableSettings } from './job.js';

/** Every block is read once: none is kept. */
const CACHE_BYTES = 0;

/** Some input tables end to end, of which one is open at a time. */
export interface InputRun {
  readonly iterator: InternalIterator;
  /** Where the iterator stands, if whole blocks of that table may be taken over as far as the table alone is asked. */
  copyable: TableIterator | undefined;
}

/** The tables that a compaction reads. */
export class CompactionInputs {
  readonly runs: readonly InputRun[];
  /** Their range deletes within the job's bounds. */
  readonly tombstones: RangeTombstoneSet;
  readonly #fileSystem: FileSystem;
  readonly #job: CompactionJob;
  readonly #blockCache = new BlockCache(CACHE_BYTES);
  readonly #open = new Set<TableReader>();
  #readBytes = 0;

  constructor(fileSystem: FileSystem, job: CompactionJob) {
    this.#fileSystem = fileSystem;
    this.#job = job;
    const tables = job.inputs.filter((table) => reaches(table, job.bounds));
    this.tombstones = this.#readTombstones(tables);
    this.runs = disjointRuns(tables).map((run) => this.#createRun(run));
  }

  /** Stored bytes of all blocks that were read; after `close`. */
  get readBytes(): number {
    return this.#readBytes;
  }

  close(): void {
    for (const reader of this.#open) this.#closeReader(reader);
  }

  #createRun(tables: readonly TableMetadata[]): InputRun {
    let reader: TableReader | undefined;
    const iterator = new LevelIterator(tables, (index) => {
      if (reader !== undefined) this.#closeReader(reader);
      reader = this.#openReader(tables[index]);
      const table = reader.iterator({ fillCache: false });
      run.copyable = hasCopyableBlocks(tables[index], reader.properties, this.#job.settings) ? table : undefined;
      return table;
    });
    const run: InputRun = { iterator, copyable: undefined };
    return run;
  }

  /** They are needed before the first key: a table's range deletes reach over the keys of others. */
  #readTombstones(tables: readonly TableMetadata[]): RangeTombstoneSet {
    const sets: RangeTombstoneSet[] = [];
    for (const table of tables) {
      if (table.rangeDeleteCount === 0) continue;
      const reader = this.#openReader(table);
      sets.push(reader.rangeTombstones ?? RangeTombstoneSet.EMPTY);
      this.#closeReader(reader);
    }
    return RangeTombstoneSet.merge(sets).clip(this.#job.bounds.start, this.#job.bounds.end);
  }

  #openReader({ number, fileBytes, globalSequence, databaseId }: TableMetadata): TableReader {
    const reader = TableReader.openSync({
      fileSystem: this.#fileSystem,
      path: join(this.#job.settings.directory, tableName(number)),
      number,
      fileBytes,
      globalSequence,
      databaseId,
      readMode: this.#job.readMode,
      blockCache: this.#blockCache,
    });
    this.#open.add(reader);
    return reader;
  }

  #closeReader(reader: TableReader): void {
    this.#open.delete(reader);
    this.#readBytes += reader.readBytes;
    reader.close();
  }
}

/** Blocks of puts alone, one version a key, stored as the outputs are: nothing in them can change. */
function hasCopyableBlocks(table: TableMetadata, stored: TableProperties, settings: TableSettings): boolean {
  const { entryCount, keyCount, tombstoneCount, rangeDeleteCount, expiringCount, blobUses, globalSequence } = table;
  const hasPutsOnly = tombstoneCount + rangeDeleteCount + expiringCount + blobUses.length + globalSequence === 0;
  const isStoredAlike = stored.compression === settings.compression && stored.blockBytes === settings.blockBytes;
  return hasPutsOnly && entryCount === keyCount && isStoredAlike;
}

function reaches(table: TableMetadata, { start, end }: KeyBounds): boolean {
  if (start !== undefined && endsBefore(table, start)) return false;
  return end === undefined || compareBytes(table.smallestKey, end) < 0;
}
