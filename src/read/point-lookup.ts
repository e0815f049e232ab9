import { EMPTY_BYTES } from '../base/bytes.js';
import { KIND_DELETE, KIND_RANGE_DELETE } from '../base/internal-key.js';
import type { PointResult } from '../base/point-result.js';
import { LOOKUP_DELETED, LOOKUP_MISSING } from '../base/point-result.js';
import type { KeyCover } from '../base/range-tombstones.js';

/** Something that holds versions of keys: a memtable, a table, a level of tables. */
export interface PointSource {
  /**
   * Whether it has a version of `key` at or below `sequenceMax`. If so `result` is the newest such one, FOUND or DELETED;
   * else `result` is as it was. `keyHash` is the hash that the filters are built from.
   */
  get(key: Uint8Array, keyHash: number, sequenceMax: number, result: PointResult): boolean;
}

/** A source that keeps its range deletes apart: its `get` knows nothing of them. */
export interface TableSource extends PointSource {
  readonly rangeTombstones: KeyCover | undefined;
}

/**
 * Asks the sources in turn and leaves the first answer in `result`. They are in order from new to old: all that one says of
 * a key, range deletes included, is newer than what those after it say, so the first answer is the newest.
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
  letGo(result);
}

/** `get` of a table together with its range deletes. The filter knows points only, so they are asked whatever it says. */
export function getFromTable(
  table: TableSource,
  key: Uint8Array,
  keyHash: number,
  sequenceMax: number,
  result: PointResult,
): boolean {
  const isFound = table.get(key, keyHash, sequenceMax, result);
  const { rangeTombstones } = table;
  return rangeTombstones === undefined ? isFound : applyCover(rangeTombstones, key, sequenceMax, isFound, result);
}

/** What a source says in the end: `result` if it has found something (`isFound`), or the range delete that is newer. */
export function applyCover(
  cover: KeyCover,
  key: Uint8Array,
  sequenceMax: number,
  isFound: boolean,
  result: PointResult,
): boolean {
  const sequence = cover.coveringSequence(key, 0, key.length, sequenceMax);
  if (sequence === 0 || (isFound && sequence < result.sequence)) return isFound;
  result.state = LOOKUP_DELETED;
  letGo(result);
  result.sequence = sequence;
  result.kind = KIND_RANGE_DELETE;
  return true;
}

/** Lets go of the last answer's memory, which may be a block or a whole mapping. */
function letGo(result: PointResult): void {
  result.source = EMPTY_BYTES;
  result.start = 0;
  result.end = 0;
  result.sequence = 0;
  result.kind = KIND_DELETE;
}
