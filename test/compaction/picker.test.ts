import { describe, expect, it } from 'vitest';
import type { TreeShape } from '../../src/compaction/tree-shape.js';
import { described, NOW_MS, pick, plain, rangeDeletes, runningOutput, shape } from './shapes.js';

const DAY_MS = 24 * 60 * 60 * 1000;

/** L0 tables with all of the keys, newest first. */
const wide = (...numbers: readonly number[]) => numbers.map((number) => plain(number, 'a', 'z', 20));
/** A last level of 2 GiB: the base level is L5. */
const lastLevel = [plain(1, 'a', 'f', 700), plain(2, 'g', 'p', 700), plain(3, 'q', 'z', 700)];

type Case = readonly [name: string, tree: TreeShape, plan: string];

describe('out of L0', () => {
  it.each<Case>([
    ['an empty tree has nothing to do', shape({}), 'nothing'],
    ['a first table goes to the last level as it is', shape({ 0: wide(9) }), 'move l0: 9 from L0 into L6'],
    [
      'a table behind all others goes as deep as it can',
      shape({ 0: [plain(9, 'r', 's', 20)], 6: [plain(1, 'a', 'f', 700)] }),
      'move l0: 9 from L0 into L6',
    ],
    [
      'tables that lie apart go together',
      shape({ 0: [plain(10, 'v', 'w', 20), plain(9, 'r', 's', 20)], 6: [plain(1, 'a', 'f', 700)] }),
      'move l0: 10 9 from L0 into L6',
    ],
    [
      'a table that overlaps an older one waits, and that one goes',
      shape({ 0: [plain(10, 'r', 't', 20), plain(9, 's', 'u', 20)], 6: [plain(1, 'a', 'f', 700)] }),
      'move l0: 9 from L0 into L6',
    ],
    [
      'a table does not go onto more than itself in the level behind',
      shape({ 0: [plain(9, 'h', 'i', 20)], 5: [plain(8, 'a', 'b', 200)], 6: lastLevel }),
      'nothing',
    ],
    ['three tables are not worth a merge', shape({ 0: wide(9, 8, 7), 6: lastLevel }), 'nothing'],
    [
      'four are merged into the base level with all that they overlap there',
      shape({ 0: wide(9, 8, 7, 6), 5: [plain(5, 'b', 'c', 100)], 6: lastLevel }),
      'merge l0: 9 8 7 6 from L0, 5 from L5 into L5',
    ],
    [
      'few and large ones are due by their bytes',
      shape({ 0: [plain(9, 'a', 'z', 200), plain(8, 'a', 'z', 200)], 6: lastLevel }),
      'merge l0: 9 8 from L0 into L5',
    ],
    [
      'a small store has L0 merged into the last level',
      shape({ 0: wide(9, 8, 7, 6), 6: [plain(1, 'a', 'f', 700)] }),
      'merge l0: 9 8 7 6 from L0, 1 from L6 into L6',
    ],
    [
      'a level above the base that still has data is not jumped over',
      shape({ 0: wide(11, 10, 9, 8, 7, 6), 3: [plain(5, 'b', 'c', 10)], 6: lastLevel }),
      'merge l0: 11 10 9 8 7 6 from L0, 5 from L3 into L3',
    ],
    [
      'a table that overlaps an older busy one stays',
      shape({ 0: wide(10, 9, 8, 7, 6), 6: lastLevel }, { busyTables: new Set([6]) }),
      'nothing',
    ],
    [
      'newer ones that are busy are no hindrance',
      shape({ 0: wide(10, 9, 8, 7, 6), 6: lastLevel }, { busyTables: new Set([10]) }),
      'merge l0: 9 8 7 6 from L0 into L5',
    ],
    [
      'a busy table of the base level is one',
      shape({ 0: wide(9, 8, 7, 6), 5: [plain(5, 'b', 'c', 100)], 6: lastLevel }, { busyTables: new Set([5]) }),
      'nothing',
    ],
    [
      'and so is an output that is still to come',
      shape({ 0: wide(9, 8, 7, 6), 6: lastLevel }, { runningOutputs: [runningOutput(5, 'm', 'n')] }),
      'nothing',
    ],
    [
      'an output on the way down is one for a move',
      shape({ 0: [plain(9, 'r', 's', 20)] }, { runningOutputs: [runningOutput(5, 'q', 't')] }),
      'nothing',
    ],
  ])('%s', (_, tree, plan) => {
    expect(described(pick(tree))).toBe(plan);
  });

  it('merges a burst within L0 while the way down is taken, the newest idle ones', () => {
    const numbers = [20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9];
    const tree = shape({ 0: wide(...numbers), 6: lastLevel }, { busyTables: new Set([12, 11, 10, 9]) });
    expect(described(pick(tree))).toBe('merge intra-l0: 20 19 18 17 16 15 14 13 from L0 into L0');
  });

  it('leaves L0 alone while it is not full, though the way down is taken', () => {
    const tree = shape({ 0: wide(20, 19, 18, 17, 16, 15, 14, 13), 6: lastLevel }, { busyTables: new Set([13, 14]) });
    expect(described(pick(tree))).toBe('nothing');
  });

  it('ends a merge within L0 before a table that is large already', () => {
    const large = plain(12, 'a', 'z', 900);
    const tree = shape(
      { 0: [...wide(20, 19, 18, 17, 16), large, ...wide(11, 10, 9, 8, 7, 6)], 6: lastLevel },
      { busyTables: new Set([6]) },
    );
    expect(described(pick(tree))).toBe('merge intra-l0: 20 19 18 17 16 from L0 into L0');
  });

  it('takes the oldest of too many, which may leave without the rest', () => {
    const tree = shape({ 0: wide(9, 8, 7, 6), 6: lastLevel });
    expect(described(pick(tree, { compactionBytesMax: 50 * 1024 * 1024 }))).toBe('merge l0: 7 6 from L0 into L5');
  });
});

