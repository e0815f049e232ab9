import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COMPACTION_DEFAULTS, type CompactionSettings } from '../../src/compaction/compaction-settings.js';
import { pickManual } from '../../src/compaction/manual-range.js';
import { pickCompaction } from '../../src/compaction/picker.js';
import { keyBytes } from './model-merge.js';
import { ENTRY_BYTES, ModelTree, type ModelWrite } from './model-tree.js';

const KEY_MAX = 150;

const SETTINGS: CompactionSettings = {
  ...COMPACTION_DEFAULTS,
  levelMultiplier: 3,
  levelMultiplierMin: 2,
  baseBytesMax: 12 * ENTRY_BYTES,
  baseBytesMin: 8 * ENTRY_BYTES,
  tableBytesTarget: 8 * ENTRY_BYTES,
  compactionBytesMax: 50 * ENTRY_BYTES,
  grandparentBytesMax: 20 * ENTRY_BYTES,
  l0CompactionCount: 2,
  l0SlowdownCount: 4,
  l0StopCount: 8,
  intraL0CountMin: 2,
  smallTablesMin: 3,
  maxAgeMs: 5000,
  settleMs: 300,
};

const anyKey = fc.integer({ min: 1, max: KEY_MAX });

const anyWrite: fc.Arbitrary<ModelWrite> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('put' as const),
      key: anyKey,
      ttlMs: fc.constantFrom(0, 0, 50, 2000),
      isLarge: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('del' as const), key: anyKey }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(anyKey, anyKey)
      .map(([a, b]) => ({ type: 'delRange' as const, start: Math.min(a, b), end: Math.max(a, b) + 1 })),
  },
);

/** Writes close to each other, as data in the order of its keys has them, or anywhere. */
const anyFlush = fc
  .tuple(
    fc.array(anyWrite, { minLength: 1, maxLength: 25, size: 'max' }),
    fc.option(fc.integer({ min: 0, max: KEY_MAX - 12 })),
  )
  .map(([writes, corner]) => (corner === null ? writes : writes.map((write) => intoCorner(write, corner))));

function intoCorner(write: ModelWrite, corner: number): ModelWrite {
  if (write.type !== 'delRange') return { ...write, key: corner + 1 + (write.key % 12) };
  const start = corner + 1 + (write.start % 12);
  return { ...write, start, end: start + 1 + (write.end % 12) };
}

type Step =
  | { readonly type: 'flush'; readonly writes: readonly ModelWrite[] }
  | { readonly type: 'begin' | 'finish' | 'snapshot' | 'release'; readonly choice: number }
  | { readonly type: 'wait'; readonly ms: number };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: anyFlush.map((writes) => ({ type: 'flush' as const, writes })) },
  {
    weight: 9,
    arbitrary: fc.record({
      type: fc.constantFrom(
        'begin' as const,
        'begin' as const,
        'finish' as const,
        'snapshot' as const,
        'release' as const,
      ),
      choice: fc.nat(100),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom(10, 100, 400, 6000).map((ms) => ({ type: 'wait' as const, ms })) },
);

function take(tree: ModelTree, step: Step): void {
  switch (step.type) {
    case 'flush':
      tree.flush(step.writes);
      return;
    case 'begin': {
      for (let count = step.choice % 5; count >= 0; count--) {
        const plan = pickCompaction(tree.shape(), SETTINGS);
        if (plan !== undefined) tree.begin(plan);
      }
      return;
    }
    case 'finish':
      if (tree.running.length > 0) tree.finish(step.choice % tree.running.length);
      return;
    case 'snapshot':
      tree.snapshots = [...new Set([...tree.snapshots, tree.sequence])];
      return;
    case 'release':
      tree.snapshots = tree.snapshots.filter((_, index) => index !== step.choice % tree.snapshots.length);
      return;
    case 'wait':
      tree.nowMs += step.ms;
  }
}

function expectRightAnswers(tree: ModelTree): void {
  for (const sequence of [...tree.snapshots, tree.sequence]) {
    for (let key = 1; key <= KEY_MAX; key++) {
      const sees = tree.read(key, sequence);
      const shouldSee = tree.expected(key, sequence);
      if (sees !== shouldSee) expect({ key, sequence, sees }).toEqual({ key, sequence, sees: shouldSee });
    }
  }
}

function finishAll(tree: ModelTree): void {
  while (tree.running.length > 0) tree.finish(0);
}

/** Does all there is to do; fails if that does not end. */
function settle(tree: ModelTree): void {
  finishAll(tree);
  for (let count = 0; ; count++) {
    const plan = pickCompaction(tree.shape(), SETTINGS);
    if (plan === undefined) return;
    expect(count, `still ${plan.reason}, a ${plan.kind} into L${plan.outputLevel}`).toBeLessThan(300);
    tree.begin(plan);
    finishAll(tree);
  }
}

describe('the picker, on a tree that compacts for real', () => {
  it('keeps every answer right, whatever runs at once and whenever it ends', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 120, size: 'max' }), (steps) => {
        const tree = new ModelTree(SETTINGS);
        for (const step of steps) {
          take(tree, step);
          if (step.type === 'begin' || step.type === 'finish') expectRightAnswers(tree);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('comes to an end, and leaves a small share above the last level', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 120, size: 'max' }), (steps) => {
        const tree = new ModelTree(SETTINGS);
        for (const step of steps) take(tree, step);
        tree.nowMs += SETTINGS.settleMs;
        settle(tree);
        expectRightAnswers(tree);
        const bytes = tree.version.totals.map(({ storedBytes }) => storedBytes);
        const last = bytes.pop() ?? 0;
        expect(bytes.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(last * SETTINGS.upperShareMax);
      }),
      { numRuns: 60 },
    );
  });

  it('compacts a range by hand until each key is there once and no tombstone is', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 80, size: 'max' }), anyKey, anyKey, (steps, a, b) => {
        const tree = new ModelTree(SETTINGS);
        for (const step of steps) take(tree, step);
        finishAll(tree);
        tree.snapshots = [];
        const bounds = { start: keyBytes(Math.min(a, b)), end: keyBytes(Math.max(a, b) + 1) };
        const range = { bounds, sequenceMax: tree.sequence, numberEnd: tree.nextNumber };
        for (let count = 0; ; count++) {
          const step = pickManual(tree.shape(), range, SETTINGS);
          expect(step.kind).not.toBe('blocked');
          if (step.kind !== 'plan') break;
          expect(count).toBeLessThan(200);
          tree.begin(step.plan);
          finishAll(tree);
        }
        expectRightAnswers(tree);
        for (const [level, tables] of tree.version.levels.entries()) {
          const within = tables.filter(
            ({ smallestKey, largestKey, isLargestKeyExclusive }) =>
              smallestKey[0] <= Math.max(a, b) && largestKey[0] >= Math.min(a, b) + (isLargestKeyExclusive ? 1 : 0),
          );
          if (level < 6) expect(within).toEqual([]);
          for (const table of within) {
            expect(table.tombstoneCount + table.rangeDeleteCount).toBe(0);
            expect(table.keyCount).toBe(table.entryCount);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
