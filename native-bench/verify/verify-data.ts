import { Prng } from '../../src/base/prng.js';
import type { BulkLoadEntry } from '../../src/engine/api.js';
import { halfRandomValues } from '../support/half-random-values.js';

const KEY_BYTES = 16;
/** Few enough to stay in the processor's cache. */
const VALUE_COUNT = 1000;

/**
 * Records in the order of their keys, which share as many bytes with their neighbours as as many random ones would: each starts
 * with its place in the whole, the rest of it is random.
 */
export function* sortedRecords(seed: number, count: number, valueBytes: number): Generator<BulkLoadEntry> {
  const random = new Prng(seed);
  const values = halfRandomValues(random, VALUE_COUNT, valueBytes);
  // 6 bytes: they are exact in a Number, and enough for a million million records.
  const step = Math.floor(2 ** 48 / count);
  for (let i = 0; i < count; i++) {
    const key = Buffer.allocUnsafe(KEY_BYTES);
    key.writeUIntBE(i * step + random.below(step), 0, 6);
    key.writeUInt16BE(random.below(2 ** 16), 6);
    key.writeUInt32BE(random.nextUint32(), 8);
    key.writeUInt32BE(random.nextUint32(), 12);
    yield [key, values[i % VALUE_COUNT]];
  }
}
