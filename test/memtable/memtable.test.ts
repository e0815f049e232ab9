import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alignUp, EMPTY_BYTES } from '../../src/base/bytes.js';
import { KIND_DELETE, KIND_PUT } from '../../src/base/internal-key.js';
import { BATCH_BYTES_MAX, GIB, KEY_BYTES_MAX, SEQUENCE_MAX } from '../../src/base/limits.js';
import { Prng } from '../../src/base/prng.js';
import { ARENA_HEADER_BYTES, Arena } from '../../src/memtable/arena.js';
import { Memtable } from '../../src/memtable/memtable.js';
import type { ModelRecord } from './memtable-model.js';
import {
  bytesOf,
  collectBackward,
  collectForward,
  createDirtyArena,
  describeCurrent,
  describeGet,
  describeRecord,
  insertRecord,
  MemtableModel,
} from './memtable-model.js';

const RUNS = { seed: 1, numRuns: 150 };
const ARENA_BYTES = 512 * 1024;

const STEMS = [
  EMPTY_BYTES,
  bytesOf(0),
  bytesOf(0, 0),
  bytesOf(0xff),
  bytesOf(0xff, 0xff, 0xff),
  new Uint8Array(40).fill(0x61),
  new Uint8Array(300).fill(0xff),
];

/** Keys that hurt a radix tree: prefixes of each other, both ends of the byte range, long stretches to skip, wide nodes. */
const keyArbitrary = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 1 }),
  fc.array(fc.constantFrom(0, 1, 0xfe, 0xff), { minLength: 1, maxLength: 6 }).map((bytes) => Uint8Array.from(bytes)),
  fc
    .tuple(fc.constantFrom(...STEMS), fc.uint8Array({ maxLength: 2 }))
    .map(([stem, tail]) => Uint8Array.from([...stem, ...tail]))
    .filter((key) => key.length > 0),
  fc.integer({ min: 1, max: 60 }).map((length) => new Uint8Array(length).fill(0x61)),
);

const entryArbitrary = fc.record({
  key: keyArbitrary,
  kind: fc.constantFrom(KIND_PUT, KIND_DELETE),
  value: fc.uint8Array({ maxLength: 5 }),
  gap: fc.integer({ min: 1, max: 3 }),
});
const entriesArbitrary = fc.array(entryArbitrary, { maxLength: 120, size: 'max' });

type Entry = Pick<ModelRecord, 'key' | 'kind' | 'value'> & { readonly gap: number };

/** Where the sequences of a run start: at the bottom, across 2^32, and up to the last one there is. */
const baseArbitrary = fc.constantFrom(0, 2 ** 31 - 50, 2 ** 32 - 50, SEQUENCE_MAX - 1000);

function build(entries: readonly Entry[], base: number): { memtable: Memtable; model: MemtableModel } {
  const memtable = new Memtable(createDirtyArena(ARENA_BYTES));
  const model = new MemtableModel();
  let sequence = base;
  for (const { key, kind, value, gap } of entries) {
    sequence += gap;
    const record = { key, kind, value, sequence };
    insertRecord(memtable, record);
    model.insert(record);
  }
  return { memtable, model };
}

function buildFromKeys(keys: readonly Uint8Array[], base = 0): { memtable: Memtable; model: MemtableModel } {
  return build(
    keys.map((key) => ({ key, kind: KIND_PUT, value: key.subarray(0, 3), gap: 1 })),
    base,
  );
}

function expectSameOrder(memtable: Memtable, model: MemtableModel): void {
  const iterator = memtable.iterator();
  iterator.seekToFirst();
  expect(collectForward(iterator)).toEqual(model.all());
  iterator.seekToLast();
  expect(collectBackward(iterator)).toEqual(model.all().reverse());
}

/** Every key of the model and its neighbours: the places where a seek can go wrong by one. */
function probesOf(keys: Iterable<Uint8Array>): Uint8Array[] {
  const probes: Uint8Array[] = [bytesOf(0), bytesOf(0xff, 0xff, 0xff, 0xff)];
  for (const key of keys) {
    const last = key.length - 1;
    probes.push(key, Uint8Array.from([...key, 0]), Uint8Array.from([...key, 0xff]));
    if (last > 0) probes.push(key.subarray(0, last));
    for (const step of [-1, 1]) {
      const neighbour = Uint8Array.from(key);
      neighbour[last] += step;
      probes.push(neighbour);
    }
  }
  return probes;
}

