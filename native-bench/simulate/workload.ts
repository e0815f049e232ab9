/**
 * The three workloads, as far as a simulation of metadata needs them: where the keys of a memtable lie, and how many
 * distinct keys a number of writes to the whole key space makes. That count is computed, not sampled.
 */

export const WORKLOAD_NAMES = ['random', 'time-ordered', 'zipf'] as const;
export type WorkloadName = (typeof WORKLOAD_NAMES)[number];

export interface Workload {
  /** A memtable holds keys from a part of the key space, the next one from the part behind; else each from all of it. */
  readonly isOrdered: boolean;
  /** How many distinct keys `writes` writes have, if they fall on the whole key space. */
  readonly distinctKeys: (writes: number) => number;
}

export function workloadOf(name: WorkloadName, keyCount: number): Workload {
  switch (name) {
    case 'time-ordered':
      return { isOrdered: true, distinctKeys: (writes) => Math.min(writes, keyCount) };
    case 'random':
      return { isOrdered: false, distinctKeys: (writes) => -keyCount * Math.expm1(-writes / keyCount) };
    case 'zipf':
      return { isOrdered: false, distinctKeys: zipfDistinctKeys(keyCount) };
  }
}

/** As in YCSB: the key of rank r is written with a probability that falls as 1 / r^0.99. Ranks are scattered over the key space. */
const ZIPF_EXPONENT = 0.99;
/** Ranks are summed up in steps of this ratio, and the results kept for writes in steps of it. */
const RANK_STEP = 1.02;
const WRITES_STEP = 1.05;

function zipfDistinctKeys(keyCount: number): (writes: number) => number {
  const ranks = rankSteps(keyCount);
  const total = ranks.reduce((sum, { rank, count }) => sum + count * rank ** -ZIPF_EXPONENT, 0);
  const kept = new Map<number, number>();
  const distinctAt = (step: number): number => {
    const found = kept.get(step);
    if (found !== undefined) return found;
    const writes = WRITES_STEP ** step;
    // A key with probability p is among them with 1 − e^(−writes · p).
    const keys = ranks.reduce(
      (sum, { rank, count }) => sum - count * Math.expm1((-writes * rank ** -ZIPF_EXPONENT) / total),
      0,
    );
    kept.set(step, keys);
    return keys;
  };
  return (writes) => {
    if (writes <= 1) return writes;
    const position = Math.log(writes) / Math.log(WRITES_STEP);
    const step = Math.floor(position);
    const share = position - step;
    return distinctAt(step) * (1 - share) + distinctAt(step + 1) * share;
  };
}

interface RankStep {
  readonly rank: number;
  readonly count: number;
}

function rankSteps(keyCount: number): RankStep[] {
  const steps: RankStep[] = [];
  for (let first = 1; first <= keyCount; ) {
    const next = Math.min(keyCount + 1, Math.max(first + 1, Math.floor(first * RANK_STEP)));
    steps.push({ rank: (first + next - 1) / 2, count: next - first });
    first = next;
  }
  return steps;
}
