import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { compressLz4, decompressLz4 } from '../../src/base/lz4.js';
import type { Micro } from './micro.js';
import { makeBlocks } from './table-fixture.js';

const BLOCK_SIZES = [4096, 65536];
const FASTEST = { level: 1 };
const CONTENT_BYTES_MAX = 2 ** 20;

/** As many blocks a sample as make it long beside the clock and short beside a turn of the scheduler. */
function operationsOf(blockBytes: number): number {
  return Math.max(2, Math.floor(32768 / blockBytes));
}

/** Over different blocks of records, one after another: a compressor that sees the same block each time has learnt it. */
function overBlocks(
  name: string,
  blockBytes: number,
  prepareBlock: (block: Uint8Array) => Uint8Array,
  work: (block: Uint8Array) => Uint8Array | undefined,
  isAlternative = false,
): Micro {
  return {
    name,
    isAlternative,
    prepare: () => {
      const blocks = makeBlocks(blockBytes, 64).map(prepareBlock);
      const operations = operationsOf(blockBytes);
      let next = 0;
      return {
        operations,
        run: () => {
          let sum = 0;
          for (let i = 0; i < operations; i++) {
            sum += work(blocks[next])?.length ?? 0;
            next = (next + 1) % blocks.length;
          }
          return sum;
        },
      };
    },
  };
}

function compress(block: Uint8Array): Uint8Array {
  const stored = compressLz4(block);
  if (stored === undefined) throw new Error('blocks of records compress');
  return stored;
}

function lz4Of(size: number): Micro[] {
  const same = (block: Uint8Array): Uint8Array => block;
  const deflate = (block: Uint8Array): Uint8Array => deflateRawSync(block, FASTEST);
  const decompress = (stored: Uint8Array): Uint8Array => decompressLz4(stored, CONTENT_BYTES_MAX, 'a block', 0);
  return [
    overBlocks(`lz4/compress-${size}`, size, same, compressLz4),
    overBlocks(`lz4/deflate-${size}`, size, same, deflate, true),
    overBlocks(`lz4/decompress-${size}`, size, compress, decompress),
    overBlocks(`lz4/inflate-${size}`, size, deflate, (stored) => inflateRawSync(stored), true),
  ];
}

export const LZ4_MICROS: readonly Micro[] = BLOCK_SIZES.flatMap(lz4Of);