function expectSameSeeks(memtable: Memtable, model: MemtableModel, probes: readonly Uint8Array[]): void {
  const iterator = memtable.iterator();
  const found: string[] = [];
  const wanted: string[] = [];
  for (const probe of probes) {
    iterator.seek(probe);
    model.seek(probe);
    found.push(describeCurrent(iterator));
    wanted.push(model.current());
    iterator.seekBefore(probe);
    model.seekBefore(probe);
    found.push(describeCurrent(iterator));
    wanted.push(model.current());
  }
  expect(found).toEqual(wanted);
}

describe('a memtable against a sorted array', () => {
  it('answers a point read at every sequence bound', () => {
    fc.assert(
      fc.property(entriesArbitrary, baseArbitrary, (entries, base) => {
        const { memtable, model } = build(entries, base);
        const bounds = new Set([0, base, SEQUENCE_MAX]);
        for (const { sequence } of model.records) bounds.add(sequence - 1).add(sequence);
        for (const versions of model.versionsByKey()) {
          for (const bound of bounds) {
            const wanted = versions.find(({ sequence }) => sequence <= bound);
            const found = describeGet(memtable, versions[0].key, bound);
            if (found !== (wanted === undefined ? 'missing' : describeRecord(wanted)))
              expect.fail(`${found} at ${bound}`);
          }
        }
      }),
      { ...RUNS, numRuns: 30 },
    );
  });

  it('does not find keys that were never inserted', () => {
    fc.assert(
      fc.property(entriesArbitrary, fc.array(keyArbitrary), (entries, others) => {
        const { memtable, model } = build(entries, 0);
        for (const probe of [...probesOf(others), ...probesOf(entries.map(({ key }) => key))]) {
          const wanted = model.find(probe, SEQUENCE_MAX);
          expect(describeGet(memtable, probe, SEQUENCE_MAX)).toBe(
            wanted === undefined ? 'missing' : describeRecord(wanted),
          );
        }
      }),
      { ...RUNS, numRuns: 30 },
    );
  });

  it('iterates in key order, newest version first, both ways', () => {
    fc.assert(
      fc.property(entriesArbitrary, baseArbitrary, (entries, base) => {
        const { memtable, model } = build(entries, base);
        expectSameOrder(memtable, model);
        expect(memtable.entryCount).toBe(entries.length);
        expect(memtable.userBytes).toBe(entries.reduce((sum, { key, value }) => sum + key.length + value.length, 0));
      }),
      RUNS,
    );
  });

  it('seeks to and before every key, its prefixes, extensions and neighbours', () => {
    fc.assert(
      fc.property(entriesArbitrary, fc.array(keyArbitrary), (entries, others) => {
        const { memtable, model } = build(entries, 0);
        expectSameSeeks(memtable, model, probesOf([...others, ...entries.map(({ key }) => key)]));
      }),
      { ...RUNS, numRuns: 30 },
    );
  });
});

const MOVES = ['next', 'prev', 'seek', 'seekBefore', 'seekToFirst', 'seekToLast'] as const;
const stepArbitrary = fc.record({
  // Steps are much likelier than seeks, so that a walk gets far into version chains and turns there.
  move: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom('next', 'prev') },
    { weight: 1, arbitrary: fc.constantFrom(...MOVES) },
  ),
  key: keyArbitrary,
});

function step(
  target: MemtableModel | ReturnType<Memtable['iterator']>,
  move: (typeof MOVES)[number],
  key: Uint8Array,
): void {
  if (move === 'seek' || move === 'seekBefore') target[move](key);
  else target[move]();
}

