import { describe, expect, it } from 'vitest';
import { GIB, MIB } from '../../src/base/limits.js';
import { COMPACTION_DEFAULTS } from '../../src/compaction/compaction-settings.js';
import { LAST_LEVEL, levelTargets, nextLevel } from '../../src/compaction/level-targets.js';
import { compactionDebtBytes, levelScores } from '../../src/compaction/scores.js';
import { plain, shape } from './shapes.js';

const GIB_IN_MIB = 1024;

function targetsOf(mibByLevel: Record<number, number>) {
  return levelTargets(treeOf(mibByLevel).levels, COMPACTION_DEFAULTS);
}

function treeOf(mibByLevel: Record<number, number>) {
  const levels = Object.entries(mibByLevel).map(([level, mib]) => [level, [plain(Number(level) + 1, 'a', 'z', mib)]]);
  return shape(Object.fromEntries(levels));
}

describe('level targets', () => {
  it.each([
    ['an empty store', {}, 6, 6],
    ['a store that fits the base level', { 6: GIB_IN_MIB }, 6, 6],
    ['one that is larger', { 6: GIB_IN_MIB + 1 }, 5, 5],
    ['ten times as large', { 6: 10 * GIB_IN_MIB + 1 }, 4, 4],
    ['a store whose largest level is not the last', { 5: 500, 6: 10 }, 6, 5],
    ['a store that shrank', { 3: 10, 6: 500 }, 6, 3],
  ])('put the base level where L0 fits: %s', (_, mibByLevel, baseLevel, l0OutputLevel) => {
    expect(targetsOf(mibByLevel)).toMatchObject({ baseLevel, l0OutputLevel });
  });

  it('make each level a tenth of the next, and want nothing above the base', () => {
    const { bytes } = targetsOf({ 6: 50 * GIB_IN_MIB });
    expect(bytes.map((each) => Math.round(each / MIB))).toEqual([0, 0, 0, 0, 512, 5120, Number.POSITIVE_INFINITY]);
  });

  it('pack levels closer rather than have a base level that L0 fills at once', () => {
    const { bytes } = targetsOf({ 6: 12 * GIB_IN_MIB });
    expect(bytes[4] / (12 * GIB)).toBeCloseTo(1 / 7.5 / 7.5);
    expect(bytes[5] / (12 * GIB)).toBeCloseTo(1 / 7.5);
  });

  it('send a table to the level below, but past levels that should stay empty', () => {
    const tree = treeOf({ 2: 1, 6: 2 * GIB_IN_MIB });
    const targets = levelTargets(tree.levels, COMPACTION_DEFAULTS);
    expect([2, 4, 5].map((level) => nextLevel(tree.levels, targets, level))).toEqual([5, 5, 6]);
  });
});

describe('scores', () => {
  const scoresOf = (tree: ReturnType<typeof shape>) =>
    levelScores(tree, levelTargets(tree.levels, COMPACTION_DEFAULTS), COMPACTION_DEFAULTS);

  it('measure L0 by its tables or its bytes, whatever is more', () => {
    const four = [4, 3, 2, 1].map((number) => plain(number, 'a', 'z', 1));
    expect(scoresOf(shape({ 0: four }))[0]).toBe(1);
    expect(scoresOf(shape({ 0: [plain(1, 'a', 'z', 512)] }))[0]).toBe(2);
  });

  it('measure other levels against their target, without what is being compacted', () => {
    const level = [plain(1, 'a', 'b', 512), plain(2, 'c', 'd', 512)];
    const last = [plain(3, 'a', 'z', 5 * GIB_IN_MIB)];
    expect(scoresOf(shape({ 5: level, 6: last }))[5]).toBeCloseTo(2);
    expect(scoresOf(shape({ 5: level, 6: last }, { busyTables: new Set([2]) }))[5]).toBeCloseTo(1);
    expect(scoresOf(shape({ 5: level, 6: last }, { busyTables: new Set([1, 2]) }))[5]).toBe(0);
  });

  it('never make the last level due, and one above the base always', () => {
    const scores = scoresOf(treeOf({ 3: 1, 6: 500 }));
    expect(scores[LAST_LEVEL]).toBe(0);
    expect(scores[3]).toBeGreaterThan(1);
  });
});

describe('compaction debt', () => {
  it('is nothing while all levels are within their targets', () => {
    expect(compactionDebtBytes(treeOf({ 0: 20, 5: 100, 6: 2 * GIB_IN_MIB }).levels, COMPACTION_DEFAULTS)).toBe(0);
  });

  it('counts what has to go down, and what it is merged with there', () => {
    const debt = compactionDebtBytes(treeOf({ 5: 1024, 6: 5 * GIB_IN_MIB }).levels, COMPACTION_DEFAULTS);
    expect(debt / MIB).toBeCloseTo(512 * (1 + 5));
  });

  it('counts what L0 will make too much of further down', () => {
    const debt = compactionDebtBytes(treeOf({ 0: 512, 5: 512, 6: 5 * GIB_IN_MIB }).levels, COMPACTION_DEFAULTS);
    expect(debt / MIB).toBeCloseTo(512 + 512 + 512 * (1 + 5));
  });
});
