import type { Version } from './version.js';
import type { VersionEdit } from './version-edit.js';

/**
 * Keeps account of which tables and blob files something still needs (law 4). Knows numbers only, which no two files share;
 * files are deleted elsewhere.
 */
export class TableReferences {
  /** The current version, and older ones that are still referenced. */
  readonly #versions = new Set<Version>();
  /** Edits that are not published. One that failed may be durable all the same: it stays here until it is abandoned. */
  readonly #unsettled = new Set<VersionEdit>();
  readonly #failed = new Set<VersionEdit>();
  /** Tables that an edit took out of the current version, until no referenced version has them. */
  readonly #retired = new Set<number>();
  /** Blob files that the current version does not refer to any more, likewise. */
  readonly #retiredBlobs = new Set<number>();

  constructor(current: Version) {
    this.#hold(current);
  }

  /** Before `edit` is written. */
  begin(edit: VersionEdit): void {
    this.#unsettled.add(edit);
  }

  /** After `edit` could not be made durable, or not for sure. */
  fail(edit: VersionEdit): void {
    this.#failed.add(edit);
  }

  /** No edit that has failed is durable, nor will be: what they would have added is obsolete. */
  abandonFailed(): void {
    for (const edit of this.#failed) {
      this.#unsettled.delete(edit);
      for (const { table } of edit.addedTables) this.#retired.add(table.number);
      for (const { number } of edit.addedBlobs ?? []) this.#retiredBlobs.add(number);
    }
    this.#failed.clear();
  }

  /** After `edit`, which led from `former` to `current`, became durable. */
  settle(edit: VersionEdit, former: Version, current: Version): void {
    this.#hold(current);
    former.release();
    this.#unsettled.delete(edit);
    for (const { number } of edit.deletedTables) this.#retired.add(number);
    for (const number of former.blobs.keys()) if (!current.blobs.has(number)) this.#retiredBlobs.add(number);
  }

  liveNumbers(): Set<number> {
    const live = new Set<number>();
    for (const edit of this.#unsettled) for (const number of addedNumbers(edit)) live.add(number);
    for (const version of this.#versions) {
      if (version.isReferenced) addNumbersOf(version, live);
      else this.#versions.delete(version);
    }
    return live;
  }

  /** Retired tables that nothing needs any more, each handed over once. */
  takeRetired(): number[] {
    return takeFree(this.#retired, this.liveNumbers());
  }

  /** The same for blob files. */
  takeRetiredBlobs(): number[] {
    return takeFree(this.#retiredBlobs, this.liveNumbers());
  }

  #hold(version: Version): void {
    version.retain();
    this.#versions.add(version);
  }
}

function addedNumbers({ addedTables, addedBlobs = [] }: VersionEdit): number[] {
  return [...addedTables.map(({ table }) => table.number), ...addedBlobs.map(({ number }) => number)];
}

function addNumbersOf(version: Version, live: Set<number>): void {
  for (const { number } of version.tables()) live.add(number);
  for (const number of version.blobs.keys()) live.add(number);
}

function takeFree(retired: Set<number>, live: ReadonlySet<number>): number[] {
  const free = [...retired].filter((number) => !live.has(number));
  for (const number of free) retired.delete(number);
  return free;
}