describe('a random walk of a memtable iterator', () => {
  it('stays with the model through seeks and changes of direction', () => {
    // Few keys, so that chains are long.
    const crowded = fc.array(
      entryArbitrary.map((entry) => ({ ...entry, key: entry.key.subarray(0, 2) })),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(
        fc.oneof(entriesArbitrary, crowded),
        fc.array(stepArbitrary, { maxLength: 150, size: 'max' }),
        (entries, steps) => {
          const { memtable, model } = build(entries, 2 ** 32 - 20);
          const iterator = memtable.iterator();
          for (const { move, key } of steps) {
            step(iterator, move, key);
            step(model, move, key);
            expect(describeCurrent(iterator)).toBe(model.current());
          }
        },
      ),
      RUNS,
    );
  });

  it('sees what its sequence allows while the tree grows under it', () => {
    const lateArbitrary = fc.array(
      fc.tuple(fc.array(entryArbitrary, { maxLength: 12 }), fc.constantFrom('next', 'prev')),
      {
        maxLength: 40,
      },
    );
    fc.assert(
      fc.property(entriesArbitrary, lateArbitrary, keyArbitrary, (entries, late, start) => {
        const { memtable, model } = build(entries, 0);
        const sequenceMax = Math.max(0, ...model.records.map(({ sequence }) => sequence));
        const iterator = memtable.iterator();
        iterator.seek(start);
        model.seek(start);
        let sequence = sequenceMax;
        for (const [inserts, move] of late) {
          for (const entry of inserts) insertRecord(memtable, { ...entry, sequence: ++sequence });
          do iterator[move]();
          while (iterator.valid && iterator.sequence > sequenceMax);
          model[move]();
          expect(describeCurrent(iterator)).toBe(model.current());
        }
      }),
      RUNS,
    );
  });

  it('stays invalid once it has run off either end', () => {
    const { memtable } = buildFromKeys([bytesOf(1), bytesOf(2), bytesOf(2), bytesOf(2)]);
    const iterator = memtable.iterator();
    iterator.seekToLast();
    iterator.next();
    expect(iterator.valid).toBe(false);
    iterator.prev();
    expect(iterator.valid).toBe(false);
    iterator.seekToFirst();
    iterator.prev();
    iterator.next();
    expect(iterator.valid).toBe(false);
  });

  it('walks 100,000 versions of one key backwards in linear work', () => {
    const versions = 100_000;
    const arena = createDirtyArena(8 * 1024 * 1024);
    const memtable = new Memtable(arena);
    for (let sequence = 1; sequence <= versions; sequence++) {
      insertRecord(memtable, { key: bytesOf(7), sequence, kind: KIND_PUT, value: EMPTY_BYTES });
    }
    limitAccesses(arena, versions * 20);
    const iterator = memtable.iterator();
    let expected = 1;
    for (iterator.seekToLast(); iterator.valid; iterator.prev())
      if (iterator.sequence !== expected++) expect.fail('order');
    expect(expected).toBe(versions + 1);
    iterator.seek(bytesOf(7));
    for (let i = 0; i < versions; i++) {
      iterator.next();
      iterator.prev();
      iterator.next();
    }
    expect(iterator.valid).toBe(false);
  });

  it('is empty both ways on an empty memtable', () => {
    const memtable = new Memtable(createDirtyArena(4096));
    const iterator = memtable.iterator();
    for (const move of MOVES) {
      step(iterator, move, bytesOf(1));
      expect(iterator.valid).toBe(false);
    }
    expect(describeGet(memtable, bytesOf(1), SEQUENCE_MAX)).toBe('missing');
    expect(memtable.entryCount).toBe(0);
  });
});

/** Allows so many looks at the arena from here on: work, bounded without a clock. */
function limitAccesses(arena: Arena, limit: number): void {
  const { words } = arena;
  let count = 0;
  Object.defineProperty(arena, 'words', {
    get: () => {
      if (++count > limit) throw new Error(`more than ${limit} looks at the arena`);
      return words;
    },
  });
}

