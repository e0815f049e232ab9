import { describe, expect, test } from 'vitest';
import { BUDGETS } from '../../../native-bench/micro/budgets.js';
import {
  formatNs,
  formatResults,
  formatSummary,
  groupOf,
  judge,
  type MicroResult,
  toJson,
} from '../../../native-bench/micro/micro-result.js';

function result(name: string, p50Ns: number): MicroResult {
  return { name, figures: { p50Ns, p99Ns: 2 * p50Ns, meanNs: 1.5 * p50Ns, marginPercent: 1.25, sampleCount: 100 } };
}

const filterNs = BUDGETS['filter/hit']?.ns ?? Number.NaN;
const unavailable: MicroResult = { name: 'file/map-4k-hot', unavailableBecause: 'no addon' };

describe('a micro is judged by its median', () => {
  test('within its budget up to the budget itself', () => {
    expect(judge(result('filter/hit', filterNs))).toBe('within');
    expect(judge(result('filter/hit', filterNs + 0.1))).toBe('OVER');
  });

  test('what has no budget is an alternative', () => {
    expect(judge(result('crc32c/zlib-crc32-64', 1e9))).toBe('alternative');
  });

  test('what the machine does not have is not judged', () => {
    expect(judge(unavailable)).toBe('unavailable');
  });
});

describe('what is printed', () => {
  test('a table for each group', () => {
    expect(['crc32c/64', 'memtable/insert/random/10k'].map(groupOf)).toEqual(['crc32c', 'memtable']);
  });

  test('times have three digits', () => {
    const shown = [0.5, 8.521, 9.996, 43.25, 431.4, 999.4, 999.6, 1270, 17_040, 164_321, 2_500_000].map(formatNs);
    expect(shown).toEqual([
      '0.50 ns',
      '8.52 ns',
      '10.0 ns',
      '43.3 ns',
      '431 ns',
      '999 ns',
      '1.00 µs',
      '1.27 µs',
      '17.0 µs',
      '164 µs',
      '2500 µs',
    ]);
  });

  test('a line for each, with its budget and the verdict', () => {
    const table = formatResults([result('filter/hit', 20), result('filter/miss', 50), unavailable]);
    expect(table.split('\n').map((line) => line.replaceAll(/ {2,}/g, ' | ').trim())).toEqual([
      '| p50 | p99 | mean | ± % | budget | verdict'.trim(),
      expect.stringMatching(/^─/),
      'filter/hit | 20.0 ns | 40.0 ns | 30.0 ns | 1.3 | 35.0 ns | within',
      'filter/miss | 50.0 ns | 100 ns | 75.0 ns | 1.3 | 35.0 ns | OVER',
      'file/map-4k-hot | 1.00 µs | unavailable: no addon',
    ]);
  });

  test('the summary names those over their budgets', () => {
    expect(formatSummary([result('filter/hit', 20)])).toBe('1 within budget, 0 over');
    expect(formatSummary([result('filter/hit', 20), result('filter/miss', 50), unavailable])).toBe(
      '1 within budget, 1 over: filter/miss',
    );
  });

  test('the JSON has budgets and verdicts', () => {
    const { date, micros } = JSON.parse(toJson([result('filter/hit', 20), unavailable], { date: 'today' }));
    expect(date).toBe('today');
    expect(micros).toMatchObject([
      { name: 'filter/hit', figures: { p50Ns: 20 }, budgetNs: filterNs, verdict: 'within' },
      { name: 'file/map-4k-hot', unavailableBecause: 'no addon', budgetNs: 1000, verdict: 'unavailable' },
    ]);
  });
});
