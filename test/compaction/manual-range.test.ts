import { describe, expect, it } from 'vitest';
import { COMPACTION_DEFAULTS } from '../../src/compaction/compaction-settings.js';
import { type ManualRange, pickManual } from '../../src/compaction/manual-range.js';
import { settlesAtMs } from '../../src/compaction/pick-settle.js';
import type { TreeShape } from '../../src/compaction/tree-shape.js';
import { bytes } from '../version/tables.js';
import { described, plain, shape } from './shapes.js';

const ALL: ManualRange = { bounds: {}, sequenceMax: 1000, numberEnd: 100 };

function step(tree: TreeShape, range: Partial<ManualRange> = {}): string {
  const next = pickManual(tree, { ...ALL, ...range }, COMPACTION_DEFAULTS);
  return next.kind === 'plan' ? described(next.plan) : next.kind;
}

const last = [plain(1, 'a', 'f', 64), plain(2, 'g', 'p', 64)];
const withDeletes = plain(3, 'q', 'z', 64, { tombstoneCount: 1 });

describe('a compaction by hand', () => {
  it('merges L0 first, however little it holds', () => {
    const tree = shape({ 0: [plain(9, 'a', 'c', 1)], 5: [plain(5, 'a', 'c', 1)], 6: last });
    expect(step(tree)).toBe('merge manual: 9 from L0, 5 from L5 into L5');
  });

  it('then brings level after level down', () => {
    expect(step(shape({ 4: [plain(5, 'a', 'c', 1)], 6: last }))).toBe('merge manual: 5 from L4, 1 from L6 into L6');
  });

  it('then looks for what the last level need not keep', () => {
    expect(step(shape({ 6: [...last, withDeletes] }))).toBe('merge manual: 3 from L6 into L6');
  });

  it('has nothing to do with a clean last level', () => {
    expect(step(shape({ 6: last }))).toBe('done');
  });

  it('keeps to its range, with an end that is not in it', () => {
    const tree = shape({ 6: [...last, withDeletes] });
    expect(step(tree, { bounds: { end: bytes('q') } })).toBe('done');
    expect(step(tree, { bounds: { start: bytes('z') } })).toBe('merge manual: 3 from L6 into L6');
    expect(step(tree, { bounds: { start: bytes('zz') } })).toBe('done');
  });

  it('does not move what has something to drop into the last level as it is', () => {
    expect(step(shape({ 0: [plain(9, 'r', 's', 1)], 6: last }))).toBe('move manual: 9 from L0 into L6');
    const deletes = plain(9, 'r', 's', 1, { tombstoneCount: 1 });
    expect(step(shape({ 0: [deletes], 6: last }))).toBe('merge manual: 9 from L0 into L6');
  });

  it('leaves what was written after it began', () => {
    const later = plain(200, 'a', 'c', 1);
    expect(step(shape({ 0: [later], 6: last }))).toBe('done');
    expect(step(shape({ 6: [plain(100, 'q', 'z', 64, { tombstoneCount: 1 })] }))).toBe('done');
  });

  it('leaves what readers hold', () => {
    expect(step(shape({ 6: [...last, withDeletes] }, { snapshots: [withDeletes.smallestSequence] }))).toBe('done');
  });

  it('waits for what is busy, and does not begin with the last level before', () => {
    const tree = shape({ 5: [plain(5, 'a', 'c', 1)], 6: [...last, withDeletes] }, { busyTables: new Set([5]) });
    expect(step(tree)).toBe('blocked');
  });
});

describe('when to look again for a store to settle', () => {
  it('is a while after the last flush, if there is much above the last level', () => {
    const tree = shape({ 0: [plain(9, 'a', 'c', 20)], 6: last }, { lastFlushMs: 5000 });
    expect(settlesAtMs(tree, COMPACTION_DEFAULTS)).toBe(8000);
  });

  it('is never, if there is not', () => {
    expect(settlesAtMs(shape({ 0: [plain(9, 'a', 'c', 12)], 6: last }), COMPACTION_DEFAULTS)).toBeUndefined();
  });
});
