import type { Version } from './version.js';
import type { VersionEdit } from './version-edit.js';

/**
 * Keeps account of which tables and blob files something still needs (law 4). Knows numbers only, which no two files share;
 * files are deleted elsewhere.
 */
export class TableReferences {
  /** The current version, and older ones that are still referenced. */
  readonly #versions = new Set<Version>();
  /** Tables of edits that are not published. A failed edit may be durable all the same: its tables stay here. */
  readonly #unsettled = new Set<number>();
  /** Tables that an edit took out of the current version, until no referenced version has them. */
  readonly #retired = new Set<number>();
  /** Blob files that the current version does not refer to any more, likewise. */
  readonly #retiredBlobs = new Set<number>();

  constructor(current: Version) {
    this.#hold(current);
  }

  /** Before `edit` is written. */
  begin(edit: VersionEdit): void {
    for (const number of addedNumbers(edit)) this.#unsettled.add(number);
  }

  /** After `edit`, which led from `former` to `current`, became durable. */
  settle(edit: VersionEdit, former: Version, current: Version): void {
    this.#hold(current);
    former.release();
    for (const number of addedNumbers(edit)) this.#unsettled.delete(number);
    for (const { number } of edit.deletedTables) this.#retired.add(number);
    for (const number of former.blobs.keys()) if (!current.blobs.has(number)) this.#retiredBlobs.add(number);
  }

  liveNumbers(): Set<number> {
    const live = new Set(this.#unsettled);
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
