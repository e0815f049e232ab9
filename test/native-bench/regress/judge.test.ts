import { describe, expect, it } from 'vitest';
import { type JudgeSettings, judgeAll } from '../../../native-bench/regress/statistics/judge.js';
import { planLooks } from '../../../native-bench/regress/statistics/looks.js';
import { KINDS, Noise } from './noise.js';

/** As by default: eight workloads, two figures each. */
const FIGURES = 16;
const PAIRS_MAX = 27;

function settingsFor(thresholdRatio: number, alpha = 0.05): JudgeSettings {
  const plan = planLooks(5, PAIRS_MAX, alpha, FIGURES);
  if (plan === undefined) throw new Error('no plan');
  return { plan, thresholdRatio, mustSeeRatio: 1.2, seed: 1 };
}

/** Whether any of the figures would raise an alarm at any of the looks that can raise one. */
function raisesAlarm(figures: readonly (readonly number[])[], settings: JudgeSettings): boolean {
  const looks = settings.plan.looks.filter((look) => look >= settings.plan.alarmPairsMin);
  return looks.some((look) =>
    judgeAll(
      figures.map((logRatios) => logRatios.slice(0, look)),
      settings,
    ).some(({ verdict }) => verdict === 'slower'),
  );
}

describe('judging', () => {
  it('finds a slowdown among figures that are the same, and names no other', () => {
    const noise = new Noise(11);
    const figures = Array.from({ length: FIGURES }, () => noise.logNormal(18, 0, 0.02));
    figures[3] = noise.logNormal(18, Math.log(1.2), 0.05);
    figures[4] = noise.logNormal(18, -Math.log(1.3), 0.05);
    const verdicts = judgeAll(figures, settingsFor(1.05)).map(({ verdict }) => verdict);
    expect(verdicts.map((verdict, index) => [index, verdict]).filter(([, verdict]) => verdict !== 'same')).toEqual([
      [3, 'slower'],
      [4, 'faster'],
    ]);
  });

  it('raises no alarm for what is slower within the threshold, however sure it is', () => {
    const [judgement] = judgeAll([new Noise(5).logNormal(18, Math.log(1.03), 0.001)], settingsFor(1.05));
    expect(judgement.verdict).toBe('same');
    expect(judgement.pValue).toBe(2 ** -18);
    expect(judgement.ratio).toBeCloseTo(1.03, 2);
  });

  it('raises no alarm before there are enough pairs to be sure', () => {
    const slow = [Array.from({ length: 8 }, () => Math.log(2))];
    expect(judgeAll(slow, settingsFor(1.05))[0].verdict).toBe('noisy');
  });

  it('says unclear where the threshold is not excluded, noisy where even 20 % is not', () => {
    const alternating = (spread: number): number[] =>
      Array.from({ length: 18 }, (_, index) => (index % 2 === 0 ? spread : -spread));
    const [unclear, noisy] = judgeAll([alternating(0.2), alternating(0.6)], settingsFor(1.05));
    expect(unclear.verdict).toBe('unclear');
    expect(noisy.verdict).toBe('noisy');
  });

  it('tells the least slowdown that it would have seen: more raises an alarm, less does not', () => {
    const settings = settingsFor(1.05);
    for (let seed = 0; seed < 20; seed++) {
      const values = new Noise(seed).withOutliers(18, 0, 0.05);
      const [{ smallestSeen, ratio }] = judgeAll([values], settings);
      const slowedBy = (percent: number): string => {
        const shift = Math.log(smallestSeen) - Math.log(ratio) + Math.log(1 + percent / 100);
        return judgeAll([values.map((value) => value + shift)], settings)[0].verdict;
      };
      // One figure alone is judged by Holm with the whole tail, so it is only the interval that must agree from below.
      expect(slowedBy(0.1)).toBe('slower');
    }
  });

  it.each(KINDS)('raises no more alarms on equal builds than it may: %s', (kind) => {
    // Without the threshold, which else keeps all alarms away, and with a high chance, so that there is something to count.
    const settings = settingsFor(1, 0.2);
    const noise = new Noise(1);
    const runs = 15;
    let alarms = 0;
    for (let run = 0; run < runs; run++) {
      const figures = Array.from({ length: FIGURES }, () => noise[kind](PAIRS_MAX, 0, 0.06));
      if (raisesAlarm(figures, settings)) alarms++;
    }
    expect(alarms / runs).toBeLessThanOrEqual(0.2);
  });

  it.each(KINDS)('raises none in ten runs with the usual threshold: %s', (kind) => {
    const noise = new Noise(2);
    for (let run = 0; run < 10; run++) {
      const figures = Array.from({ length: FIGURES }, () => noise[kind](PAIRS_MAX, 0, 0.08));
      expect(raisesAlarm(figures, settingsFor(1.05))).toBe(false);
    }
  });

  it.each([
    ['logNormal', 0.06, 1],
    ['logNormal', 0.1, 0.95],
    ['withDrift', 0.06, 1],
    ['withOutliers', 0.06, 0.85],
  ] as const)('sees what is slower by a fifth: %s of %s, in a share of %s', (kind, spread, share) => {
    const noise = new Noise(3);
    const runs = 40;
    let seen = 0;
    for (let run = 0; run < runs; run++) {
      if (raisesAlarm([noise[kind](PAIRS_MAX, Math.log(1.2), spread)], settingsFor(1.05))) seen++;
    }
    expect(seen / runs).toBeGreaterThanOrEqual(share);
  });

  it.each(KINDS)('lets nothing pass that is slower by a fifth: %s', (kind) => {
    const noise = new Noise(4);
    const settings = settingsFor(1.05);
    for (let run = 0; run < 40; run++) {
      const slow = noise[kind](PAIRS_MAX, Math.log(1.2), 0.06);
      for (const look of settings.plan.looks) {
        expect(judgeAll([slow.slice(0, look)], settings)[0].verdict).not.toBe('same');
      }
    }
  });
});
