import type { Version } from './version.js';
import type { VersionEdit } from './version-edit.js';

/** Keeps account of which tables something still needs (law 4). Knows numbers only; files are deleted elsewhere. */
export class TableReferences {
  /** The current version, and older ones that are still referenced. */
  readonly #versions = new Set<Version>();
  /** Tables of edits that are not published. A failed edit may be durable all the same: its tables stay here. */
  readonly #unsettled = new Set<number>();
  /** Tables that an edit took out of the current version, until no referenced version has them. */
  readonly #retired = new Set<number>();

  constructor(current: Version) {
    this.#hold(current);
  }

  /** Before `edit` is written. */
  begin(edit: VersionEdit): void {
    for (const { table } of edit.addedTables) this.#unsettled.add(table.number);
  }

  /** After `edit`, which led from `former` to `current`, became durable. */
  settle(edit: VersionEdit, former: Version, current: Version): void {
    this.#hold(current);
    former.release();
    for (const { table } of edit.addedTables) this.#unsettled.delete(table.number);
    for (const { number } of edit.deletedTables) this.#retired.add(number);
  }

  liveNumbers(): Set<number> {
    const live = new Set(this.#unsettled);
    for (const version of this.#versions) {
      if (version.isReferenced) for (const { number } of version.tables()) live.add(number);
      else this.#versions.delete(version);
    }
    return live;
  }

  /** Retired tables that nothing needs any more, each handed over once. */
  takeRetired(): number[] {
    const live = this.liveNumbers();
    const free = [...this.#retired].filter((number) => !live.has(number));
    for (const number of free) this.#retired.delete(number);
    return free;
  }

  #hold(version: Version): void {
    version.retain();
    this.#versions.add(version);
  }
}
