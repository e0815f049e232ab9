import { describe, expect, it } from 'vitest';
import { MIB } from '../../src/base/limits.js';
import type { CompactionPlan } from '../../src/compaction/compaction-plan.js';
import { COMPACTION_DEFAULTS } from '../../src/compaction/compaction-settings.js';
import { coalesce, jobInputs } from '../../src/compaction/job-inputs.js';
import type { TreeShape } from '../../src/compaction/tree-shape.js';
import type { KeyRange } from '../../src/read/key-range.js';
import { bytes } from '../version/tables.js';
import { pick, plain, shape } from './shapes.js';

function range(smallest: string, largest: string, isLargestKeyExclusive = false): KeyRange {
  return { smallestKey: bytes(smallest), largestKey: bytes(largest), isLargestKeyExclusive };
}

function inputsOf(tree: TreeShape) {
  const plan = pick(tree) as CompactionPlan;
  return { plan, job: jobInputs(tree.levels, plan, COMPACTION_DEFAULTS) };
}

function shown(ranges: readonly KeyRange[]): string[] {
  const text = new TextDecoder();
  return ranges.map(
    ({ smallestKey, largestKey, isLargestKeyExclusive }) =>
      `${text.decode(smallestKey)}-${text.decode(largestKey)}${isLargestKeyExclusive ? ')' : ''}`,
  );
}

describe('job inputs', () => {
  const wide = [9, 8, 7, 6].map((number) => plain(number, 'c', 'p', 20));
  const tree = shape({
    0: wide,
    5: [plain(5, 'd', 'e', 50), plain(4, 'x', 'z', 50)],
    6: [plain(1, 'a', 'f', 700), plain(2, 'g', 'j', 700), plain(3, 'q', 'z', 700)],
  });

  it('name the tables newest first, and those of the level behind that the outputs may overlap', () => {
    const { job } = inputsOf(tree);
    expect(job.inputs.map(({ number }) => number)).toEqual([9, 8, 7, 6, 5]);
    expect(job.outputLevel).toBe(5);
    expect(shown(job.grandparents)).toEqual(['a-f', 'g-j']);
    expect(job.grandparents.map(({ fileBytes }) => fileBytes)).toEqual([700 * MIB, 700 * MIB]);
  });

  it('say where older versions may be, within the range of the inputs', () => {
    expect(shown(inputsOf(tree).job.deeperRanges)).toEqual(['a-f', 'g-j']);
  });

  it('count L0 behind the inputs as older, when the merge stays in L0', () => {
    const numbers = [20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9];
    const burst = shape(
      { 0: numbers.map((number) => plain(number, number === 9 ? 'd' : 'c', 'p', 20)), 6: [plain(1, 'a', 'b', 2000)] },
      { busyTables: new Set([9]) },
    );
    const { plan, job } = inputsOf(burst);
    expect(plan.reason).toBe('intra-l0');
    expect(shown(job.deeperRanges)).toEqual(['d-p']);
    expect(job.grandparents).toEqual([]);
    expect(job.outputCountMax).toBe(1);
    expect(job.tableBytesTarget).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('have a number for each output that sizes and grandparents may make', () => {
    const { job } = inputsOf(tree);
    const entries = 5 * 1000 * 32;
    const bySize = Math.ceil((130 * MIB + entries) / job.tableBytesTarget);
    const byGrandparents = Math.ceil(1400 / 640);
    expect(job.outputCountMax).toBe(bySize + byGrandparents + 1);
  });
});

describe('coalesced ranges', () => {
  it('are sorted and disjoint', () => {
    const ranges = [range('m', 'p'), range('a', 'c'), range('b', 'd'), range('c', 'c')];
    expect(shown(coalesce(ranges))).toEqual(['a-d', 'm-p']);
  });

  it('keep apart what only touches an exclusive end', () => {
    expect(shown(coalesce([range('a', 'c', true), range('c', 'd')]))).toEqual(['a-c)', 'c-d']);
    expect(shown(coalesce([range('a', 'c', false), range('c', 'd', true)]))).toEqual(['a-d)']);
  });

  it('close gaps rather than be too many', () => {
    const ranges = ['a', 'c', 'e', 'g', 'i'].map((key) => range(key, key));
    expect(shown(coalesce(ranges, 2))).toEqual(['a-e', 'g-i']);
  });

  it('are none of none', () => {
    expect(coalesce([])).toEqual([]);
  });
});
