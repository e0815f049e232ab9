import { compareBytes } from '../base/bytes.js';
import { assert } from '../base/errors.js';
import type { TombstoneFragment } from '../base/range-tombstones.js';

/** From which user key to which a table reaches. */
export interface TableBounds {
  readonly smallestKey: Uint8Array;
  readonly largestKey: Uint8Array;
  /** The largest key is the end of a range delete: everything up to it, and not itself. */
  readonly isLargestKeyExclusive: boolean;
}

/** Bounds of `points`, if there are any, and of `fragments`, of which there are some if there are no points. */
export function tableBounds(points: TableBounds | undefined, fragments: readonly TombstoneFragment[]): TableBounds {
  const deletes = fragmentBounds(fragments);
  if (points === undefined) {
    assert(deletes !== undefined, 'a table has entries or range deletes');
    return deletes;
  }
  if (deletes === undefined) return points;
  const startsFirst = compareBytes(deletes.smallestKey, points.smallestKey) < 0;
  const smallestKey = startsFirst ? deletes.smallestKey : points.smallestKey;
  // Up to the last point, with it: the end of a range delete at that very key says less.
  const { largestKey, isLargestKeyExclusive } =
    compareBytes(deletes.largestKey, points.largestKey) > 0 ? deletes : points;
  return { smallestKey, largestKey, isLargestKeyExclusive };
}

function fragmentBounds(fragments: readonly TombstoneFragment[]): TableBounds | undefined {
  if (fragments.length === 0) return undefined;
  const { end } = fragments[fragments.length - 1];
  return { smallestKey: fragments[0].start, largestKey: end, isLargestKeyExclusive: true };
}
