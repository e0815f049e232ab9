import { compareRanges, copyRange, EMPTY_BYTES } from '../base/bytes.js';
import type { InternalIterator } from '../base/internal-iterator.js';
import { KIND_DELETE } from '../base/internal-key.js';
import { KEY_BYTES_MAX } from '../base/limits.js';
import type { FileSystem } from '../fs/file-system.js';
import { mergeIterators } from '../read/merging-iterator.js';
import type { TableWriter } from '../table/table-writer.js';
import { BlockCopier } from './block-copier.js';
import { CompactionInputs } from './compaction-inputs.js';
import { DeeperKeys } from './deeper-keys.js';
import type { CompactionJob, JobFiles } from './job.js';
import { OutputTables } from './output-tables.js';
import { remainingTombstones, splitAt } from './remaining-tombstones.js';
import { SnapshotStripes } from './snapshot-stripes.js';
import { TurnPacer } from './turn-pacer.js';
import { createValuePlacement, type ValuePlacement } from './value-placement.js';
import { VERSION_DROPPED, VERSION_KEPT, VersionFilter } from './version-filter.js';

/**
 * Merges the inputs within the job's bounds into tables of about `tableBytesTarget`. What no reader can see any more is left
 * out (version-filter.ts, remaining-tombstones.ts); all versions of a key end up in one table.
 */
export async function runCompaction(fileSystem: FileSystem, job: CompactionJob): Promise<JobFiles> {
  const inputs = new CompactionInputs(fileSystem, job);
  const merge = new CompactionMerge(fileSystem, job, inputs);
  try {
    await merge.run();
    inputs.close();
    const { tables, blobs, readBytes } = merge.finish();
    return { tables, blobs, readBytes: readBytes + inputs.readBytes };
  } catch (error) {
    merge.abandon();
    throw error;
  } finally {
    inputs.close();
  }
}

class CompactionMerge {
  readonly #job: CompactionJob;
  readonly #source: InternalIterator;
  readonly #filter: VersionFilter;
  readonly #outputs: OutputTables;
  readonly #placement: ValuePlacement | undefined;
  readonly #copier: BlockCopier;
  /** The current key is `#key[0, #keyBytes)`: the last one that was written, or a copy if its newest version was not. */
  #key: Uint8Array = EMPTY_BYTES;
  #keyBytes = 0;
  readonly #droppedKey = new Uint8Array(KEY_BYTES_MAX);

  constructor(fileSystem: FileSystem, job: CompactionJob, { runs, tombstones }: CompactionInputs) {
    const stripes = new SnapshotStripes(job.snapshots);
    const remaining = remainingTombstones(tombstones, stripes, new DeeperKeys(job.deeperRanges));
    const cuts = job.grandparents.map(({ smallestKey }) => smallestKey);
    const deeperKeys = new DeeperKeys(job.deeperRanges);
    this.#job = job;
    this.#source = mergeIterators(runs.map(({ iterator }) => iterator));
    this.#filter = new VersionFilter({ stripes, tombstones, deeperKeys, expiryCutoffMs: job.expiryCutoffMs });
    this.#outputs = new OutputTables(fileSystem, job, splitAt(remaining, cuts));
    this.#placement = createValuePlacement(fileSystem, job);
    this.#copier = new BlockCopier(this.#source, runs, tombstones, this.#outputs, job);
  }

  async run(): Promise<void> {
    const source = this.#source;
    const pacer = new TurnPacer(this.#job.bytesPerSecondMax);
    if (this.#job.bounds.start === undefined) source.seekToFirst();
    else source.seek(this.#job.bounds.start);
    for (; source.valid; source.next()) {
      const { keySource, keyStart, keyEnd } = source;
      const isNewKey = compareRanges(keySource, keyStart, keyEnd, this.#key, 0, this.#keyBytes) !== 0;
      if (isNewKey) {
        if (this.#isPastEnd(keySource, keyStart, keyEnd)) return;
        this.#filter.startKey();
        this.#outputs.startKey(keySource, keyStart, keyEnd);
      }
      const workedBytes = (isNewKey && this.#copyBlock()) || this.#takeEntry(source, isNewKey);
      if (pacer.isDue(workedBytes)) await pacer.turn();
    }
  }

  /** What was read is that of blob files. */
  finish(): JobFiles {
    const tables = this.#outputs.finish();
    return { tables, blobs: this.#placement?.finish() ?? [], readBytes: this.#placement?.readBytes ?? 0 };
  }

  abandon(): void {
    this.#outputs.abandon();
    this.#placement?.abandon();
  }

  #isPastEnd(source: Uint8Array, start: number, end: number): boolean {
    const bound = this.#job.bounds.end;
    return bound !== undefined && compareRanges(source, start, end, bound, 0, bound.length) >= 0;
  }

  /** Takes over the block that starts with the current entry; returns its bytes, 0 if that may not be. */
  #copyBlock(): number {
    const isLeft = this.#placement?.leavesBlock(this.#source.valueSource.length) ?? true;
    const table = isLeft ? this.#copier.copy() : undefined;
    if (table === undefined) return 0;
    this.#rememberWritten(table);
    return this.#source.valueSource.length;
  }

  /** Keeps the current entry or not; returns its bytes. */
  #takeEntry(source: InternalIterator, isNewKey: boolean): number {
    const { keySource, keyStart, keyEnd, valueSource, valueStart, valueEnd } = source;
    const { sequence, kind } = source;
    const readBytesBefore = this.#placement?.readBytes ?? 0;
    const table = this.#take(keySource, keyStart, keyEnd, sequence, kind, valueSource, valueStart, valueEnd);
    if (table !== undefined) this.#rememberWritten(table);
    else if (isNewKey) this.#rememberDropped(keySource, keyStart, keyEnd);
    const blobBytes = (this.#placement?.readBytes ?? 0) - readBytesBefore;
    return keyEnd - keyStart + valueEnd - valueStart + blobBytes;
  }

  #rememberWritten({ lastKey, lastKeyBytes }: TableWriter): void {
    this.#key = lastKey;
    this.#keyBytes = lastKeyBytes;
  }

  #rememberDropped(source: Uint8Array, start: number, end: number): void {
    copyRange(source, start, end, this.#droppedKey, 0);
    this.#key = this.#droppedKey;
    this.#keyBytes = end - start;
  }

  /** Adds a version to the table that is being written, which it returns; undefined for one that goes. */
  #take(
    keySource: Uint8Array,
    keyStart: number,
    keyEnd: number,
    sequence: number,
    kind: number,
    valueSource: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): TableWriter | undefined {
    const fate = this.#filter.decide(keySource, keyStart, keyEnd, sequence, kind, valueSource, valueStart, valueEnd);
    if (fate === VERSION_DROPPED) return undefined;
    const table = this.#outputs.writer();
    if (fate !== VERSION_KEPT) {
      table.add(keySource, keyStart, keyEnd, sequence, KIND_DELETE, EMPTY_BYTES, 0, 0);
    } else if (this.#placement === undefined) {
      table.add(keySource, keyStart, keyEnd, sequence, kind, valueSource, valueStart, valueEnd);
    } else {
      const { placed } = this.#placement;
      this.#placement.place(table, kind, valueSource, valueStart, valueEnd);
      table.add(keySource, keyStart, keyEnd, sequence, placed.kind, placed.source, placed.start, placed.end);
    }
    return table;
  }
}
