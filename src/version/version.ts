import { assert } from '../base/errors.js';
import type { BlobMetadata } from '../blob/blob-metadata.js';
import type { TableMetadata } from '../table/table-metadata.js';
import { type Blobs, NO_BLOBS } from './blobs.js';
import { EMPTY_LEVELS, type Levels, LevelsBuilder } from './levels-builder.js';
import type { VersionEdit } from './version-edit.js';

export interface LevelTotals {
  readonly fileCount: number;
  /** Size of the files. */
  readonly storedBytes: number;
  /** Keys and values before prefix truncation and compression. */
  readonly rawBytes: number;
  readonly entryCount: number;
  readonly tombstoneCount: number;
}

/**
 * Which tables make up the database at one moment. Immutable but for its reference count: while that is above zero, no
 * table of the version is deleted (law 4). A count that has come back to zero stays there: its files may be gone.
 */
export class Version {
  readonly levels: Levels;
  /** One for each level. */
  readonly totals: readonly LevelTotals[];
  /** Blob files that tables of the version refer to, by number. */
  readonly blobs: Blobs;
  #referenceCount = 0;
  #isAbandoned = false;

  constructor(levels: Levels, blobs: Blobs = NO_BLOBS) {
    this.levels = levels;
    this.blobs = blobs;
    this.totals = levels.map(totalsOf);
  }

  static empty(): Version {
    return new Version(EMPTY_LEVELS);
  }

  /** All tables, L0 first, each level in its order. */
  tables(): TableMetadata[] {
    return this.levels.flat();
  }

  /** The blob files that entries of the table refer to. */
  blobsOf({ blobUses }: Pick<TableMetadata, 'blobUses'>): BlobMetadata[] {
    return blobUses.flatMap(({ number }) => this.blobs.get(number) ?? []);
  }

  /** The version after `edit`; this one stays as it is. An edit that does not fit is a bug of whoever made it. */
  apply(edit: VersionEdit): Version {
    const builder = new LevelsBuilder(this.levels, this.blobs, failOnMisfit);
    builder.apply(edit);
    const { levels, blobs } = builder.finish();
    return new Version(levels, blobs);
  }

  get isReferenced(): boolean {
    return this.#referenceCount > 0;
  }

  /** Keeps the files of this version until as many `release` calls. */
  retain(): void {
    assert(!this.#isAbandoned, 'a version is not retained after its last release');
    this.#referenceCount++;
  }

  /** Returns whether this was the last reference, so that files may have become obsolete. */
  release(): boolean {
    assert(this.#referenceCount > 0, 'a version is released once for each retain');
    this.#referenceCount--;
    this.#isAbandoned = this.#referenceCount === 0;
    return this.#isAbandoned;
  }
}

function totalsOf(tables: readonly TableMetadata[]): LevelTotals {
  let storedBytes = 0;
  let rawBytes = 0;
  let entryCount = 0;
  let tombstoneCount = 0;
  for (const table of tables) {
    storedBytes += table.fileBytes;
    rawBytes += table.rawBytes;
    entryCount += table.entryCount;
    tombstoneCount += table.tombstoneCount;
  }
  return { fileCount: tables.length, storedBytes, rawBytes, entryCount, tombstoneCount };
}

function failOnMisfit(problem: string): never {
  throw new Error(`stemedb invariant broken: a version edit fits its version: ${problem}`);
}
