import type { PointResult } from '../base/point-result.js';
import type { KeyRange } from './key-range.js';
import { isInRange } from './key-range.js';
import type { PointSource, TableSource } from './point-lookup.js';
import { getFromTable } from './point-lookup.js';

/** One table of L0. Its key range is tried first: that touches neither its filter nor its file. */
export class TablePointSource implements PointSource {
  readonly #range: KeyRange;
  readonly #open: () => TableSource;

  /** `open` is called for each lookup within the range, so that the owner may bound the open tables. */
  constructor(range: KeyRange, open: () => TableSource) {
    this.#range = range;
    this.#open = open;
  }

  get(key: Uint8Array, keyHash: number, sequenceMax: number, result: PointResult): boolean {
    return isInRange(this.#range, key) && getFromTable(this.#open(), key, keyHash, sequenceMax, result);
  }
}
