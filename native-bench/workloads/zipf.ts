import type { Prng } from '../../src/base/prng.js';

/** YCSB's constant: the most popular of n items is asked for n^0.99 times as often as the least. */
const THETA = 0.99;
const ALPHA = 1 / (1 - THETA);
const ZETA_OF_2 = 1 + 0.5 ** THETA;

/** Ranks from 0 on, popular ones first, after Gray et al., "Quickly generating billion-record synthetic databases". */
export class Zipf {
  readonly #random: Prng;
  #count = 0;
  #zeta = 0;
  #eta = 0;

  /** `zeta` spares the sum over all `count` items where it is known. */
  constructor(random: Prng, count: number, zeta?: number) {
    this.#random = random;
    if (zeta === undefined) this.grow(count);
    else this.#resize(count, zeta);
  }

  /** There are `count` items from now on, which may only become more. */
  grow(count: number): void {
    if (count <= this.#count) return;
    let zeta = this.#zeta;
    for (let rank = this.#count + 1; rank <= count; rank++) zeta += rank ** -THETA;
    this.#resize(count, zeta);
  }

  next(): number {
    const uniform = nextFraction(this.#random);
    const scaled = uniform * this.#zeta;
    if (scaled < 1) return 0;
    if (scaled < ZETA_OF_2) return 1;
    const rank = Math.floor(this.#count * (this.#eta * uniform - this.#eta + 1) ** ALPHA);
    return Math.min(rank, this.#count - 1);
  }

  #resize(count: number, zeta: number): void {
    this.#count = count;
    this.#zeta = zeta;
    this.#eta = (1 - (2 / count) ** (1 - THETA)) / (1 - ZETA_OF_2 / zeta);
  }
}

/** With all 53 bits: the tail of ten billion ranks needs more than 32. */
function nextFraction(random: Prng): number {
  const high = random.nextUint32() >>> 5;
  const low = random.nextUint32() >>> 6;
  return (high * 2 ** 26 + low) / 2 ** 53;
}
