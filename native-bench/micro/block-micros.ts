import { BLOCK_BYTES_DEFAULT, SEQUENCE_MAX } from '../../src/base/limits.js';
import { BlockIterator } from '../../src/table/block-iterator.js';
import { findInBlock } from '../../src/table/block-lookup.js';
import { DataBlock } from '../../src/table/data-block.js';
import type { Micro, MicroTask } from './micro.js';
import { KEY_BYTES, makeKeys, sortKeys } from './micro-records.js';
import { emptyResult, makeBlocks } from './table-fixture.js';

const OPERATIONS = 200;
const DECODED_BLOCKS = 20;
/** A megabyte of blocks: in the processor's second cache, and too many places for its branch prediction to learn. */
const BLOCK_COUNT = 256;
const FILE = 'a table';

interface Question {
  readonly block: number;
  readonly key: Uint8Array;
}

/** Keys of the blocks, in an order that jumps between blocks and within them. */
function questions(blocks: readonly Uint8Array[]): Question[] {
  const perBlock = entryKeys(blocks[0]).length;
  const keys = blocks.map(entryKeys);
  return Array.from({ length: BLOCK_COUNT * perBlock }, (_, i) => {
    const block = (i * 97) % BLOCK_COUNT;
    return { block, key: keys[block][(i * 31 + (i >> 8)) % perBlock] };
  });
}

function entryKeys(block: Uint8Array): Uint8Array[] {
  const entries = new BlockIterator();
  entries.init(block, FILE, 0);
  const keys: Uint8Array[] = [];
  for (entries.seekToFirst(); entries.valid; entries.next()) keys.push(entries.keySource.slice(0, entries.keyEnd));
  return keys;
}

function prepareQuestions(ask: (blocks: readonly Uint8Array[]) => (question: Question) => number): MicroTask {
  const blocks = makeBlocks(BLOCK_BYTES_DEFAULT, BLOCK_COUNT);
  const asked = questions(blocks);
  const answer = ask(blocks);
  let next = 0;
  return {
    operations: OPERATIONS,
    run: () => {
      let sum = 0;
      for (let i = 0; i < OPERATIONS; i++) {
        sum += answer(asked[next]);
        next = next + 1 === asked.length ? 0 : next + 1;
      }
      return sum;
    },
  };
}

/** An iterator turns to a block and seeks a key in it: search of the restart points, then entries, their keys put together. */
const seek: Micro = {
  name: 'block/seek',
  prepare: () =>
    prepareQuestions((blocks) => {
      const entries = new BlockIterator();
      return ({ block, key }) => {
        entries.init(blocks[block], FILE, 0);
        entries.seek(key);
        return entries.valueStart;
      };
    }),
};

/** A lookup in a block that is asked for the first time: the same walk, and no key is put together. */
const findWalk: Micro = {
  name: 'block/find-walk',
  prepare: () =>
    prepareQuestions((blocks) => {
      const result = emptyResult();
      return ({ block, key }) => {
        findInBlock(blocks[block], key, SEQUENCE_MAX, result, FILE, 0);
        return result.start;
      };
    }),
};

/** A lookup in a block that is asked again and again: the directory of its keys, and one entry. */
const findDirectory: Micro = {
  name: 'block/find-directory',
  prepare: () =>
    prepareQuestions((blocks) => {
      const result = emptyResult();
      const dataBlocks = blocks.map((bytes) => new DataBlock(bytes, FILE, 0));
      return ({ block, key }) => {
        dataBlocks[block].find(key, SEQUENCE_MAX, result);
        return result.start;
      };
    }),
};

/** From entry to entry of block after block, keys put together. */
const next: Micro = {
  name: 'block/next',
  prepare: () => {
    const blocks = makeBlocks(BLOCK_BYTES_DEFAULT, BLOCK_COUNT);
    const entries = new BlockIterator();
    let block = 0;
    return {
      operations: OPERATIONS,
      run: () => {
        let sum = 0;
        for (let i = 0; i < OPERATIONS; i++) {
          if (!entries.valid) {
            entries.init(blocks[block], FILE, 0);
            entries.seekToFirst();
            block = (block + 1) % BLOCK_COUNT;
          }
          sum += entries.keySource[KEY_BYTES - 1] + entries.valueStart;
          entries.next();
        }
        return sum;
      },
    };
  },
};

/** The checks of a block and its directory when it comes into the cache: once a block. */
const decode: Micro = {
  name: 'block/decode',
  prepare: () => {
    const blocks = makeBlocks(BLOCK_BYTES_DEFAULT, BLOCK_COUNT);
    const absent = sortKeys(makeKeys('random', 2, 9)).subarray(0, KEY_BYTES);
    const result = emptyResult();
    let block = 0;
    return {
      operations: DECODED_BLOCKS,
      run: () => {
        let sum = 0;
        for (let i = 0; i < DECODED_BLOCKS; i++) {
          const decoded = new DataBlock(blocks[block], FILE, 0);
          // The second question makes the directory.
          decoded.find(absent, SEQUENCE_MAX, result);
          decoded.find(absent, SEQUENCE_MAX, result);
          sum += decoded.chargeBytes;
          block = (block + 1) % BLOCK_COUNT;
        }
        return sum;
      },
    };
  },
};

export const BLOCK_MICROS: readonly Micro[] = [seek, findWalk, findDirectory, next, decode];
