import { describe, expect, it } from 'vitest';
import { changeOf, compareProfiles } from '../../src/profile/flame-difference.js';
import { extentOf, layOut } from '../../src/profile/flame-layout.js';
import { type FlameNode, foldProfile, phaseShares } from '../../src/profile/flame-tree.js';
import { profileOf, weighted } from './stacks.js';

const FLUSH = 'runFlush@src/jobs/flush-job.js#10';

function at(root: FlameNode, ...path: string[]): FlameNode {
  return path.reduce<FlameNode>((node, key) => {
    const child = node.children.get(key);
    if (child === undefined) throw new Error(`no ${key} below ${node.label}: ${[...node.children.keys()]}`);
    return child;
  }, root);
}

describe('folding', () => {
  const root = foldProfile(
    profileOf({
      'opening thread': [weighted('main@app.js', 5), weighted('main@app.js > get@src/engine/steme-database.js', 20)],
      'worker 1': [weighted(FLUSH, 30), weighted(`${FLUSH} > add@src/table/table-writer.js#7`, 45)],
    }),
  );

  it('adds what stacks have in common, below their thread and phase', () => {
    expect(root.weight).toBe(100);
    expect(at(root, 'opening thread').weight).toBe(25);
    expect(at(root, 'opening thread', 'program', 'main app.js').weight).toBe(5);
    expect(at(root, 'worker 1', 'flush', 'runFlush src/jobs/flush-job.js:10').weight).toBe(75);
    expect(
      at(root, 'worker 1', 'flush', 'runFlush src/jobs/flush-job.js:10', 'add src/table/table-writer.js:7').weight,
    ).toBe(45);
  });

  it('tells what each phase took, the most first', () => {
    expect(phaseShares(root).map(({ phase, weight }) => [phase, weight])).toEqual([
      ['flush', 75],
      ['point read', 20],
      ['program', 5],
    ]);
  });

  it('lays boxes within those above them, and leaves out what cannot be seen', () => {
    const boxes = layOut(root, 0.1);
    expect(boxes[0]).toMatchObject({ depth: 0, start: 0, width: 1 });
    expect(boxes.map(({ node }) => node.label)).not.toContain('program');
    for (const { node, depth, start, width } of boxes) {
      const above = boxes.filter(
        (box) => box.depth === depth - 1 && box.start <= start && box.start + box.width >= start + width - 1e-9,
      );
      expect(width).toBeCloseTo(extentOf(node) / 100);
      if (depth > 0) expect(above).toHaveLength(1);
    }
  });

  it('of nothing is one box', () => {
    expect(layOut(foldProfile(profileOf({})), 0.1)).toHaveLength(1);
  });
});

describe('a comparison', () => {
  const before = profileOf({ t: [weighted('a@app.js#1', 100), weighted('b@app.js#2', 100)] }, { operations: 100 });
  const after = profileOf({ t: [weighted('a@app.js#9', 300), weighted('c@app.js#2', 100)] }, { operations: 200 });

  it('is of one operation, whatever the length of the runs and wherever a function has moved', () => {
    const { root, per } = compareProfiles(before, after);
    expect(per).toBe('operation');
    expect(root).toMatchObject({ weightBefore: 2, weight: 2 });
    expect(at(root, 't', 'program', 'a app.js')).toMatchObject({ weightBefore: 1, weight: 1.5 });
    expect(at(root, 't', 'program', 'b app.js')).toMatchObject({ weightBefore: 1, weight: 0 });
    expect(at(root, 't', 'program', 'c app.js')).toMatchObject({ weightBefore: 0, weight: 0.5 });
  });

  it('is of shares where operations are not counted', () => {
    const { root, per } = compareProfiles({ ...before, operations: undefined }, after);
    expect(per).toBe('total');
    expect(at(root, 't', 'program', 'a app.js')).toMatchObject({ weightBefore: 0.5, weight: 0.75 });
  });

  it('of a profile with itself finds no change anywhere', () => {
    const visit = (node: FlameNode): void => {
      expect(changeOf(node)).toBeCloseTo(0);
      for (const child of node.children.values()) visit(child);
    };
    visit(compareProfiles(before, before).root);
  });

  it('of something with nothing is full', () => {
    expect(changeOf({ weight: 3, weightBefore: 0 })).toBe(1);
    expect(changeOf({ weight: 0, weightBefore: 3 })).toBe(-1);
    expect(changeOf({ weight: 0, weightBefore: 0 })).toBe(0);
  });

  it('of two kinds is refused', () => {
    const bytes = profileOf({}, { kind: 'alloc', unit: 'bytes' });
    expect(() => compareProfiles(before, bytes)).toThrow(/two kinds/);
  });
});
