import { KIND_PUT } from '../../src/base/internal-key.js';
import { SEQUENCE_MAX } from '../../src/base/limits.js';
import { Arena } from '../../src/memtable/arena.js';
import { Memtable } from '../../src/memtable/memtable.js';
import type { Micro, MicroContext, MicroTask } from './micro.js';
import { KEY_BYTES, KeyFeed, type KeyOrder, makeKeys, makeValues, shuffleKeys, VALUE_BYTES } from './micro-records.js';
import { emptyResult } from './table-fixture.js';

const OPERATIONS = 100;
const SIZES = { '10k': 10_000, '1m': 1_000_000 };
const ORDERS: readonly KeyOrder[] = ['random', 'rising'];

/** What the insert micros add to a filled memtable before it is as it was again. */
const EXTRA_SHARE = 1 / 5;
/** An arena of the bound for all records would be ten times this: nodes take some 20 bytes a record here. */
const ARENA_BYTES_PER_RECORD = 256;
const ARENA_BYTES_MIN = 2 ** 20;

interface Filled {
  readonly memtable: Memtable;
  readonly keys: Uint8Array;
  readonly count: number;
}

/** `spare` more keys than are in it come behind the others. */
function fill(order: KeyOrder, wanted: number, spare: number, { entriesMax }: MicroContext): Filled {
  const count = Math.min(wanted, entriesMax);
  const keys = makeKeys(order, count + spare);
  const arenaBytes = Math.max(ARENA_BYTES_MIN, (count + spare) * ARENA_BYTES_PER_RECORD);
  const memtable = new Memtable(Arena.create(arenaBytes));
  insertKeys(memtable, keys, 0, count, makeValues());
  return { memtable, keys, count };
}

function insertKeys(
  memtable: Memtable,
  keys: Uint8Array,
  from: number,
  to: number,
  values: readonly Uint8Array[],
): void {
  for (let i = from; i < to; i++) {
    const value = values[i % values.length];
    memtable.insert(i + 1, KIND_PUT, keys, i * KEY_BYTES, (i + 1) * KEY_BYTES, value, 0, VALUE_BYTES);
  }
}

/** One record of 16 + 100 bytes into a memtable that holds so many already: header, key and value copied, linked into the tree. */
function insert(order: KeyOrder, size: keyof typeof SIZES): Micro {
  return {
    name: `memtable/insert/${order}/${size}`,
    prepare: (context): MicroTask => {
      const values = makeValues();
      const spare = Math.max(OPERATIONS, SIZES[size] * EXTRA_SHARE);
      const { memtable, keys, count } = fill(order, SIZES[size], spare, context);
      const share = memtable.share();
      const { fill: before } = memtable;
      const words = memtable.arena.words.slice(0, before.usedBytes / Int32Array.BYTES_PER_ELEMENT);
      let current = memtable;
      let next = count;
      return {
        operations: OPERATIONS,
        // A copy of the arena puts it back as it was: to fill it again would take a second each time.
        beforeRun: () => {
          if (next + OPERATIONS <= count + spare) return;
          current = Memtable.begin(share);
          current.arena.words.set(words);
          current.takeOver(before);
          next = count;
        },
        run: () => {
          insertKeys(current, keys, next, next + OPERATIONS, values);
          next += OPERATIONS;
          return current.usedBytes;
        },
      };
    },
  };
}

/** Keys that are there, in an order that nobody foresees: over a million records each step down the tree waits for memory. */
function lookup(order: KeyOrder, size: keyof typeof SIZES): Micro {
  return {
    name: `memtable/lookup/${order}/${size}`,
    prepare: (context) => {
      const { memtable, keys } = fill(order, SIZES[size], 0, context);
      const feed = new KeyFeed(shuffleKeys(keys));
      const result = emptyResult();
      return {
        operations: OPERATIONS,
        run: () => {
          let sum = 0;
          for (let i = 0; i < OPERATIONS; i++) {
            if (memtable.get(feed.next(), 0, SEQUENCE_MAX, result)) sum += result.source[result.start];
          }
          return sum;
        },
      };
    },
  };
}

/** From one record to the next by key, each key and value looked at. */
function iterate(order: KeyOrder, size: keyof typeof SIZES): Micro {
  return {
    name: `memtable/iterate/${order}/${size}`,
    prepare: (context) => {
      const { memtable } = fill(order, SIZES[size], 0, context);
      const records = memtable.iterator();
      records.seekToFirst();
      return {
        operations: OPERATIONS,
        run: () => {
          let sum = 0;
          for (let i = 0; i < OPERATIONS; i++) {
            sum += records.keySource[records.keyStart] + records.valueSource[records.valueStart];
            records.next();
            if (!records.valid) records.seekToFirst();
          }
          return sum;
        },
      };
    },
  };
}

const sizes = Object.keys(SIZES) as (keyof typeof SIZES)[];

export const MEMTABLE_MICROS: readonly Micro[] = [insert, lookup, iterate].flatMap((make) =>
  sizes.flatMap((size) => ORDERS.map((order) => make(order, size))),
);