describe('nodes of the tree', () => {
  it.each([0, 1, 5, 200])(
    'grow through every size under a prefix of %i bytes, in any order of arrival',
    (prefixBytes) => {
      const prefix = new Uint8Array(prefixBytes).fill(0x7f);
      const keys = [prefix, ...Array.from({ length: 256 }, (_, symbol) => Uint8Array.from([...prefix, symbol]))];
      const prng = new Prng(prefixBytes);
      for (const order of ['up', 'down', 'shuffled']) {
        const arrivals = keys.filter((key) => key.length > 0);
        if (order === 'down') arrivals.reverse();
        if (order === 'shuffled') arrivals.sort(() => prng.nextUint32() - 2 ** 31);
        const memtable = new Memtable(createDirtyArena(ARENA_BYTES));
        const model = new MemtableModel();
        for (const [i, key] of arrivals.entries()) {
          const record = { key, sequence: i + 1, kind: KIND_PUT, value: bytesOf(i & 0xff) };
          insertRecord(memtable, record);
          model.insert(record);
          // Sizes at which a node has just grown, is about to, or is full.
          if ([3, 4, 15, 16, 17, 47, 48, 49, 255, 256].includes(i)) expectSameOrder(memtable, model);
        }
        expectSameSeeks(memtable, model, probesOf(keys.slice(1)));
        for (const record of model.records)
          expect(describeGet(memtable, record.key, SEQUENCE_MAX)).toBe(describeRecord(record));
      }
    },
  );

  it('hold keys of 64 KiB that differ at the front, in the middle, at the end and in length', () => {
    const keys: Uint8Array[] = [];
    for (const at of [0, 1, KEY_BYTES_MAX >> 1, KEY_BYTES_MAX - 2, KEY_BYTES_MAX - 1]) {
      for (const byte of [0, 0x60, 0x62, 0xff]) {
        const key = new Uint8Array(KEY_BYTES_MAX).fill(0x61);
        key[at] = byte;
        keys.push(key, key.slice(0, at + 1));
      }
    }
    const memtable = new Memtable(createDirtyArena(8 * 1024 * 1024));
    const model = new MemtableModel();
    for (const [i, key] of keys.entries()) {
      const record = { key, sequence: 2 ** 32 + i, kind: KIND_PUT, value: bytesOf(i) };
      insertRecord(memtable, record);
      model.insert(record);
    }
    const iterator = memtable.iterator();
    iterator.seekToFirst();
    // Compared one by one: a difference of two such lists would be megabytes of text.
    for (const record of model.records) {
      expect(describeCurrent(iterator) === describeRecord(record), `record ${record.sequence}`).toBe(true);
      iterator.next();
    }
    expect(iterator.valid).toBe(false);
    for (const probe of keys) {
      iterator.seek(probe);
      model.seek(probe);
      expect(describeCurrent(iterator) === model.current()).toBe(true);
      iterator.seekBefore(probe);
      model.seekBefore(probe);
      expect(describeCurrent(iterator) === model.current()).toBe(true);
    }
  });

  it('hold two hundred keys nested in each other', () => {
    const keys = Array.from({ length: 200 }, (_, i) => new Uint8Array(i + 1).fill(0));
    const inwards = buildFromKeys(keys);
    expectSameOrder(inwards.memtable, inwards.model);
    const outwards = buildFromKeys(keys.toReversed(), SEQUENCE_MAX - 300);
    expectSameOrder(outwards.memtable, outwards.model);
    expectSameSeeks(outwards.memtable, outwards.model, probesOf(keys));
  });
});

