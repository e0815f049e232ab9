/**
 * Wilcoxon's signed-rank test, exact: the chance that values whose signs are tosses of a coin lie so far above 0, or further. The signs
 * are such tosses when two equal builds are measured in balanced order, whatever the distribution of the noise is.
 */
export function signedRankPValue(values: readonly number[]): number {
  const nonZero = values.filter((value) => value !== 0);
  if (nonZero.length === 0) return 1;
  const ranks = doubledRanks(nonZero.map(Math.abs));
  const positive = ranks.reduce((sum, rank, index) => (nonZero[index] > 0 ? sum + rank : sum), 0);
  const waysOfSum = waysToReachSums(ranks);
  let ways = 0;
  for (let sum = positive; sum < waysOfSum.length; sum++) ways += waysOfSum[sum];
  return ways / 2 ** nonZero.length;
}

/** The smallest chance that the test can give for so many values: all of them on one side. */
export function signedRankPValueMin(count: number): number {
  return 2 ** -count;
}

/** Ranks from 1 on, equal values share the middle of theirs; twice that, so that all are whole. */
function doubledRanks(values: readonly number[]): number[] {
  const order = values.map((_, index) => index).sort((a, b) => values[a] - values[b]);
  const ranks = new Array<number>(values.length);
  for (let first = 0; first < order.length; ) {
    let end = first + 1;
    while (end < order.length && values[order[end]] === values[order[first]]) end++;
    for (let i = first; i < end; i++) ranks[order[i]] = first + 1 + end;
    first = end;
  }
  return ranks;
}

/** By sum: how many choices of signs make the ranks of the positive ones add up to it. Exact up to 52 values. */
function waysToReachSums(ranks: readonly number[]): Float64Array {
  const total = ranks.reduce((sum, rank) => sum + rank, 0);
  const ways = new Float64Array(total + 1);
  ways[0] = 1;
  for (const rank of ranks) {
    for (let sum = total; sum >= rank; sum--) ways[sum] += ways[sum - rank];
  }
  return ways;
}
