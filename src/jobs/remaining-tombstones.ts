import { compareBytes } from '../base/bytes.js';
import type { RangeTombstoneSet, TombstoneFragment } from '../base/range-tombstones.js';
import type { DeeperKeys } from './deeper-keys.js';
import type { SnapshotStripes } from './snapshot-stripes.js';

/**
 * What a merge has to write of its inputs' range deletes. Of the sequences of a fragment in one stripe the newest does all
 * that the others do; the one in the oldest stripe has done its work where nothing lies deeper.
 */
export function remainingTombstones(
  { fragments }: RangeTombstoneSet,
  stripes: SnapshotStripes,
  deeperKeys: DeeperKeys,
): TombstoneFragment[] {
  return fragments.flatMap((fragment) => {
    const { start, end } = fragment;
    const newest = newestOfStripes(fragment.sequences, stripes);
    const isDone = stripes.stripeOf(newest[newest.length - 1]) === 0 && !deeperKeys.mayHoldAnyOf(start, end);
    const sequences = isDone ? newest.slice(0, -1) : newest;
    return sequences.length === 0 ? [] : [{ start, end, sequences }];
  });
}

function newestOfStripes(descending: readonly number[], stripes: SnapshotStripes): number[] {
  return descending.filter(
    (sequence, i) => i === 0 || stripes.stripeOf(sequence) !== stripes.stripeOf(descending[i - 1]),
  );
}

/** The same fragments, cut where one of the ascending `keys` lies inside: there an output may end. */
export function splitAt(fragments: readonly TombstoneFragment[], keys: readonly Uint8Array[]): TombstoneFragment[] {
  const parts: TombstoneFragment[] = [];
  let next = 0;
  for (const { start, end, sequences } of fragments) {
    let from = start;
    while (next < keys.length && compareBytes(keys[next], start) <= 0) next++;
    for (; next < keys.length && compareBytes(keys[next], end) < 0; next++) {
      if (compareBytes(keys[next], from) === 0) continue;
      parts.push({ start: from, end: keys[next], sequences });
      from = keys[next];
    }
    parts.push({ start: from, end, sequences });
  }
  return parts;
}
