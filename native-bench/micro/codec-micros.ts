import { commonPrefixLength, compareRanges, copyRange, copyToBuffer } from '../../src/base/bytes.js';
import { Prng } from '../../src/base/prng.js';
import { readVarint, writeVarint } from '../../src/base/varint.js';
import type { Micro } from './micro.js';
import { KEY_BYTES, makeKeys, makeValues, sortKeys, VALUE_BYTES } from './micro-records.js';

const OPERATIONS = 1000;
const KEY_COUNT = 1024;

/** Numbers of one to three bytes, mixed, so that no branch is foreseen: lengths and offsets in a block and in the log. */
function mixedNumbers(): Uint32Array {
  const random = new Prng(1);
  return Uint32Array.from({ length: OPERATIONS }, () => random.below(2 ** (7 * (1 + random.below(3)))));
}

/** Neighbours in key order, which mostly agree in their first byte: what a search and a merge compare. */
function comparisons(name: string, compare: (keys: Uint8Array, a: number, b: number) => number): Micro {
  return {
    name,
    isAlternative: name.startsWith('compare/Buffer'),
    prepare: () => {
      const keys = sortKeys(makeKeys('random', KEY_COUNT));
      let at = 0;
      return {
        operations: OPERATIONS,
        run: () => {
          let sum = 0;
          for (let i = 0; i < OPERATIONS; i++) {
            sum += compare(keys, at, (at + KEY_BYTES) % keys.length);
            at = (at + KEY_BYTES) % keys.length;
          }
          return sum;
        },
      };
    },
  };
}

const compareInPlace = comparisons('compare/key-16', (keys, a, b) =>
  compareRanges(keys, a, a + KEY_BYTES, keys, b, b + KEY_BYTES),
);

const prefixInPlace = comparisons('compare/common-prefix-16', (keys, a, b) =>
  commonPrefixLength(keys, a, a + KEY_BYTES, keys, b, b + KEY_BYTES),
);

/** Node's own comparison, of Buffers that are there already. */
const compareBuffers: Micro = {
  name: 'compare/Buffer.compare-16',
  isAlternative: true,
  prepare: () => {
    const keys = sortKeys(makeKeys('random', KEY_COUNT));
    const buffers = Array.from({ length: KEY_COUNT }, (_, index) => {
      return Buffer.from(keys.subarray(index * KEY_BYTES, (index + 1) * KEY_BYTES));
    });
    let at = 0;
    return {
      operations: OPERATIONS,
      run: () => {
        let sum = 0;
        for (let i = 0; i < OPERATIONS; i++) {
          sum += Buffer.compare(buffers[at], buffers[(at + 1) % KEY_COUNT]);
          at = (at + 1) % KEY_COUNT;
        }
        return sum;
      },
    };
  },
};

const writeVarints: Micro = {
  name: 'varint/write',
  prepare: () => {
    const numbers = mixedNumbers();
    const target = new Uint8Array(OPERATIONS * 8);
    return {
      operations: OPERATIONS,
      run: () => {
        let at = 0;
        for (let i = 0; i < OPERATIONS; i++) at = writeVarint(target, at, numbers[i]);
        return at + target[at - 1];
      },
    };
  },
};

const readVarints: Micro = {
  name: 'varint/read',
  prepare: () => {
    const numbers = mixedNumbers();
    const source = new Uint8Array(OPERATIONS * 8);
    let end = 0;
    for (const number of numbers) end = writeVarint(source, end, number);
    const cursor = { position: 0 };
    return {
      operations: OPERATIONS,
      run: () => {
        let sum = 0;
        cursor.position = 0;
        for (let i = 0; i < OPERATIONS; i++) sum += readVarint(source, cursor, end);
        return sum;
      },
    };
  },
};

/** Part of one array into part of another: how keys and values go into blocks and arenas. */
function copies(bytes: number): Micro {
  return {
    name: `copy/range-${bytes}`,
    prepare: () => {
      const source = new Prng(bytes).fill(new Uint8Array(bytes * KEY_COUNT));
      const target = new Uint8Array(bytes * KEY_COUNT);
      return {
        operations: OPERATIONS,
        run: () => {
          for (let i = 0; i < OPERATIONS; i++) copyRange(source, i * bytes, (i + 1) * bytes, target, i * bytes);
          return target[(OPERATIONS >> 1) * bytes];
        },
      };
    },
  };
}

/** The Buffer that a read hands out. Each is kept until the next ones come, as by a caller that looks at it. */
const handedOut: Micro = {
  name: 'copy/to-buffer-100',
  prepare: () => {
    const values = makeValues();
    const kept = new Array<Buffer>(64).fill(Buffer.alloc(0));
    return {
      operations: OPERATIONS,
      run: () => {
        let sum = 0;
        for (let i = 0; i < OPERATIONS; i++) {
          const value = copyToBuffer(values[i & 1023], 0, VALUE_BYTES);
          kept[i & 63] = value;
          sum += value[i % VALUE_BYTES];
        }
        return sum;
      },
    };
  },
};

export const CODEC_MICROS: readonly Micro[] = [
  compareInPlace,
  compareBuffers,
  prefixInPlace,
  writeVarints,
  readVarints,
  copies(16),
  copies(100),
  handedOut,
];
