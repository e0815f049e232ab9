import { describe, expect, it } from 'vitest';
import { RangeTombstoneSet, type TombstoneFragment } from '../../src/base/range-tombstones.js';
import { DeeperKeys } from '../../src/jobs/deeper-keys.js';
import { OutputTombstones } from '../../src/jobs/output-tombstones.js';
import { remainingTombstones, splitAt } from '../../src/jobs/remaining-tombstones.js';
import { SnapshotStripes } from '../../src/jobs/snapshot-stripes.js';

type Range = readonly [start: string, end: string, ...sequences: number[]];

const bytes = (text: string): Uint8Array => Buffer.from(text);
const show = ({ start, end, sequences }: TombstoneFragment): Range => [
  Buffer.from(start).toString(),
  Buffer.from(end).toString(),
  ...sequences,
];

function setOf(...ranges: readonly Range[]): RangeTombstoneSet {
  return RangeTombstoneSet.of(
    ranges.flatMap(([start, end, ...sequences]) =>
      sequences.map((sequence) => ({ start: bytes(start), end: bytes(end), sequence })),
    ),
  );
}

function deeper(...ranges: readonly string[]): DeeperKeys {
  const toRange = (text: string) => ({
    smallestKey: bytes(text[0]),
    largestKey: bytes(text[1]),
    isLargestKeyExclusive: text.endsWith(')'),
  });
  return new DeeperKeys(ranges.map(toRange));
}

describe('range deletes after a merge', () => {
  it.each<[what: string, set: RangeTombstoneSet, snapshots: number[], deeperKeys: DeeperKeys, remaining: Range[]]>([
    ['go where nothing lies deeper', setOf(['b', 'd', 5]), [], deeper(), []],
    ['stay over deeper tables', setOf(['b', 'd', 5]), [], deeper('ce'), [['b', 'd', 5]]],
    ['go before deeper tables', setOf(['b', 'd', 5]), [], deeper('df'), []],
    ['go behind deeper tables', setOf(['b', 'd', 5]), [], deeper('ab)'), []],
    ['stay over the last key of a deeper table', setOf(['b', 'd', 5]), [], deeper('ab'), [['b', 'd', 5]]],
    ['stay while a reader does not see them', setOf(['b', 'd', 5]), [4], deeper(), [['b', 'd', 5]]],
    ['are one in each stripe', setOf(['b', 'd', 9, 8, 5, 4, 2]), [4, 7], deeper('az'), [['b', 'd', 9, 5, 4]]],
    ['are none in the oldest stripe', setOf(['b', 'd', 9, 8, 5, 4, 2]), [4, 7], deeper(), [['b', 'd', 9, 5]]],
    ['are each judged alone', setOf(['a', 'c', 5], ['e', 'g', 5]), [], deeper('ef'), [['e', 'g', 5]]],
  ])('%s', (_, set, snapshots, deeperKeys, remaining) => {
    expect(remainingTombstones(set, new SnapshotStripes(snapshots), deeperKeys).map(show)).toEqual(remaining);
  });

  it('are cut where an output may end', () => {
    const { fragments } = setOf(['b', 'f', 5, 2], ['h', 'j', 7]);
    expect(splitAt(fragments, ['a', 'b', 'd', 'd', 'f', 'g', 'i', 'j', 'k'].map(bytes)).map(show)).toEqual([
      ['b', 'd', 5, 2],
      ['d', 'f', 5, 2],
      ['h', 'i', 7],
      ['i', 'j', 7],
    ]);
  });
});

describe('range deletes on their way into outputs', () => {
  it('are written up to the cut before it, and from there on behind it', () => {
    const written: Range[] = [];
    const { fragments } = setOf(['b', 'f', 5, 2], ['h', 'j', 7]);
    const tombstones = new OutputTombstones(fragments, (start, end, sequence) =>
      written.push(show({ start, end, sequences: [sequence] })),
    );
    tombstones.cut(bytes('a'));
    tombstones.open();
    tombstones.cut(bytes('b'));
    expect(written.splice(0)).toEqual([]);
    tombstones.cut(bytes('d'));
    expect(written.splice(0)).toEqual([
      ['b', 'd', 5],
      ['b', 'd', 2],
    ]);
    expect(tombstones.isOpen).toBe(true);
    tombstones.cut(bytes('g'));
    expect(written.splice(0)).toEqual([
      ['d', 'f', 5],
      ['d', 'f', 2],
    ]);
    expect([tombstones.isOpen, Buffer.from(tombstones.nextStart ?? '').toString()]).toEqual([false, 'h']);
    tombstones.open();
    tombstones.close();
    expect(written).toEqual([['h', 'j', 7]]);
    expect(tombstones.nextStart).toBe(undefined);
  });
});
