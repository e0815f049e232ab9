import { signedRankPValueMin } from './signed-rank.js';

const GROWTH = 1.5;

/** When to look whether enough was measured, and how sure a single alarm must be. */
export interface LookPlan {
  /** Counts of pairs, ascending. */
  readonly looks: readonly number[];
  /** Fewer pairs than this raise no alarm: the test cannot be sure enough. */
  readonly alarmPairsMin: number;
  /** What each figure may err by at each look that can raise an alarm. */
  readonly tail: number;
}

/** The numbers of pairs at which results are looked at: each half as many again, up to `pairsMax`. */
export function looksUpTo(pairsMin: number, pairsMax: number): number[] {
  const looks: number[] = [];
  for (let pairs = pairsMin; pairs < pairsMax; pairs = Math.ceil(pairs * GROWTH)) looks.push(pairs);
  return [...looks, pairsMax];
}

/**
 * Shares `alpha`, the chance that a run of equal builds raises any alarm, among all figures and among the looks that can raise one:
 * looking again and again would otherwise find something in the end. Early looks, at which too few pairs were seen to be so sure,
 * take no share: they can only end what is clearly fine. Undefined where `pairsMax` is too few for any alarm.
 */
export function planLooks(
  pairsMin: number,
  pairsMax: number,
  alpha: number,
  figureCount: number,
): LookPlan | undefined {
  const looks = looksUpTo(pairsMin, pairsMax);
  for (let count = looks.length; count > 0; count--) {
    const alarmPairsMin = looks[looks.length - count];
    const tail = alpha / (figureCount * count);
    if (signedRankPValueMin(alarmPairsMin) <= tail) return { looks, alarmPairsMin, tail };
  }
  return undefined;
}

/** The least `pairsMax` with which an alarm is possible at all. */
export function pairsMaxNeeded(alpha: number, figureCount: number): number {
  return Math.ceil(Math.log2(figureCount / alpha));
}
