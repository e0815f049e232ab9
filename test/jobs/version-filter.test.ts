import { describe, expect, it } from 'vitest';
import { KIND_DELETE, KIND_PUT } from '../../src/base/internal-key.js';
import { VersionFilter } from '../../src/jobs/version-filter.js';

type Version = readonly [sequence: number, kind: number];

const put = (sequence: number): Version => [sequence, KIND_PUT];
const del = (sequence: number): Version => [sequence, KIND_DELETE];

function keptBy(filter: VersionFilter, versions: readonly Version[]): number[] {
  filter.startKey();
  return versions.filter(([sequence, kind]) => filter.keeps(sequence, kind)).map(([sequence]) => sequence);
}

describe('which versions of a key a merge keeps', () => {
  it.each<[what: string, versions: Version[], oldestSequence: number, isBottom: boolean, kept: number[]]>([
    ['the only one', [put(5)], 9, true, [5]],
    ['of two that all readers see, the newer', [put(5), put(3)], 9, true, [5]],
    ['of many, only the newest', [put(8), put(7), del(6), put(5)], 9, true, [8]],
    ['both, if a reader stands between them', [put(5), put(3)], 4, true, [5, 3]],
    ['both, if a reader stands just before the newer', [put(5), put(4)], 4, true, [5, 4]],
    ['one, if a reader stands just at the newer', [put(5), put(4)], 5, true, [5]],
    [
      'all that are newer than the oldest reader, and the one it sees',
      [put(9), put(8), put(4), put(3)],
      7,
      true,
      [9, 8, 4],
    ],
    ['no tombstone at the bottom', [del(5)], 9, true, []],
    ['no tombstone at the bottom, and nothing that it hides', [del(5), put(3), put(2)], 9, true, []],
    ['a tombstone above the bottom, but nothing that it hides', [del(5), put(3)], 9, false, [5]],
    ['a tombstone at the bottom that some reader does not see yet', [del(5), put(3)], 4, true, [5, 3]],
    ['a tombstone that a reader stands just at', [del(5), put(3)], 5, true, []],
    ['a put over a tombstone at the bottom, alone', [put(7), del(5), put(3)], 9, true, [7]],
    ['a put over a tombstone that a reader stands at', [put(7), del(5), put(3)], 6, true, [7]],
    ['everything, if the reader is older than all', [put(7), del(5), put(3)], 1, true, [7, 5, 3]],
    ['nothing of nothing', [], 9, true, []],
  ])('%s', (_, versions, oldestSequence, isBottom, kept) => {
    expect(keptBy(new VersionFilter(oldestSequence, isBottom), versions)).toEqual(kept);
  });

  it('each key on its own', () => {
    const filter = new VersionFilter(9, true);
    expect(keptBy(filter, [del(5), put(4)])).toEqual([]);
    expect(keptBy(filter, [put(3), put(2)])).toEqual([3]);
    expect(keptBy(filter, [put(8)])).toEqual([8]);
  });
});
