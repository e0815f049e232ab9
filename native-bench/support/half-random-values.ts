import type { Prng } from '../../src/base/prng.js';

/** Values whose second half repeats the first, which is random, so that a compressor can halve them. */
export function halfRandomValues(random: Prng, count: number, valueBytes: number): Buffer[] {
  return Array.from({ length: count }, () => {
    const half = random.fill(Buffer.alloc(valueBytes / 2));
    return Buffer.concat([half, half]);
  });
}
