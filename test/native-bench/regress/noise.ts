import { Prng } from '../../../src/base/prng.js';

/** Logarithms of ratios as noisy machines give them, by seed. */
export class Noise {
  readonly #random: Prng;

  constructor(seed: number) {
    this.#random = new Prng(seed);
  }

  uniform(): number {
    return (this.#random.nextUint32() + 0.5) / 2 ** 32;
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Log-normal ratios: a spread of 0.05 is 5 %. */
  logNormal(count: number, center: number, spread: number): number[] {
    return Array.from({ length: count }, () => center + spread * this.normal());
  }

  /** One pair in eight is spoiled by something else on the machine, on either side, by up to a factor of 2. */
  withOutliers(count: number, center: number, spread: number): number[] {
    return this.logNormal(count, center, spread).map((value) =>
      this.uniform() < 1 / 8 ? value + (this.uniform() - 0.5) * 2 * Math.LN2 : value,
    );
  }

  /** The machine gets slower with every process, measured A B B A …: what is second in a pair suffers. */
  withDrift(count: number, center: number, spread: number): number[] {
    return this.logNormal(count, center, spread).map((value, index) => value + (index % 2 === 0 ? 0.02 : -0.02));
  }
}

export const KINDS = ['logNormal', 'withOutliers', 'withDrift'] as const;
