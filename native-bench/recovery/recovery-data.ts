import { Prng } from '../../src/base/prng.js';
import { type KeySource, RandomKeys, TimeOrderedKeys } from '../lsm/lsm-data.js';
import { KEY_BYTES } from '../spine/bench-data.js';
import { halfRandomValues } from '../support/half-random-values.js';

export const BATCH_RECORDS = 1000;

export type KeyOrder = 'random' | 'time';

/** Few enough to stay in the processor's cache. */
const VALUE_COUNT = 1000;

/** What one row of the benchmark writes: records by index, so that the process that opens the store knows what was in it. */
export class RecoveryData {
  readonly #keys: KeySource;
  readonly #values: readonly Buffer[];

  constructor(seed: number, order: KeyOrder, valueBytes: number) {
    this.#keys = order === 'random' ? new RandomKeys(seed) : new TimeOrderedKeys(seed);
    this.#values = halfRandomValues(new Prng(seed), VALUE_COUNT, valueBytes);
  }

  batch(first: number): { readonly key: Buffer; readonly value: Buffer }[] {
    const keys = this.#keys.keys(first, BATCH_RECORDS);
    return Array.from({ length: BATCH_RECORDS }, (_, i) => {
      const key = keys.subarray(i * KEY_BYTES, (i + 1) * KEY_BYTES);
      return { key, value: this.value(first + i) };
    });
  }

  key(index: number): Buffer {
    return this.#keys.keys(index, 1);
  }

  value(index: number): Buffer {
    return this.#values[index % VALUE_COUNT];
  }
}
