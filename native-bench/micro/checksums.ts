import { crc32 } from 'node:zlib';
import type { Bench } from 'tinybench';
import { crc32c } from '../../src/base/checksum.js';
import { Prng } from '../../src/base/prng.js';

const SIZES = [64, 4096, 128 * 1024];

/** The log and table checksum, beside Node's own CRC-32 of the same bytes. */
export function addChecksums(bench: Bench): void {
  for (const size of SIZES) {
    const bytes = new Prng(size).fill(Buffer.alloc(size));
    bench.add(`crc32c of ${size} bytes`, () => crc32c(bytes));
    bench.add(`zlib crc32 of ${size} bytes`, () => crc32(bytes));
  }
}
