/** A bounded set of measurements: beyond its capacity every second one is dropped and from then on every second skipped. */
export class SampleSet {
  readonly #values: Float64Array;
  #length = 0;
  #stride = 1;
  #skipped = 0;
  #max = 0;
  #total = 0;

  constructor(capacity = 1 << 16) {
    this.#values = new Float64Array(capacity);
  }

  add(value: number): void {
    this.#total++;
    if (value > this.#max) this.#max = value;
    if (++this.#skipped < this.#stride) return;
    this.#skipped = 0;
    if (this.#length === this.#values.length) this.#halve();
    this.#values[this.#length++] = value;
  }

  get count(): number {
    return this.#total;
  }

  get max(): number {
    return this.#max;
  }

  /** `fraction` between 0 and 1; NaN when nothing was measured. */
  quantile(fraction: number): number {
    const sorted = this.#values.slice(0, this.#length).sort();
    if (sorted.length === 0) return Number.NaN;
    return sorted[Math.min(sorted.length - 1, Math.floor(fraction * sorted.length))];
  }

  #halve(): void {
    for (let i = 0; 2 * i < this.#length; i++) this.#values[i] = this.#values[2 * i];
    this.#length >>>= 1;
    this.#stride *= 2;
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The least-squares slope of y over x. */
export function slope(points: readonly { readonly x: number; readonly y: number }[]): number {
  const xMean = points.reduce((sum, point) => sum + point.x, 0) / points.length;
  const yMean = points.reduce((sum, point) => sum + point.y, 0) / points.length;
  let covariance = 0;
  let variance = 0;
  for (const { x, y } of points) {
    covariance += (x - xMean) * (y - yMean);
    variance += (x - xMean) ** 2;
  }
  return variance === 0 ? 0 : covariance / variance;
}
