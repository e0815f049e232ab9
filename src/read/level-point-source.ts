import { compareBytes } from '../base/bytes.js';
import type { PointResult } from '../base/point-result.js';
import type { KeyRange } from './key-range.js';
import { firstTableReaching } from './key-range.js';
import type { PointSource, TableSource } from './point-lookup.js';
import { getFromTable } from './point-lookup.js';

/**
 * One level below L0: its tables are sorted and share no user key, so at most one can answer. `open(index)` gives the
 * source of `tables[index]` and is called for each lookup that reaches it, so that the owner may bound the open ones.
 */
export class LevelPointSource implements PointSource {
  readonly #tables: readonly KeyRange[];
  readonly #open: (index: number) => TableSource;

  constructor(tables: readonly KeyRange[], open: (index: number) => TableSource) {
    this.#tables = tables;
    this.#open = open;
  }

  get(key: Uint8Array, keyHash: number, sequenceMax: number, result: PointResult): boolean {
    const index = firstTableReaching(this.#tables, key);
    if (index === this.#tables.length || compareBytes(key, this.#tables[index].smallestKey) < 0) return false;
    return getFromTable(this.#open(index), key, keyHash, sequenceMax, result);
  }
}