describe('out of a level that is too large', () => {
  const full = [plain(10, 'a', 'b', 200), plain(11, 'c', 'd', 200), plain(12, 'r', 's', 200)];
  it.each<Case>([
    [
      'the table with the least below it goes',
      shape({ 5: full, 6: [plain(1, 'a', 'f', 700), plain(2, 'g', 'p', 900), plain(3, 'q', 'z', 400)] }),
      'merge level-size: 12 from L5, 3 from L6 into L6',
    ],
    [
      'of equals the one that has waited longest, with neighbours that cost nothing more',
      shape({ 5: full, 6: lastLevel }),
      'merge level-size: 10 11 from L5, 1 from L6 into L6',
    ],
    [
      'a table with nothing below it moves',
      shape({ 5: full, 6: [plain(1, 'a', 'f', 1400), plain(2, 'g', 'p', 700)] }),
      'move level-size: 12 from L5 into L6',
    ],
    [
      'a busy one is passed by',
      shape({ 5: full, 6: lastLevel }, { busyTables: new Set([10, 1]) }),
      'merge level-size: 12 from L5, 3 from L6 into L6',
    ],
    [
      'tables with deletes go first',
      shape({ 5: [...full.slice(0, 2), plain(12, 'r', 's', 200, { tombstoneCount: 300 })], 6: lastLevel }),
      'merge level-size: 12 from L5, 3 from L6 into L6',
    ],
    [
      'a level above the base is drained, past levels that are empty',
      shape({ 2: [plain(10, 'a', 'b', 1)], 5: [plain(11, 'a', 'b', 50)], 6: lastLevel }),
      'merge level-size: 10 from L2, 11 from L5 into L5',
    ],
    [
      'nothing starts in the base level while L0 waits for it',
      shape(
        { 0: wide(30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20), 5: full, 6: lastLevel },
        { runningOutputs: [runningOutput(5, 'x', 'x')] },
      ),
      'nothing',
    ],
  ])('%s', (_, tree, plan) => {
    expect(described(pick(tree, { intraL0CountMin: 99 }))).toBe(plan);
  });

  it('does not move a table that overlaps too much in the level behind', () => {
    const tree = shape({
      4: [plain(20, 'a', 'z', 900)],
      5: [],
      6: [plain(1, 'a', 'f', 6000), plain(2, 'g', 'p', 6000)],
    });
    expect(described(pick(tree))).toBe('merge level-size: 20 from L4 into L5');
  });
});

