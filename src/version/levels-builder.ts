import { compareBytes } from '../base/bytes.js';
import { LEVEL_COUNT } from '../base/limits.js';
import type { BlobMetadata } from '../blob/blob-metadata.js';
import type { TableMetadata } from '../table/table-metadata.js';
import { type Blobs, blobsInUse } from './blobs.js';
import type { AddedTable, DeletedTable, VersionEdit } from './version-edit.js';

/** The tables of each level: L0 newest first (they may overlap), all others by key, and disjoint. */
export type Levels = readonly (readonly TableMetadata[])[];

export const EMPTY_LEVELS: Levels = Array.from({ length: LEVEL_COUNT }, () => []);

/** Says that an edit does not fit: a bug when we made it, damage when we read it. Never returns. */
export type MisfitReporter = (problem: string) => never;

/** Takes edits one after the other and sorts once at the end, so that recovery costs one sort however long the manifest is. */
export class LevelsBuilder {
  readonly #base: Levels;
  readonly #report: MisfitReporter;
  readonly #blobs: Map<number, BlobMetadata>;
  readonly #tables = new Map<number, AddedTable>();
  /** Levels to be made anew; the others are shared with the base. */
  readonly #touched = new Set<number>();

  constructor(base: Levels, baseBlobs: Blobs, report: MisfitReporter) {
    this.#base = base;
    this.#blobs = new Map(baseBlobs);
    this.#report = report;
    for (let level = 0; level < LEVEL_COUNT; level++) {
      for (const table of base[level]) this.#tables.set(table.number, { level, table });
    }
  }

  apply(edit: VersionEdit): void {
    for (const deleted of edit.deletedTables) this.#delete(deleted);
    for (const added of edit.addedTables) this.#add(added);
    for (const blob of edit.addedBlobs ?? []) this.#blobs.set(blob.number, blob);
  }

  finish(): { levels: Levels; blobs: Blobs } {
    const made = new Map<number, TableMetadata[]>();
    for (const level of this.#touched) made.set(level, []);
    for (const { level, table } of this.#tables.values()) made.get(level)?.push(table);
    for (const [level, tables] of made) this.#order(level, tables);
    const levels = this.#base.map((tables, level) => made.get(level) ?? tables);
    return { levels, blobs: blobsInUse(this.#blobs, levels, this.#report) };
  }

  #delete({ level, number }: DeletedTable): void {
    const found = this.#tables.get(number);
    if (found === undefined) this.#report(`it deletes table ${number}, which does not exist`);
    if (found.level !== level) this.#report(`it deletes table ${number} from L${level}, which is in L${found.level}`);
    this.#tables.delete(number);
    this.#touched.add(level);
  }

  #add(added: AddedTable): void {
    const { level, table } = added;
    if (!(level in this.#base)) this.#report(`it adds table ${table.number} to L${level}, which does not exist`);
    if (this.#tables.has(table.number)) this.#report(`it adds table ${table.number}, which exists`);
    this.#tables.set(table.number, added);
    this.#touched.add(level);
  }

  #order(level: number, tables: TableMetadata[]): void {
    if (level === 0) {
      tables.sort(compareNewestFirst);
      return;
    }
    tables.sort((a, b) => compareBytes(a.smallestKey, b.smallestKey));
    for (let i = 1; i < tables.length; i++) {
      if (endsBefore(tables[i - 1], tables[i].smallestKey)) continue;
      this.#report(`tables ${tables[i - 1].number} and ${tables[i].number} overlap in L${level}`);
    }
  }
}

/** Whether all of the table, its range deletes included, lies before `key`. */
function endsBefore({ largestKey, isLargestKeyExclusive }: TableMetadata, key: Uint8Array): boolean {
  const order = compareBytes(largestKey, key);
  return order < 0 || (order === 0 && isLargestKeyExclusive);
}

function compareNewestFirst(a: TableMetadata, b: TableMetadata): number {
  return b.largestSequence - a.largestSequence || b.number - a.number;
}
