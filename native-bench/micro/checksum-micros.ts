import { crc32 } from 'node:zlib';
import { xxh32 } from '@node-rs/xxhash';
import { crc32c, crc32cOfFew } from '../../src/base/checksum.js';
import { Prng } from '../../src/base/prng.js';
import { xxhash32 } from '../../src/base/xxhash32.js';
import { hashKey } from '../../src/table/key-hash.js';
import type { Micro } from './micro.js';

/** A frame of one record, a block, a batch of the log. */
const CHECKSUM_SIZES = [64, 4096, 128 * 1024];
/** Keys, short and long; past 128 bytes the engine asks the addon. */
const HASH_SIZES = [16, 64, 1024];
/** About as many bytes a sample, whatever the size. */
const SAMPLE_BYTES = 256 * 1024;
const OPERATIONS_MAX = 1000;
/** Small enough for the processor's second cache, large enough that it is not the same few lines each time. */
const SOURCE_BYTES = 256 * 1024;

/** One range after another of the same bytes. */
function overRanges(
  name: string,
  sizeBytes: number,
  sumUp: (source: Uint8Array, start: number, end: number) => number,
  isAlternative = false,
): Micro {
  return {
    name,
    isAlternative,
    prepare: () => {
      const source = new Prng(sizeBytes).fill(new Uint8Array(SOURCE_BYTES));
      const operations = Math.max(2, Math.min(OPERATIONS_MAX, SAMPLE_BYTES / sizeBytes));
      return {
        operations,
        run: () => {
          let sum = 0;
          let at = 0;
          for (let i = 0; i < operations; i++) {
            if (at + sizeBytes > SOURCE_BYTES) at = 0;
            sum ^= sumUp(source, at, at + sizeBytes);
            at += sizeBytes;
          }
          return sum;
        },
      };
    },
  };
}

/** A native call wants a view: the ranges of a block or frame that are checked are views there too. */
function checksumsOf(size: number): Micro[] {
  return [
    overRanges(`crc32c/${size}`, size, (source, start, end) => crc32c(source.subarray(start, end))),
    overRanges(`crc32c/twin-${size}`, size, (source, start, end) => crc32cOfFew(source.subarray(start, end)), true),
    overRanges(`crc32c/zlib-crc32-${size}`, size, (source, start, end) => crc32(source.subarray(start, end)), true),
  ];
}

function hashesOf(size: number): Micro[] {
  return [
    overRanges(`xxhash/${size}`, size, hashKey),
    overRanges(`xxhash/twin-${size}`, size, xxhash32, true),
    overRanges(`xxhash/addon-${size}`, size, (source, start, end) => xxh32(source.subarray(start, end)), true),
  ];
}

export const CHECKSUM_MICROS: readonly Micro[] = [
  ...CHECKSUM_SIZES.flatMap(checksumsOf),
  ...HASH_SIZES.flatMap(hashesOf),
];
