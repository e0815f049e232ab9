import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LatencyHistogram } from '../../src/metrics/latency-histogram.js';

function histogramOf(values: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

describe('a latency histogram', () => {
  it('is all zeros without values', () => {
    const { count, totalMs, maxMs } = new LatencyHistogram();
    expect([count, totalMs, maxMs, new LatencyHistogram().quantileMs(0.99)]).toEqual([0, 0, 0, 0]);
  });

  it('counts, adds up and keeps the largest exactly', () => {
    const histogram = histogramOf([1, 2, 3.5]);
    expect([histogram.count, histogram.totalMs, histogram.maxMs]).toEqual([3, 6.5, 3.5]);
  });

  it('takes values below and above its buckets', () => {
    const histogram = histogramOf([0, -1, 1e-9, 1e12]);
    expect(histogram.count).toBe(4);
    expect(histogram.quantileMs(1)).toBeLessThanOrEqual(1e12);
    expect(histogram.quantileMs(0.25)).toBeLessThanOrEqual(0.0011);
  });

  it('gives quantiles that are never below the true one and at most a bucket above it', () => {
    const values = fc.array(fc.double({ min: 0.001, max: 100_000, noNaN: true }), { minLength: 1, maxLength: 200 });
    const property = fc.property(values, fc.double({ min: 0.01, max: 1, noNaN: true }), (recorded, quantile) => {
      const sorted = recorded.toSorted((a, b) => a - b);
      const exact = sorted[Math.ceil(sorted.length * quantile) - 1];
      const found = histogramOf(recorded).quantileMs(quantile);
      expect(found).toBeGreaterThanOrEqual(exact * (1 - 1e-9));
      expect(found).toBeLessThanOrEqual(exact * 2 ** (1 / 8) * (1 + 1e-9));
    });
    fc.assert(property, { seed: 1, numRuns: 300 });
  });
});
