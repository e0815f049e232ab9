import { Prng } from '../../../src/base/prng.js';
import { smallSampleFactor } from './student.js';

/** Of each end so much is left out: a pair that a neighbour spoiled must not move the result. */
const TRIMMED_SHARE = 0.2;
const RESAMPLES = 4000;

export function trimmedMean(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  return trimmedMeanOf(sorted, new Uint16Array(sorted.length).fill(1));
}

/** The trimmed mean of a sample that holds `sorted[i]` `counts[i]` times, as many in all as `sorted` has: nothing is sorted again. */
function trimmedMeanOf(sorted: Float64Array, counts: Uint16Array): number {
  const cut = Math.floor(sorted.length * TRIMMED_SHARE);
  const end = sorted.length - cut;
  let sum = 0;
  let rank = 0;
  for (let i = 0; rank < end; i++) {
    const next = rank + counts[i];
    const taken = Math.min(next, end) - Math.max(rank, cut);
    if (taken > 0) sum += taken * sorted[i];
    rank = next;
  }
  return sum / (end - cut);
}

/** The trimmed mean of resamples, in ascending order: what else could have been measured. One seed gives one result. */
export class Bootstrap {
  readonly center: number;
  readonly #resampled: Float64Array;
  readonly #degrees: number;

  constructor(values: readonly number[], seed: number) {
    this.center = trimmedMean(values);
    this.#degrees = Math.max(1, values.length - 2 * Math.floor(values.length * TRIMMED_SHARE) - 1);
    this.#resampled = resampledMeans(Float64Array.from(values).sort(), new Prng(seed));
  }

  /** The true value lies below with the chance `tail` at most. */
  lower(tail: number): number {
    return this.#bound(Math.floor(tail * (RESAMPLES - 1)), tail);
  }

  upper(tail: number): number {
    return this.#bound(Math.ceil((1 - tail) * (RESAMPLES - 1)), tail);
  }

  /** The percentile, moved away from the center as Student's distribution is wider than the normal one. */
  #bound(rank: number, tail: number): number {
    return this.center + (this.#resampled[rank] - this.center) * smallSampleFactor(tail, this.#degrees);
  }
}

function resampledMeans(sorted: Float64Array, random: Prng): Float64Array {
  const means = new Float64Array(RESAMPLES);
  const counts = new Uint16Array(sorted.length);
  for (let i = 0; i < RESAMPLES; i++) {
    counts.fill(0);
    for (let draw = 0; draw < sorted.length; draw++) counts[random.below(sorted.length)]++;
    means[i] = trimmedMeanOf(sorted, counts);
  }
  return means.sort();
}
