import { compressSync, uncompressSync } from 'lz4-napi';
import type { Bench } from 'tinybench';
import { RandomRecords } from '../workloads/records.js';

const BLOCK_SIZES = [4096, 65536];
const VALUE_BYTES = 100;

/** LZ4 on blocks of the benchmark's values, half of which is redundant. */
export function addCompression(bench: Bench): void {
  const records = new RandomRecords(1, VALUE_BYTES);
  for (const size of BLOCK_SIZES) {
    const values = Array.from({ length: Math.ceil(size / VALUE_BYTES) }, (_, index) => records.value(index));
    const block = Buffer.concat(values).subarray(0, size);
    const compressed = compressSync(block);
    const ratio = (block.length / compressed.length).toFixed(2);
    bench.add(`lz4 compress ${size} bytes (${ratio} ×)`, () => compressSync(block));
    bench.add(`lz4 uncompress ${size} bytes`, () => uncompressSync(compressed));
  }
}
