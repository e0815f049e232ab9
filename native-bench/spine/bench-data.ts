import { Prng } from '../../src/base/prng.js';

export const KEY_BYTES = 16;
export const VALUE_BYTES = 100;

/** Few enough to stay in the processor's cache, many enough that no two in one block are alike. */
const VALUE_COUNT = 10_000;

/**
 * The records of the benchmark, by index: keys of 16 random bytes, values of 50 random bytes that stand twice, so that a
 * compressor can halve them. Keys are made from the index alone, so that five million of them take no memory.
 */
export class BenchData {
  readonly #seed: number;
  readonly #values: readonly Buffer[];

  constructor(seed: number) {
    this.#seed = seed;
    this.#values = makeValues(new Prng(seed));
  }

  /** `count` keys from `first` on, in one buffer. */
  keys(first: number, count: number): Buffer {
    const keys = Buffer.allocUnsafeSlow(count * KEY_BYTES);
    for (let i = 0; i < count; i++) this.#writeKey(keys, i * KEY_BYTES, first + i);
    return keys;
  }

  key(index: number): Buffer {
    return this.keys(index, 1);
  }

  value(index: number): Buffer {
    return this.#values[index % VALUE_COUNT];
  }

  /** The generator's first word is a permutation of its seed, so no two keys are alike. */
  #writeKey(target: Buffer, at: number, index: number): void {
    const random = new Prng(this.#seed + index);
    for (let word = 0; word < KEY_BYTES; word += 4) target.writeUInt32BE(random.nextUint32(), at + word);
  }
}

function makeValues(random: Prng): Buffer[] {
  return Array.from({ length: VALUE_COUNT }, () => {
    const half = random.fill(Buffer.alloc(VALUE_BYTES / 2));
    return Buffer.concat([half, half]);
  });
}
