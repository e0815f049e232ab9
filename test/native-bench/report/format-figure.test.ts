import { expect, test } from 'vitest';
import { formatFigure, formatRange, formatRatio, formatUs } from '../../../native-bench/report/format-figure.js';

test('figures have the digits that count', () => {
  expect([1_234_567.8, 123.4, 12.34, 1.234, 0, Number.NaN].map(formatFigure)).toEqual([
    ...['1,234,568', '123', '12.3', '1.23', '0', ''],
  ]);
});

test('a latency has the unit that reads best', () => {
  expect([0.4, 999, 1500, 2.5e6, undefined].map(formatUs)).toEqual(['0.40 µs', '999 µs', '1.50 ms', '2.50 s', '']);
});

test('a spread is shown where there were rounds to spread over', () => {
  expect(formatRange({ median: 2, min: 1, max: 3 }, 3)).toBe('1.00–3.00');
  expect(formatRange({ median: 2, min: 2, max: 2 }, 1)).toBe('');
  expect(formatRatio({ median: 2, min: 1, max: 3 })).toBe('2.00 × (1.00–3.00)');
  expect(formatRatio({ median: 2, min: 2, max: 2 })).toBe('2.00 ×');
});
