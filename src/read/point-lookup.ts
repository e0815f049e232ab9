import { EMPTY_BYTES } from '../base/bytes.js';
import { KIND_DELETE } from '../base/internal-key.js';
import type { PointResult } from '../base/point-result.js';
import { LOOKUP_MISSING } from '../base/point-result.js';

/** Something that holds versions of keys: a memtable, a table, a level of tables. */
export interface PointSource {
  /**
   * Whether it has a version of `key` at or below `sequenceMax`. If so `result` is the newest such one, FOUND or DELETED;
   * else `result` is as it was. `keyHash` is the hash that the filters are built from.
   */
  get(key: Uint8Array, keyHash: number, sequenceMax: number, result: PointResult): boolean;
}

/**
 * Asks the sources in turn and leaves the first answer in `result`. They are in order from new to old: every version of a key
 * in one is newer than every version of that key in those after it, so the first answer is the newest.
 */
export function lookup(
  key: Uint8Array,
  keyHash: number,
  sequenceMax: number,
  sources: readonly PointSource[],
  result: PointResult,
): void {
  for (let i = 0; i < sources.length; i++) {
    if (sources[i].get(key, keyHash, sequenceMax, result)) return;
  }
  result.state = LOOKUP_MISSING;
  // Let go of the last answer's memory, which may be a block or a whole mapping.
  result.source = EMPTY_BYTES;
  result.start = 0;
  result.end = 0;
  result.sequence = 0;
  result.kind = KIND_DELETE;
}