describe('tables that go unread', () => {
  const old = plain(5, 'd', 'f', 64, { smallestSequence: 10, largestSequence: 20 });
  const covered = (fields: Partial<TreeShape>): TreeShape => shape({ 6: [old] }, fields);
  it.each<Case>([
    [
      'covered by one range delete',
      covered({ rangeDeletes: rangeDeletes(['a', 'x', 30]) }),
      'drop range-delete: 5 from L6',
    ],
    [
      'covered by two that touch',
      covered({ rangeDeletes: rangeDeletes(['a', 'e', 30], ['e', 'x', 31]) }),
      'drop range-delete: 5 from L6',
    ],
    [
      'not with a gap between them',
      covered({ rangeDeletes: rangeDeletes(['a', 'e', 30], ['ea', 'x', 31]) }),
      'nothing',
    ],
    ['not when the last key is not deleted', covered({ rangeDeletes: rangeDeletes(['a', 'f', 30]) }), 'nothing'],
    ['not by one that is older than some of it', covered({ rangeDeletes: rangeDeletes(['a', 'x', 15]) }), 'nothing'],
    [
      'not while a reader looks at what was before',
      covered({ rangeDeletes: rangeDeletes(['a', 'x', 30]), snapshots: [25] }),
      'nothing',
    ],
    [
      'a reader from before the data, or behind the delete, is no hindrance',
      covered({ rangeDeletes: rangeDeletes(['a', 'x', 30]), snapshots: [9, 30] }),
      'drop range-delete: 5 from L6',
    ],
    [
      'of two range deletes the first after the data counts',
      covered({ rangeDeletes: rangeDeletes(['a', 'x', 30], ['a', 'x', 40]), snapshots: [35] }),
      'drop range-delete: 5 from L6',
    ],
    [
      'not while it is busy',
      covered({ rangeDeletes: rangeDeletes(['a', 'x', 30]), busyTables: new Set([5]) }),
      'nothing',
    ],
  ])('%s', (_, tree, plan) => {
    expect(described(pick(tree))).toBe(plan);
  });

  const expired = { expiringCount: 1000, largestExpiryMs: NOW_MS };
  it.each<Case>([
    ['all expired', shape({ 6: [plain(5, 'd', 'f', 64, expired)] }), 'drop expired: 5 from L6'],
    [
      'not before the last of it has, for every reader',
      shape({ 6: [plain(5, 'd', 'f', 64, expired)] }, { expiryCutoffMs: NOW_MS - 1 }),
      'nothing',
    ],
    [
      'not with older versions below that would come back: then it is merged with them',
      shape({ 5: [plain(5, 'd', 'f', 64, expired)], 6: lastLevel }),
      'merge expired: 5 from L5, 1 from L6 into L6',
    ],
    [
      'not with older versions below in L0',
      shape({ 0: [plain(5, 'd', 'f', 64, expired), plain(4, 'e', 'e', 20)], 6: [plain(1, 'a', 'z', 700)] }),
      'merge expired: 5 4 from L0, 1 from L6 into L6',
    ],
  ])('%s', (_, tree, plan) => {
    expect(described(pick(tree))).toBe(plan);
  });
});

describe('tables that are worn', () => {
  const dense = { tombstoneCount: 500 };
  const calm = { settleMs: Number.POSITIVE_INFINITY };
  it.each<Case>([
    [
      'many deletes go down to what they hide',
      shape({ 5: [plain(5, 'b', 'c', 30, dense)], 6: lastLevel }),
      'merge tombstones: 5 from L5, 1 from L6 into L6',
    ],
    ['few do not', shape({ 5: [plain(5, 'b', 'c', 30, { tombstoneCount: 499 })], 6: lastLevel }), 'nothing'],
    [
      'in the last level they are rewritten away',
      shape({ 6: [plain(5, 'b', 'c', 30, dense)] }),
      'merge tombstones: 5 from L6 into L6',
    ],
    [
      'not while a reader needs them',
      shape({ 6: [plain(5, 'b', 'c', 30, { ...dense, largestSequence: 59 })] }, { snapshots: [58] }),
      'nothing',
    ],
    [
      'but when all readers are behind them',
      shape({ 6: [plain(5, 'b', 'c', 30, { ...dense, largestSequence: 59 })] }, { snapshots: [59] }),
      'merge tombstones: 5 from L6 into L6',
    ],
    [
      'hidden versions that no reader holds any more are the same',
      shape({ 6: [plain(5, 'b', 'c', 30, { keyCount: 500 })] }),
      'merge tombstones: 5 from L6 into L6',
    ],
    [
      'a range delete in the last level has nothing left to hide',
      shape({ 6: [plain(5, 'b', 'c', 30, { rangeDeleteCount: 1 })] }),
      'merge tombstones: 5 from L6 into L6',
    ],
    [
      'a share that has expired is merged away',
      shape({ 6: [plain(5, 'b', 'c', 30, { expiringCount: 300, largestExpiryMs: NOW_MS })] }),
      'merge expired: 5 from L6 into L6',
    ],
    [
      'a smaller share is left',
      shape({ 6: [plain(5, 'b', 'c', 30, { expiringCount: 299, largestExpiryMs: NOW_MS })] }),
      'nothing',
    ],
    [
      'old data goes down, though there is little of it',
      shape({ 5: [plain(5, 'b', 'c', 30, { oldestAtMs: NOW_MS - 30 * DAY_MS })], 6: lastLevel }),
      'merge age: 5 from L5, 1 from L6 into L6',
    ],
    [
      'and out of L0',
      shape({ 0: [plain(5, 'b', 'c', 30, { oldestAtMs: NOW_MS - 30 * DAY_MS })], 6: lastLevel }),
      'merge age: 5 from L0 into L5',
    ],
    [
      'old deletes in the last level go, though they are few',
      shape({ 6: [plain(5, 'b', 'c', 30, { tombstoneCount: 1, oldestAtMs: NOW_MS - 30 * DAY_MS })] }),
      'merge age: 5 from L6 into L6',
    ],
    [
      'a table whose entries expire one by one is looked through now and then',
      shape({
        6: [
          plain(5, 'b', 'c', 30, {
            expiringCount: 900,
            largestExpiryMs: NOW_MS + DAY_MS,
            oldestAtMs: NOW_MS - 90 * DAY_MS,
            createdAtMs: NOW_MS - 30 * DAY_MS,
          }),
        ],
      }),
      'merge age: 5 from L6 into L6',
    ],
  ])('%s', (_, tree, plan) => {
    expect(described(pick(tree, calm))).toBe(plan);
  });

  it('does not look at age where that is turned off', () => {
    const old = plain(5, 'b', 'c', 30, { oldestAtMs: 0 });
    expect(described(pick(shape({ 5: [old], 6: lastLevel }), { maxAgeMs: 0 }))).toBe('nothing');
  });
});

