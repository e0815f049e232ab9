import { xxh32 } from '@node-rs/xxhash';
import type { Bench } from 'tinybench';
import { Prng } from '../../src/base/prng.js';
import { xxhash32 } from '../../src/base/xxhash32.js';

const KEY_SIZES = [8, 16, 32, 64, 256, 4096];
/** One call is too short for the clock. */
const HASHES_PER_RUN = 100;

/** The key hash in JavaScript beside the addon: where the call into native code starts to pay. */
export function addHashes(bench: Bench): void {
  for (const size of KEY_SIZES) {
    const bytes = new Prng(size).fill(Buffer.alloc(size));
    let sink = 0;
    bench.add(`${HASHES_PER_RUN} × xxhash32 twin, ${size} bytes`, () => {
      for (let i = 0; i < HASHES_PER_RUN; i++) sink ^= xxhash32(bytes, 0, size);
      return sink;
    });
    bench.add(`${HASHES_PER_RUN} × xxh32 addon, ${size} bytes`, () => {
      for (let i = 0; i < HASHES_PER_RUN; i++) sink ^= xxh32(bytes);
      return sink;
    });
  }
}
