import type { LookPlan } from './looks.js';
import { signedRankPValue } from './signed-rank.js';
import { Bootstrap } from './trimmed-mean.js';

/**
 * `slower`: beyond the threshold, and surely so. `faster`: likewise. `same`: a slowdown beyond the threshold is excluded. `unclear`: it
 * is not, but one that must be seen is. `noisy`: not even that.
 */
export type Verdict = 'slower' | 'faster' | 'same' | 'unclear' | 'noisy';

export interface JudgeSettings {
  readonly plan: LookPlan;
  /** A ratio: 1.05 lets pass what is up to 5 % slower. */
  readonly thresholdRatio: number;
  /** A slowdown of so much must be excluded for a figure to count as judged. */
  readonly mustSeeRatio: number;
  readonly seed: number;
}

/** All as ratios of what an operation takes: 1.2 is 20 % more than before. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly pairs: number;
  readonly ratio: number;
  /** The bounds that alarms are judged by: corrected for all figures and looks, so wider than those of one figure alone. */
  readonly low: number;
  readonly high: number;
  /** What the ratio lies below with 95 %: by this a figure passes. */
  readonly passBound: number;
  /** Of the signed-rank test, for slower; not corrected for anything. */
  readonly pValue: number;
  /** The least slowdown that these pairs would have raised an alarm for. */
  readonly smallestSeen: number;
}

/** Passing by mistake costs less than a false alarm, and is looked at figure by figure. */
const PASS_TAIL = 0.05;

interface Measured {
  readonly bootstrap: Bootstrap;
  readonly logRatios: readonly number[];
  readonly slowerP: number;
  readonly fasterP: number;
}

/**
 * Judges all figures of a run together, each by the logarithms of its ratios, candidate over base, one a pair. An alarm takes both: the
 * interval beyond the threshold, and the signed-rank test against chance, Holm's step-down over all figures.
 */
export function judgeAll(figures: readonly (readonly number[])[], settings: JudgeSettings): Judgement[] {
  const measured = figures.map((logRatios, index) => measureFigure(logRatios, settings.seed + index));
  const isSlower = holm(
    measured.map(({ slowerP, logRatios }) => canAlarm(logRatios, settings) && slowerP),
    settings,
  );
  const isFaster = holm(
    measured.map(({ fasterP, logRatios }) => canAlarm(logRatios, settings) && fasterP),
    settings,
  );
  return measured.map((figure, index) => judgeOne(figure, isSlower[index], isFaster[index], settings));
}

function measureFigure(logRatios: readonly number[], seed: number): Measured {
  return {
    bootstrap: new Bootstrap(logRatios, seed),
    logRatios,
    slowerP: signedRankPValue(logRatios),
    fasterP: signedRankPValue(logRatios.map((value) => -value)),
  };
}

function canAlarm(logRatios: readonly number[], { plan }: JudgeSettings): boolean {
  return logRatios.length >= plan.alarmPairsMin;
}

/** `plan.tail` is for the first of all figures; each that is found leaves the others more. False: not looked at yet. */
function holm(pValues: readonly (number | false)[], { plan }: JudgeSettings): boolean[] {
  const order = pValues.map((_, index) => index).sort((a, b) => (pValues[a] || 1) - (pValues[b] || 1));
  const isFound = pValues.map(() => false);
  for (const [found, index] of order.entries()) {
    const pValue = pValues[index];
    if (pValue === false || pValue > (plan.tail * pValues.length) / (pValues.length - found)) break;
    isFound[index] = true;
  }
  return isFound;
}

function judgeOne(
  { bootstrap, logRatios, slowerP }: Measured,
  isSlower: boolean,
  isFaster: boolean,
  settings: JudgeSettings,
): Judgement {
  const threshold = Math.log(settings.thresholdRatio);
  const low = bootstrap.lower(settings.plan.tail);
  const high = bootstrap.upper(settings.plan.tail);
  const passBound = bootstrap.upper(PASS_TAIL);
  const figures = {
    pairs: logRatios.length,
    ratio: Math.exp(bootstrap.center),
    low: Math.exp(low),
    high: Math.exp(high),
    passBound: Math.exp(passBound),
    pValue: slowerP,
    smallestSeen: Math.exp(smallestShiftSeen(logRatios, bootstrap, settings)),
  };
  if (isSlower && low > threshold) return { verdict: 'slower', ...figures };
  if (isFaster && high < -threshold) return { verdict: 'faster', ...figures };
  if (passBound < threshold) return { verdict: 'same', ...figures };
  return { verdict: passBound < Math.log(settings.mustSeeRatio) ? 'unclear' : 'noisy', ...figures };
}

/** How far these pairs, their middle moved to 0, must be moved up to raise an alarm. Their spread stays. */
function smallestShiftSeen(logRatios: readonly number[], bootstrap: Bootstrap, settings: JudgeSettings): number {
  const { plan, thresholdRatio } = settings;
  const ofInterval = Math.log(thresholdRatio) + bootstrap.center - bootstrap.lower(plan.tail);
  const centered = logRatios.map((value) => value - bootstrap.center);
  // All on one side gives the least chance there is; where even that is not enough, more pairs are needed.
  let high = Math.max(0, ...centered.map((value) => -value)) + 1e-9;
  if (signedRankPValue(centered.map((value) => value + high)) > plan.tail) return Number.POSITIVE_INFINITY;
  let low = 0;
  for (let step = 0; step < 12; step++) {
    const middle = (low + high) / 2;
    if (signedRankPValue(centered.map((value) => value + middle)) > plan.tail) low = middle;
    else high = middle;
  }
  return Math.max(ofInterval, high);
}
