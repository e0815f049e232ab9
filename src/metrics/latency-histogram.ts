/** Eight buckets an octave: a quantile is off by at most about 9 %. From one microsecond to a bit over an hour. */
const BUCKETS_PER_OCTAVE = 8;
const OCTAVES = 32;
const SMALLEST_MS = 0.001;

/** Counts of durations in fixed logarithmic buckets: constant memory however long the database is open. */
export class LatencyHistogram {
  readonly #buckets = new Float64Array(BUCKETS_PER_OCTAVE * OCTAVES);
  #count = 0;
  #totalMs = 0;
  #maxMs = 0;

  record(ms: number): void {
    const octave = Math.log2(Math.max(ms, SMALLEST_MS) / SMALLEST_MS);
    const bucket = Math.min(Math.floor(octave * BUCKETS_PER_OCTAVE), this.#buckets.length - 1);
    this.#buckets[bucket]++;
    this.#count++;
    this.#totalMs += ms;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  get count(): number {
    return this.#count;
  }

  get totalMs(): number {
    return this.#totalMs;
  }

  get maxMs(): number {
    return this.#maxMs;
  }

  /** The upper edge of the bucket that holds the quantile, never above the largest value seen; 0 without values. */
  quantileMs(quantile: number): number {
    let remaining = Math.ceil(this.#count * quantile);
    if (remaining === 0) return 0;
    for (let bucket = 0; bucket < this.#buckets.length; bucket++) {
      remaining -= this.#buckets[bucket];
      if (remaining <= 0) return Math.min(SMALLEST_MS * 2 ** ((bucket + 1) / BUCKETS_PER_OCTAVE), this.#maxMs);
    }
    return this.#maxMs;
  }
}