describe('the room of a memtable', () => {
  it('never ends before hasRoom says so', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2048, max: 40_000 }),
        fc.array(keyArbitrary, { minLength: 1, maxLength: 80, size: 'max' }),
        fc.integer({ min: 0, max: 40 }),
        (limitBytes, keys, valueBytes) => {
          const memtable = new Memtable(createDirtyArena(limitBytes & ~3));
          const value = new Uint8Array(valueBytes);
          let sequence = 0;
          while (true) {
            const stem = keys[sequence % keys.length];
            const key = Uint8Array.from([...stem, sequence >> 8, sequence & 0xff]);
            if (!memtable.hasRoom(1, key.length + value.length)) break;
            insertRecord(memtable, { key, sequence: ++sequence, kind: KIND_PUT, value });
            if (memtable.usedBytes > memtable.arena.limitBytes)
              expect.fail(`${memtable.usedBytes} of ${limitBytes} bytes`);
          }
          expect(memtable.usedBytes).toBeGreaterThan(limitBytes / 8);
        },
      ),
      RUNS,
    );
  });

  it('takes any batch that hasRoom let in', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(entryArbitrary, { maxLength: 40, size: 'max' }), { maxLength: 30, size: 'max' }),
        (batches) => {
          const memtable = new Memtable(createDirtyArena(32_768));
          let sequence = 0;
          for (const batch of batches) {
            const bytes = batch.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
            if (!memtable.hasRoom(batch.length, bytes)) continue;
            for (const entry of batch) insertRecord(memtable, { ...entry, sequence: ++sequence });
            expect(memtable.usedBytes).toBeLessThanOrEqual(memtable.arena.limitBytes);
          }
        },
      ),
      RUNS,
    );
  });

  it.each([
    [2, 11],
    [5, 5],
    [17, 3],
    [49, 2],
    [256, 1],
  ])('stays within its bound, and not by far, in a tree of nodes of %i children, %i levels deep', (fanOut, levels) => {
    // Nodes that have just grown waste most: 5 children pay for a node of 16, 17 for one of 48, 49 for one of 256.
    const count = fanOut ** levels;
    // One byte past a word, so that the padding of each record is the longest.
    const keyBytes = 13;
    const boundBytes = Memtable.boundBytes(count, count * keyBytes);
    const memtable = new Memtable(createDirtyArena(alignUp(boundBytes + ARENA_HEADER_BYTES, 4)));
    expect(memtable.hasRoom(count, count * keyBytes)).toBe(true);
    for (let sequence = 1; sequence <= count; sequence++) {
      const key = new Uint8Array(keyBytes);
      for (let i = 0, rest = sequence - 1; i < levels; i++, rest = Math.floor(rest / fanOut)) key[i] = rest % fanOut;
      insertRecord(memtable, { key, sequence, kind: KIND_PUT, value: EMPTY_BYTES });
    }
    expect(memtable.usedBytes).toBeLessThanOrEqual(memtable.arena.limitBytes);
    expect(memtable.usedBytes).toBeGreaterThan(boundBytes / 3);
  });

  it('is enough for the largest batch of ordinary records that the limits allow', () => {
    // 16-byte keys and 100-byte values; shared WebAssembly memory ends at 4 GiB.
    expect(Memtable.boundBytes(Math.floor(BATCH_BYTES_MAX / 116), BATCH_BYTES_MAX)).toBeLessThan(4 * GIB);
  });
});

describe('a shared memtable', () => {
  it('is read through its share while its owner goes on inserting', () => {
    const memtable = new Memtable(Arena.create(ARENA_BYTES));
    const reader = Memtable.attach(memtable.share());
    for (let sequence = 1; sequence <= 400; sequence++) {
      const record = { key: bytesOf(sequence % 251, 3), sequence, kind: KIND_PUT, value: bytesOf(sequence & 0xff) };
      insertRecord(memtable, record);
      expect(describeGet(reader, record.key, SEQUENCE_MAX)).toBe(describeRecord(record));
    }
  });

  it('starts empty in an arena that lived before', () => {
    const arena = createDirtyArena(ARENA_BYTES);
    for (let life = 0; life < 3; life++) {
      arena.reset();
      const memtable = new Memtable(arena);
      const model = new MemtableModel();
      for (let i = 0; i < 300; i++) {
        const record = { key: bytesOf(i % 256, life), sequence: i + 1, kind: KIND_PUT, value: bytesOf(life) };
        insertRecord(memtable, record);
        model.insert(record);
      }
      expectSameOrder(memtable, model);
    }
  });
});

describe('where a memtable lays its records', () => {
  it.each([1, 7, 8, 16, 17, 100])('values behind keys of %i bytes start at multiples of eight', (keyBytes) => {
    const memtable = new Memtable(createDirtyArena(ARENA_BYTES));
    const prng = new Prng(1);
    const offsets = new Set<number>();
    for (let sequence = 1; sequence <= 200; sequence++) {
      const key = prng.fill(new Uint8Array(keyBytes));
      const value = new Uint8Array(sequence % 13);
      memtable.insert(sequence, KIND_PUT, key, 0, key.length, value, 0, value.length);
    }
    const entries = memtable.iterator();
    for (entries.seekToFirst(); entries.valid; entries.next()) {
      offsets.add(entries.keyStart % 8).add(entries.valueStart % 8);
    }
    expect([...offsets]).toEqual([0]);
  });
});
