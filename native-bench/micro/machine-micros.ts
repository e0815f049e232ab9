/** What the machine gives to any program: where these are over their budgets, so is all the rest. */
import { compressSync, uncompressSync } from 'lz4-napi';
import type { Micro } from './micro.js';
import { KEY_BYTES, makeKeys, makeValues, shuffleKeys } from './micro-records.js';

const OPERATIONS = 200;
const MAP_ENTRIES = 1_000_000;

function latin1Keys(keys: Uint8Array): string[] {
  const all = Buffer.from(keys.buffer, keys.byteOffset, keys.length);
  return Array.from({ length: keys.length / KEY_BYTES }, (_, i) =>
    all.toString('latin1', i * KEY_BYTES, (i + 1) * KEY_BYTES),
  );
}

/** A look-up in memory that no cache holds, by a string that was hashed before. */
const mapGet: Micro = {
  name: 'machine/map-get-1m',
  prepare: ({ entriesMax }) => {
    const keys = makeKeys('random', Math.min(MAP_ENTRIES, entriesMax));
    const names = latin1Keys(keys);
    const map = new Map(names.map((name, index) => [name, index]));
    const asked = latin1Keys(shuffleKeys(keys));
    for (const name of asked) map.has(name);
    let next = 0;
    return {
      operations: OPERATIONS,
      run: () => {
        let sum = 0;
        for (let i = 0; i < OPERATIONS; i++) {
          sum += map.get(asked[next]) ?? 0;
          next = next + 1 === asked.length ? 0 : next + 1;
        }
        return sum;
      },
    };
  },
};

const settledAwait: Micro = {
  name: 'machine/settled-await',
  prepare: () => {
    const settled = Promise.resolve(1);
    return {
      operations: OPERATIONS,
      isAsync: true,
      run: async () => {
        let sum = 0;
        for (let i = 0; i < OPERATIONS; i++) sum += await settled;
        return sum;
      },
    };
  },
};

/** A call into an addon that gives 100 bytes back in a Buffer of their own; decompressing so few takes next to nothing. */
const nativeBuffer: Micro = {
  name: 'machine/native-buffer-100',
  prepare: () => {
    const stored = compressSync(Buffer.from(makeValues()[0]));
    return {
      operations: OPERATIONS,
      run: () => {
        let sum = 0;
        for (let i = 0; i < OPERATIONS; i++) sum += uncompressSync(stored)[0];
        return sum;
      },
    };
  },
};

export const MACHINE_MICROS: readonly Micro[] = [mapGet, settledAwait, nativeBuffer];
