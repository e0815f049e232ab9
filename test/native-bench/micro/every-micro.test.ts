import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MICROS } from '../../../native-bench/micro/all-micros.js';
import { BUDGETS } from '../../../native-bench/micro/budgets.js';
import { seeAllArrays } from '../../../native-bench/micro/engine-shapes.js';
import { tryMicro } from '../../../native-bench/micro/run-micro.js';
import { selectMicros } from '../../../native-bench/micro/select-micros.js';

/** Enough for what a micro does in one call, and made in milliseconds. */
const ENTRIES_MAX = 2000;

let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'micro-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe('the list of micros', () => {
  test('no name stands twice', () => {
    const names = MICROS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  test('each but the alternatives has a budget, and each budget a micro', () => {
    const ours = MICROS.filter(({ isAlternative }) => isAlternative !== true).map(({ name }) => name);
    expect(Object.keys(BUDGETS).sort()).toEqual(ours.sort());
  });

  test('each budget has a reason', () => {
    for (const budget of Object.values(BUDGETS)) {
      expect(budget?.ns).toBeGreaterThan(0);
      expect(budget?.reason).not.toBe('');
    }
  });
});

describe('every micro runs', () => {
  test.each(MICROS.map((micro) => [micro.name, micro] as const))('%s', async (_, micro) => {
    const sum = await tryMicro(micro, { directory, entriesMax: ENTRIES_MAX });
    if (sum !== undefined) expect(Number.isFinite(sum)).toBe(true);
  });

  test('hits are hits, and misses are misses', async () => {
    const sumOf = async (name: string): Promise<number> => {
      const [micro] = selectMicros(MICROS, [name]);
      return (await tryMicro(micro, { directory, entriesMax: ENTRIES_MAX })) ?? Number.NaN;
    };
    expect(await sumOf('filter/hit')).toBe(500);
    expect(await sumOf('filter/miss')).toBeLessThan(50);
    expect(await sumOf('cache/hit')).toBe(500);
    expect(await sumOf('cache/miss-and-insert')).toBe(500);
    expect(await sumOf('table/get-hit')).toBeGreaterThan(0);
    expect(await sumOf('table/get-miss')).toBe(0);
    expect(await sumOf('memtable/lookup/random/1m')).toBeGreaterThan(0);
  });

  test('what each is prepared with', () => {
    expect(Number.isFinite(seeAllArrays())).toBe(true);
  });
});
