import { describe, expect, it } from 'vitest';
import { looksUpTo, pairsMaxNeeded, planLooks } from '../../../native-bench/regress/statistics/looks.js';
import { signedRankPValue, signedRankPValueMin } from '../../../native-bench/regress/statistics/signed-rank.js';
import { smallSampleFactor, studentCdf, studentQuantile } from '../../../native-bench/regress/statistics/student.js';
import { Bootstrap, trimmedMean } from '../../../native-bench/regress/statistics/trimmed-mean.js';
import { KINDS, Noise } from './noise.js';

describe("Student's distribution", () => {
  it('has the quantiles of the printed tables', () => {
    expect(studentQuantile(0.05, 1)).toBeCloseTo(6.314, 2);
    expect(studentQuantile(0.025, 4)).toBeCloseTo(2.776, 3);
    expect(studentQuantile(0.005, 9)).toBeCloseTo(3.25, 3);
    expect(studentQuantile(0.025, 200)).toBeCloseTo(1.972, 3);
  });

  it('is symmetric, and half of it lies below 0', () => {
    for (const degrees of [1, 2, 3, 8, 11]) {
      expect(studentCdf(0, degrees)).toBeCloseTo(0.5, 12);
      expect(studentCdf(-1.3, degrees) + studentCdf(1.3, degrees)).toBeCloseTo(1, 12);
    }
  });

  it('widens an interval the more, the fewer values there are', () => {
    expect(smallSampleFactor(0.025, 3)).toBeGreaterThan(smallSampleFactor(0.025, 9));
    expect(smallSampleFactor(0.025, 9)).toBeGreaterThan(1);
  });
});

describe('signed ranks', () => {
  it('give the exact chances of the printed table', () => {
    // n = 5: W+ = 15 in 1 of 32 ways, W+ >= 14 in 2 of 32.
    expect(signedRankPValue([1, 2, 3, 4, 5])).toBe(1 / 32);
    expect(signedRankPValue([-1, 2, 3, 4, 5])).toBe(2 / 32);
    // n = 10, W- = 10, so W+ = 45: 0.0420 one-sided.
    expect(signedRankPValue([1, 2, 3, -4, 5, -6, 7, 8, 9, 10])).toBeCloseTo(0.042, 3);
  });

  it('give all signs on one side the least chance, and none for nothing', () => {
    expect(signedRankPValue([0.1, 0.2, 0.1, 0.3])).toBe(signedRankPValueMin(4));
    expect(signedRankPValue([])).toBe(1);
    expect(signedRankPValue([0, 0])).toBe(1);
    expect(signedRankPValue([-1, -2, -3])).toBe(1);
  });

  it('share the ranks of equal values', () => {
    // |1| twice: ranks 1.5; W+ = 4.5 of {1.5, 1.5, 3}: 2 of 8 assignments reach 4.5, and 1 reaches 6.
    expect(signedRankPValue([1, -1, 2])).toBe(3 / 8);
  });
});

describe('the interval', () => {
  it('has its center at the trimmed mean, which one spoiled pair does not move', () => {
    expect(trimmedMean([1, 2, 3, 4, 1000])).toBe(3);
    expect(new Bootstrap([1, 2, 3, 4, 1000], 1).center).toBe(3);
  });

  it('is the same for the same seed, and moves with its values', () => {
    const values = new Noise(7).logNormal(8, 0, 0.1);
    const one = new Bootstrap(values, 3);
    expect(new Bootstrap(values, 3).lower(0.01)).toBe(one.lower(0.01));
    const moved = new Bootstrap(
      values.map((value) => value + 0.5),
      3,
    );
    expect(moved.lower(0.01)).toBeCloseTo(one.lower(0.01) + 0.5, 9);
    expect(one.lower(0.001)).toBeLessThanOrEqual(one.lower(0.05));
  });

  it.each(KINDS)('covers the true ratio as often as it says: %s', (kind) => {
    for (const pairs of [5, 8, 12, 18]) {
      const noise = new Noise(pairs);
      let covered = 0;
      const runs = 250;
      for (let run = 0; run < runs; run++) {
        const bootstrap = new Bootstrap(noise[kind](pairs, 0.1, 0.06), run);
        if (bootstrap.lower(0.025) <= 0.1 && bootstrap.upper(0.025) >= 0.1) covered++;
      }
      // 95 % are promised; 250 runs are counted to 1.4 % either way.
      expect(covered / runs).toBeGreaterThan(0.91);
    }
  });
});

describe('looks', () => {
  it('come at half as many pairs again', () => {
    expect(looksUpTo(5, 18)).toEqual([5, 8, 12, 18]);
    expect(looksUpTo(5, 5)).toEqual([5]);
    expect(looksUpTo(4, 7)).toEqual([4, 6, 7]);
  });

  it('that are too early for an alarm take no share of the chance for one', () => {
    const plan = planLooks(5, 27, 0.05, 16);
    expect(plan).toEqual({ looks: [5, 8, 12, 18, 27], alarmPairsMin: 12, tail: 0.05 / 48 });
  });

  it('need enough pairs for the number of figures', () => {
    expect(planLooks(5, 6, 0.01, 16)).toBeUndefined();
    const needed = pairsMaxNeeded(0.01, 16);
    expect(planLooks(5, needed, 0.01, 16)).toBeDefined();
    expect(planLooks(5, needed - 1, 0.01, 16)).toBeUndefined();
  });
});
