import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes } from '../../src/base/bytes.js';
import type { CompactionPlan } from '../../src/compaction/compaction-plan.js';
import { COMPACTION_DEFAULTS } from '../../src/compaction/compaction-settings.js';
import { inputsAt } from '../../src/compaction/make-plan.js';
import { splitPlan } from '../../src/compaction/split.js';
import type { TableMetadata } from '../../src/table/table-metadata.js';
import { plain, shape } from './shapes.js';

const text = new TextDecoder();

function plan(l0: readonly TableMetadata[], base: readonly TableMetadata[], outputLevel = 5): CompactionPlan {
  const inputs = [...inputsAt(0, l0), ...inputsAt(outputLevel, base)];
  return { kind: 'merge', reason: 'l0', inputs, outputLevel, score: 1 };
}

function partsOf(
  l0: readonly TableMetadata[],
  base: readonly TableMetadata[],
  last: readonly TableMetadata[],
  parts: number,
) {
  const tree = shape({ 0: l0, 5: base, 6: last });
  return splitPlan(tree.levels, plan(l0, base), parts, COMPACTION_DEFAULTS);
}

function shown(parts: ReturnType<typeof splitPlan>): string[] {
  return parts.map(({ start, end }) => `${start ? text.decode(start) : ''}..${end ? text.decode(end) : ''}`);
}

const keys = 'abcdefghijklmnop'.split('');
const base = keys.map((key, index) => plain(index + 1, key, `${key}z`, 64));

describe('parts of a compaction', () => {
  it('are one, if it is small', () => {
    expect(partsOf([plain(99, 'a', 'z', 64)], base.slice(0, 2), [], 4)).toEqual([{}]);
  });

  it('are one, if it stays in L0', () => {
    const tables = [plain(99, 'a', 'z', 800), plain(98, 'a', 'z', 800)];
    const merge: CompactionPlan = { ...plan(tables, []), outputLevel: 0 };
    expect(splitPlan(shape({ 0: tables, 6: base }).levels, merge, 4, COMPACTION_DEFAULTS)).toEqual([{}]);
  });

  it('hold about the same bytes each', () => {
    expect(shown(partsOf([plain(99, 'a', 'z', 64)], base, [], 4))).toEqual(['..e', 'e..i', 'i..m', 'm..']);
  });

  it('are cut where tables of the level behind begin, if the output level is empty', () => {
    const l0 = [98, 97, 96, 95].map((number) => plain(number, 'a', 'z', 64));
    expect(shown(partsOf(l0, [], base, 2))).toEqual(['..i', 'i..']);
  });

  it('are as many as there are cuts, if there are few', () => {
    const l0 = [98, 97, 96, 95].map((number) => plain(number, 'a', 'z', 256));
    expect(shown(partsOf(l0, [], [plain(1, 'a', 'f', 64), plain(2, 'g', 'z', 64)], 4))).toEqual(['..g', 'g..']);
  });

  it('cover the whole key space, one after the other, however the tables lie', () => {
    const anyTable = fc.tuple(
      fc.integer({ min: 0, max: 14 }),
      fc.integer({ min: 0, max: 14 }),
      fc.integer({ min: 1, max: 600 }),
    );
    fc.assert(
      fc.property(fc.array(anyTable, { minLength: 1 }), fc.integer({ min: 1, max: 8 }), (tables, partsMax) => {
        const l0 = tables.map(([a, b, mib], index) =>
          plain(100 + index, keys[Math.min(a, b)], `${keys[Math.max(a, b)]}z`, mib),
        );
        const parts = partsOf(l0, base.slice(3, 9), base, partsMax);
        expect(parts.length).toBeLessThanOrEqual(partsMax);
        expect(parts[0].start).toBeUndefined();
        expect(parts.at(-1)?.end).toBeUndefined();
        for (let i = 1; i < parts.length; i++) {
          expect(parts[i].start).toEqual(parts[i - 1].end);
          if (i > 1) expect(compareBytes(parts[i - 1].start ?? keysEnd, parts[i].start ?? keysEnd)).toBeLessThan(0);
        }
      }),
    );
  });
});

const keysEnd = Uint8Array.of(255);
