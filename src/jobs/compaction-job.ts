import { join } from 'node:path';
import { compareRanges, copyRange } from '../base/bytes.js';
import { tableName } from '../base/file-names.js';
import type { InternalIterator } from '../base/internal-iterator.js';
import { KEY_BYTES_MAX } from '../base/limits.js';
import type { FileSystem } from '../fs/file-system.js';
import { mergeIterators } from '../read/merging-iterator.js';
import { BlockCache } from '../table/block-cache.js';
import type { TableMetadata } from '../table/table-metadata.js';
import { TableReader } from '../table/table-reader.js';
import { TableWriter } from '../table/table-writer.js';
import type { CompactionJob } from './job.js';
import { TurnPacer } from './turn-pacer.js';
import { VersionFilter } from './version-filter.js';

/** Merges the inputs into tables of about `tableBytesTarget`; all versions of a key end up in one table. */
export async function runCompaction(fileSystem: FileSystem, job: CompactionJob): Promise<TableMetadata[]> {
  const inputs = openInputs(fileSystem, job);
  const outputs = new OutputTables(fileSystem, job);
  try {
    await mergeInto(outputs, mergeIterators(inputs.map((reader) => reader.iterator())), job);
    return outputs.finish();
  } catch (error) {
    outputs.abandon();
    throw error;
  } finally {
    for (const reader of inputs) reader.close();
  }
}

/** Every block is read once, so one block a table is all the cache that helps. */
const CACHE_BYTES = 0;

function openInputs(fileSystem: FileSystem, job: CompactionJob): TableReader[] {
  const blockCache = new BlockCache(CACHE_BYTES);
  return job.inputs.map(({ number, fileBytes }) =>
    TableReader.openSync({
      fileSystem,
      path: join(job.settings.directory, tableName(number)),
      number,
      fileBytes,
      readMode: job.readMode,
      blockCache,
    }),
  );
}

async function mergeInto(outputs: OutputTables, source: InternalIterator, job: CompactionJob): Promise<void> {
  const filter = new VersionFilter(job.snapshots.at(0) ?? Number.POSITIVE_INFINITY, job.deeperRanges.length === 0);
  const pacer = new TurnPacer(job.bytesPerSecondMax);
  const key = new Uint8Array(KEY_BYTES_MAX);
  let keyLength = -1;
  for (source.seekToFirst(); source.valid; source.next()) {
    const { keySource, keyStart, keyEnd } = source;
    if (keyLength === -1 || compareRanges(keySource, keyStart, keyEnd, key, 0, keyLength) !== 0) {
      copyRange(keySource, keyStart, keyEnd, key, 0);
      keyLength = keyEnd - keyStart;
      filter.startKey();
      outputs.startKey();
    }
    if (filter.keeps(source.sequence, source.kind)) outputs.add(source);
    if (pacer.isDue(keyEnd - keyStart + source.valueEnd - source.valueStart)) await pacer.turn();
  }
}

/** The tables of one compaction: cut between keys, numbered from the job's list; the last number takes the rest. */
class OutputTables {
  readonly #fileSystem: FileSystem;
  readonly #job: CompactionJob;
  readonly #finished: TableMetadata[] = [];
  #writer: TableWriter | undefined;

  constructor(fileSystem: FileSystem, job: CompactionJob) {
    this.#fileSystem = fileSystem;
    this.#job = job;
  }

  startKey(): void {
    const isLast = this.#finished.length + 1 >= this.#job.numbers.length;
    if (this.#writer !== undefined && !isLast && this.#writer.fileBytes >= this.#job.tableBytesTarget) {
      this.#finished.push(this.#writer.finish());
      this.#writer = undefined;
    }
  }

  add(source: InternalIterator): void {
    this.#writer ??= this.#open();
    this.#writer.add(
      source.keySource,
      source.keyStart,
      source.keyEnd,
      source.sequence,
      source.kind,
      source.valueSource,
      source.valueStart,
      source.valueEnd,
    );
  }

  finish(): TableMetadata[] {
    if (this.#writer !== undefined) this.#finished.push(this.#writer.finish());
    this.#writer = undefined;
    return this.#finished;
  }

  /** Removes everything written: nobody knows of it yet. */
  abandon(): void {
    this.#writer?.abandon();
    for (const { number } of this.#finished) this.#fileSystem.removeSync(this.#pathOf(number));
  }

  #open(): TableWriter {
    const number = this.#job.numbers[this.#finished.length];
    return new TableWriter({
      fileSystem: this.#fileSystem,
      path: this.#pathOf(number),
      number,
      ...this.#job.settings,
    });
  }

  #pathOf(number: number): string {
    return join(this.#job.settings.directory, tableName(number));
  }
}
