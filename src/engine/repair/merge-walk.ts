import { join } from 'node:path';
import { compareRanges } from '../../base/bytes.js';
import { tableName } from '../../base/file-names.js';
import type { InternalIterator } from '../../base/internal-iterator.js';
import { RangeTombstoneSet } from '../../base/range-tombstones.js';
import { disjointRuns } from '../../jobs/disjoint-runs.js';
import type { KeyRange } from '../../read/key-range.js';
import { LevelIterator } from '../../read/level-iterator.js';
import { BlockCache } from '../../table/block-cache.js';
import type { TableMetadata } from '../../table/table-metadata.js';
import { TableReader } from '../../table/table-reader.js';
import type { RepairContext } from './repair-context.js';

/** A table of a merge. */
export interface MergeInput extends KeyRange {
  readonly table: TableMetadata;
  /** The number of the file that its entries were written to first: that of `table`, unless a repair wrote it. */
  readonly originNumber: number;
}

/** One version of a key, which several tables may hold: `entry` stands in the newest of those. */
export interface MergedVersion {
  readonly entry: InternalIterator;
  readonly holders: readonly MergeInput[];
}

interface Run {
  readonly iterator: LevelIterator;
  input: MergeInput;
}

/**
 * Walks tables of any age together, key by key and from new to old. Unlike the merge of a compaction it expects to find one
 * version in several tables: what a compaction read may still be there beside what it wrote.
 */
export class MergeWalk {
  readonly #context: RepairContext;
  readonly #runs: Run[] = [];
  readonly #readers = new Set<TableReader>();
  readonly #blockCache = new BlockCache(0);

  constructor(context: RepairContext, inputs: readonly MergeInput[]) {
    this.#context = context;
    for (const tables of disjointRuns(inputs)) this.#runs.push(this.#createRun(tables));
  }

  /** All range deletes of the tables. */
  static tombstonesOf(context: RepairContext, inputs: readonly MergeInput[]): RangeTombstoneSet {
    const walk = new MergeWalk(context, []);
    try {
      const withRangeDeletes = inputs.filter(({ table }) => table.rangeDeleteCount > 0);
      return RangeTombstoneSet.merge(
        withRangeDeletes.map(({ table }) => walk.#openReader(table).rangeTombstones ?? RangeTombstoneSet.EMPTY),
      );
    } finally {
      walk.close();
    }
  }

  /** Hands out every version; what `onVersion` gets is good until it returns. Errors: STEME_CORRUPTION, STEME_IO, STEME_ABORTED. */
  async run(onVersion: (version: MergedVersion) => void): Promise<void> {
    for (const { iterator } of this.#runs) iterator.seekToFirst();
    for (let newest = this.#newest(); newest !== undefined; newest = this.#newest()) {
      const { iterator } = newest;
      const same = this.#runs.filter((run) => run.iterator.valid && compareEntries(run.iterator, iterator) === 0);
      const newestFile = same.reduce((a, b) => (b.input.originNumber > a.input.originNumber ? b : a));
      onVersion({ entry: newestFile.iterator, holders: same.map(({ input }) => input) });
      const bytes = iterator.keyEnd - iterator.keyStart + iterator.valueEnd - iterator.valueStart;
      for (const run of same) run.iterator.next();
      const pending = this.#context.progress(bytes);
      if (pending !== undefined) await pending;
    }
  }

  close(): void {
    for (const reader of this.#readers) reader.close();
    this.#readers.clear();
  }

  /** The run at the smallest key, and of that key at the newest version. */
  #newest(): Run | undefined {
    let newest: Run | undefined;
    for (const run of this.#runs) {
      if (!run.iterator.valid) continue;
      if (newest === undefined || compareEntries(run.iterator, newest.iterator) < 0) newest = run;
    }
    return newest;
  }

  #createRun(tables: readonly MergeInput[]): Run {
    let reader: TableReader | undefined;
    const iterator = new LevelIterator(tables, (index) => {
      if (reader !== undefined) this.#closeReader(reader);
      reader = this.#openReader(tables[index].table);
      run.input = tables[index];
      return reader.iterator({ fillCache: false });
    });
    const run: Run = { iterator, input: tables[0] };
    return run;
  }

  #openReader({ number, fileBytes, globalSequence }: TableMetadata): TableReader {
    const { fileSystem, directory } = this.#context;
    const identity = { fileSystem, path: join(directory, tableName(number)), number, fileBytes, globalSequence };
    const reader = TableReader.openSync({ ...identity, readMode: 'pread', blockCache: this.#blockCache });
    this.#readers.add(reader);
    return reader;
  }

  #closeReader(reader: TableReader): void {
    this.#readers.delete(reader);
    reader.close();
  }
}

/** User key ascending, then sequence descending. */
function compareEntries(a: InternalIterator, b: InternalIterator): number {
  const order = compareRanges(a.keySource, a.keyStart, a.keyEnd, b.keySource, b.keyStart, b.keyEnd);
  return order === 0 ? b.sequence - a.sequence : order;
}
