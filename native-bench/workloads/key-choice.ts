import type { Prng } from '../../src/base/prng.js';
import { fnv64Below } from './fnv64.js';
import { KEY_BYTES, type RecordSource } from './workload.js';
import { Zipf } from './zipf.js';

/** Which record the next operation is about, by index. */
export interface KeyChoice {
  next(): number;
}

export class UniformChoice implements KeyChoice {
  readonly #random: Prng;
  readonly #first: number;
  readonly #count: number;

  constructor(random: Prng, first: number, count: number) {
    this.#random = random;
    this.#first = first;
    this.#count = count;
  }

  next(): number {
    return this.#first + this.#random.below(this.#count);
  }
}

/** YCSB draws from so many ranks however many records there are, and folds them onto the records. */
const SCRAMBLED_RANKS = 10_000_000_000;
const ZETA_OF_SCRAMBLED_RANKS = 26.46902820178302;

/** A few records are asked for most of the time, and they lie anywhere. */
export class ScrambledZipfChoice implements KeyChoice {
  readonly #zipf: Zipf;
  readonly #count: number;

  constructor(random: Prng, count: number) {
    this.#zipf = new Zipf(random, SCRAMBLED_RANKS, ZETA_OF_SCRAMBLED_RANKS);
    this.#count = count;
  }

  next(): number {
    return fnv64Below(this.#zipf.next(), this.#count);
  }
}

/** The newest record is the most popular one. */
export class LatestChoice implements KeyChoice {
  readonly #zipf: Zipf;
  readonly #count: () => number;

  /** `count` says how many records may be asked for at the moment. */
  constructor(random: Prng, count: () => number) {
    this.#zipf = new Zipf(random, count());
    this.#count = count;
  }

  next(): number {
    const count = this.#count();
    this.#zipf.grow(count);
    return count - 1 - this.#zipf.next();
  }
}

/** So many keys touch nearly every block of a million records. */
const RING_KEYS_MAX = 1 << 17;

/**
 * Keys made before the clock runs and handed out in turn: to make one takes a tenth of a microsecond, a good part of the fastest
 * reads.
 */
export class KeyRing {
  readonly #keys: readonly Buffer[];
  #at = 0;

  constructor(records: RecordSource, choice: KeyChoice, keyCount: number) {
    const bytes = Buffer.allocUnsafeSlow(keyCount * KEY_BYTES);
    this.#keys = Array.from({ length: keyCount }, (_, i) => {
      const key = bytes.subarray(i * KEY_BYTES, (i + 1) * KEY_BYTES);
      records.key(choice.next()).copy(key);
      return key;
    });
  }

  /** As many keys as are worth their memory, and no more than there are records. */
  static over(records: RecordSource, choice: KeyChoice, recordCount: number): KeyRing {
    return new KeyRing(records, choice, Math.min(recordCount, RING_KEYS_MAX));
  }

  get length(): number {
    return this.#keys.length;
  }

  next(): Buffer {
    if (this.#at === this.#keys.length) this.#at = 0;
    return this.#keys[this.#at++];
  }

  take(count: number): Buffer[] {
    return Array.from({ length: count }, () => this.next());
  }
}
