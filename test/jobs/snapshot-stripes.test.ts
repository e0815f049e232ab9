import { describe, expect, it } from 'vitest';
import { SEQUENCE_MAX } from '../../src/base/limits.js';
import { SnapshotStripes } from '../../src/jobs/snapshot-stripes.js';

describe('snapshot stripes', () => {
  it.each<[snapshots: number[], stripes: number[]]>([
    [[], [0, 0, 0, 0, 0, 0, 0, 0]],
    [[0], [1, 1, 1, 1, 1, 1, 1, 1]],
    [[3], [0, 0, 0, 1, 1, 1, 1, 1]],
    [[8], [0, 0, 0, 0, 0, 0, 0, 0]],
    [
      [2, 3, 6],
      [0, 0, 1, 2, 2, 2, 3, 3],
    ],
    [
      [1, 2, 4, 5, 7],
      [0, 1, 2, 2, 3, 4, 4, 5],
    ],
  ])('with readers at %j part the sequences 1 to 8 as %j', (snapshots, expected) => {
    const stripes = new SnapshotStripes(snapshots);
    expect([1, 2, 3, 4, 5, 6, 7, 8].map((sequence) => stripes.stripeOf(sequence))).toEqual(expected);
  });

  it('end at their snapshot, and the newest has no end', () => {
    const stripes = new SnapshotStripes([4, 9]);
    expect([0, 1, 2].map((stripe) => stripes.newestIn(stripe))).toEqual([4, 9, SEQUENCE_MAX]);
  });
});
