import type { RangeTombstoneSet } from '../base/range-tombstones.js';
import type { Cover, Stretch } from './cover.js';
import { narrowFrom, narrowTo, SetCover } from './cover.js';
import type { KeyRange } from './key-range.js';
import { firstTableReaching, isInRange } from './key-range.js';

/**
 * The range deletes of tables that share no key: those of one level, or a single table. A table is opened when a reader comes to
 * its keys, not before: a short scan must not open every table that has a range delete.
 *
 * All range deletes of a table lie within its bounds; where the largest is not exclusive it is the key of a point, and no range
 * delete reaches over it. So nothing here covers a key that is between two tables, nor a largest key that is not exclusive: the
 * gap behind such a table may count as starting at that key.
 */
export class TableCover implements Cover {
  readonly #tables: readonly KeyRange[];
  readonly #open: (index: number) => RangeTombstoneSet | undefined;
  #index = -1;
  #cover: Cover | undefined;

  /** `tables` are sorted and disjoint; those without range deletes need not be among them. */
  constructor(tables: readonly KeyRange[], open: (index: number) => RangeTombstoneSet | undefined) {
    this.#tables = tables;
    this.#open = open;
  }

  narrow(stretch: Stretch, source: Uint8Array, start: number, end: number, sequenceMax: number): void {
    const tables = this.#tables;
    const key = source.subarray(start, end);
    const index = firstTableReaching(tables, key);
    if (index > 0) narrowFrom(stretch, tables[index - 1].largestKey);
    if (index === tables.length) return;
    const table = tables[index];
    if (!isInRange(table, key)) {
      narrowTo(stretch, table.smallestKey);
      return;
    }
    this.#coverOf(index)?.narrow(stretch, source, start, end, sequenceMax);
    if (index + 1 < tables.length) narrowTo(stretch, tables[index + 1].smallestKey);
  }

  #coverOf(index: number): Cover | undefined {
    if (index !== this.#index) {
      const set = this.#open(index);
      this.#cover = set === undefined ? undefined : new SetCover(set);
      this.#index = index;
    }
    return this.#cover;
  }
}
