import { join } from 'node:path';
import { compareRanges } from '../base/bytes.js';
import { tableName } from '../base/file-names.js';
import type { TombstoneFragment } from '../base/range-tombstones.js';
import type { FileSystem } from '../fs/file-system.js';
import type { TableMetadata } from '../table/table-metadata.js';
import { TableWriter } from '../table/table-writer.js';
import { GrandparentOverlap } from './grandparent-overlap.js';
import type { CompactionJob } from './job.js';
import { OutputTombstones } from './output-tombstones.js';

/**
 * The tables of one compaction, numbered from the job's list. One ends where it is large enough, or would overlap too much of
 * the level below: before a key's first version or at the start of a range delete. The last number takes all the rest.
 */
export class OutputTables {
  readonly #fileSystem: FileSystem;
  readonly #job: CompactionJob;
  readonly #oldestAtMs: number;
  readonly #tombstones: OutputTombstones;
  readonly #overlap: GrandparentOverlap;
  readonly #countMax: number;
  readonly #finished: TableMetadata[] = [];
  #writer: TableWriter | undefined;
  /** How many blocks the writer had when its size was last looked at. */
  #weighedBlockCount = 0;

  /** `tombstones` are all range deletes to write, sorted and disjoint. */
  constructor(fileSystem: FileSystem, job: CompactionJob, tombstones: readonly TombstoneFragment[]) {
    this.#fileSystem = fileSystem;
    this.#job = job;
    this.#oldestAtMs = Math.min(...job.inputs.map(({ oldestAtMs }) => oldestAtMs));
    this.#tombstones = new OutputTombstones(tombstones, (start, end, sequence) =>
      this.writer().addRangeTombstone(start, end, sequence),
    );
    this.#overlap = new GrandparentOverlap(job.grandparents, job.grandparentBytesMax);
    // Tables of L0 overlap anyway: more of them would only be more to search.
    this.#countMax = job.outputLevel === 0 ? 1 : job.numbers.length;
  }

  /** Comes before the first version of each key, kept or not; keys ascend. */
  startKey(source: Uint8Array, start: number, end: number): void {
    let from = this.#tombstones.nextStart;
    while (from !== undefined && compareRanges(from, 0, from.length, source, start, end) <= 0) {
      this.#openTombstone(from);
      from = this.#tombstones.nextStart;
    }
    if (this.#isCutDue(source, start, end)) this.#cut(source.slice(start, end));
  }

  /** Whether the output might have to end behind the current key, and not behind `key`. */
  mayEndUpTo(key: Uint8Array): boolean {
    return this.#overlap.entersAnyUpTo(key);
  }

  /** The table that takes the next entries of the current key. */
  writer(): TableWriter {
    this.#writer ??= this.#createWriter();
    return this.#writer;
  }

  finish(): readonly TableMetadata[] {
    for (let from = this.#tombstones.nextStart; from !== undefined; from = this.#tombstones.nextStart) {
      this.#openTombstone(from);
    }
    this.#tombstones.close();
    this.#finishWriter();
    return this.#finished;
  }

  /** Removes everything written: nobody knows of it yet. */
  abandon(): void {
    this.#writer?.abandon();
    for (const { number } of this.#finished) this.#fileSystem.removeSync(this.#pathOf(number));
  }

  #openTombstone(from: Uint8Array): void {
    this.#tombstones.close();
    if (this.#isCutDue(from, 0, from.length)) this.#cut(from);
    this.#tombstones.open();
  }

  /** Whether the output has to end before the key. An output starts there if there is none. */
  #isCutDue(source: Uint8Array, start: number, end: number): boolean {
    const isOverlapping = this.#overlap.isTooMuchAt(source, start, end);
    if (this.#writer === undefined && !this.#tombstones.isOpen) {
      this.#overlap.restart(source, start, end);
      return false;
    }
    if (this.#finished.length + 1 >= this.#countMax) return false;
    return isOverlapping || (this.#writer !== undefined && this.#isFull(this.#writer));
  }

  /** Looks only once a block, since it would cost with every key. */
  #isFull(writer: TableWriter): boolean {
    if (writer.dataBlockCount === this.#weighedBlockCount) return false;
    this.#weighedBlockCount = writer.dataBlockCount;
    return writer.fileBytes >= this.#job.tableBytesTarget;
  }

  #cut(key: Uint8Array): void {
    this.#tombstones.cut(key);
    this.#finishWriter();
    this.#overlap.restart(key, 0, key.length);
  }

  #finishWriter(): void {
    if (this.#writer !== undefined) this.#finished.push(this.#writer.finish());
    this.#writer = undefined;
    this.#weighedBlockCount = 0;
  }

  #createWriter(): TableWriter {
    const number = this.#job.numbers[this.#finished.length];
    return new TableWriter({
      fileSystem: this.#fileSystem,
      path: this.#pathOf(number),
      number,
      oldestAtMs: this.#oldestAtMs,
      ...this.#job.settings,
    });
  }

  #pathOf(number: number): string {
    return join(this.#job.settings.directory, tableName(number));
  }
}
