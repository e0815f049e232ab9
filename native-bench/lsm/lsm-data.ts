import { Prng } from '../../src/base/prng.js';
import { BenchData, KEY_BYTES, VALUE_BYTES } from '../spine/bench-data.js';

export const BATCH_RECORDS = 1000;
export const RECORD_BYTES = KEY_BYTES + VALUE_BYTES;

/** Keys of a workload, by index. Values are the spine's: 100 bytes that a compressor can halve. */
export interface KeySource {
  keys(first: number, count: number): Buffer;
}

/** Sixteen random bytes, no two keys alike. */
export class RandomKeys implements KeySource {
  readonly #data: BenchData;

  constructor(seed: number) {
    this.#data = new BenchData(seed);
  }

  keys(first: number, count: number): Buffer {
    return this.#data.keys(first, count);
  }
}

/** Eight bytes of rising time, then eight random ones: what a log or a metrics pipeline writes. */
export class TimeOrderedKeys implements KeySource {
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  keys(first: number, count: number): Buffer {
    const keys = Buffer.allocUnsafeSlow(count * KEY_BYTES);
    for (let i = 0; i < count; i++) {
      const random = new Prng(this.#seed + first + i);
      const at = i * KEY_BYTES;
      keys.writeUIntBE(first + i, at + 2, 6);
      keys.writeUInt16BE(0, at);
      keys.writeUInt32BE(random.nextUint32(), at + 8);
      keys.writeUInt32BE(random.nextUint32(), at + 12);
    }
    return keys;
  }
}

/** The keys of a smaller set again and again, each time in another order. */
export class OverwrittenKeys implements KeySource {
  readonly #data: BenchData;
  readonly #keyCount: number;

  constructor(seed: number, keyCount: number) {
    this.#data = new BenchData(seed);
    this.#keyCount = keyCount;
  }

  keys(first: number, count: number): Buffer {
    const keys = Buffer.allocUnsafeSlow(count * KEY_BYTES);
    const random = new Prng(first + 1);
    for (let i = 0; i < count; i++) this.#data.key(random.below(this.#keyCount)).copy(keys, i * KEY_BYTES);
    return keys;
  }
}