describe('blob garbage', () => {
  const use = (valueBytes: number) => ({ blobUses: [{ number: 77, valueCount: 1, valueBytes }] });
  const blob = { number: 77, fileBytes: 1000, valueCount: 10, valueBytes: 1000 };
  const blobs = new Map([[77, blob]]);

  it('moves the living values out of a file that is mostly garbage, of neighbours at once', () => {
    const tables = [plain(1, 'a', 'b', 60, use(200)), plain(2, 'c', 'd', 60, use(200)), plain(3, 'e', 'f', 60)];
    const plan = pick(shape({ 6: tables }, { blobs }));
    expect(described(plan)).toBe('merge blob-garbage: 1 2 from L6 into L6');
    expect(plan?.rewrittenBlobs).toEqual([blob]);
  });

  it('leaves a file that is half garbage', () => {
    expect(described(pick(shape({ 6: [plain(1, 'a', 'b', 60, use(500))] }, { blobs })))).toBe('nothing');
  });

  it('keeps a table of L0 in its place', () => {
    const tables = { 0: [plain(2, 'a', 'z', 20), plain(1, 'a', 'z', 20, use(100))], 6: lastLevel };
    expect(described(pick(shape(tables, { blobs })))).toBe('merge blob-garbage: 1 from L0 into L0');
  });

  it('does not merge neighbours over a gap that an output is on its way into', () => {
    const tables = [plain(1, 'a', 'b', 60, use(200)), plain(2, 'm', 'n', 60, use(200))];
    const plan = pick(shape({ 6: tables }, { blobs, runningOutputs: [runningOutput(6, 'e', 'f')] }));
    expect(described(plan)).toBe('merge blob-garbage: 2 from L6 into L6');
  });

  it('uses every merge that reads the table anyway', () => {
    const tables = { 0: wide(9, 8, 7, 6), 6: [plain(1, 'a', 'b', 60, use(200))] };
    expect(pick(shape(tables, { blobs }))?.rewrittenBlobs).toEqual([blob]);
  });
});

describe('a store at rest', () => {
  const quiet = { lastFlushMs: NOW_MS - 3000 };
  it.each<Case>([
    [
      'merges few tables of L0, if they are much of a small store',
      shape({ 0: wide(9, 8), 6: [plain(1, 'a', 'z', 300)] }, quiet),
      'merge settle: 9 8 from L0, 1 from L6 into L6',
    ],
    ['not before writes have paused', shape({ 0: wide(9, 8), 6: [plain(1, 'a', 'z', 300)] }), 'nothing'],
    ['not if they are little', shape({ 0: wide(9, 8), 6: [plain(1, 'a', 'z', 400)] }, quiet), 'nothing'],
    [
      'merges the fullest level above the last',
      shape({ 0: wide(9, 8), 5: [plain(5, 'b', 'c', 250)], 6: lastLevel }, quiet),
      'merge settle: 5 from L5, 1 from L6 into L6',
    ],
    [
      'makes one table of small neighbours',
      shape({ 6: Array.from({ length: 8 }, (_, index) => plain(index + 1, `k${index}`, `k${index}x`, 4)) }),
      'merge small-tables: 1 2 3 4 5 6 7 8 from L6 into L6',
    ],
    [
      'not if they do not fit one',
      shape({ 6: Array.from({ length: 8 }, (_, index) => plain(index + 1, `k${index}`, `k${index}x`, 5)) }),
      'nothing',
    ],
  ])('%s', (_, tree, plan) => {
    expect(described(pick(tree))).toBe(plan);
  });
});
