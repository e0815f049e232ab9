import { describe, expect, it } from 'vitest';
import { KIND_PUT } from '../../src/base/internal-key.js';
import { Memtable } from '../../src/memtable/memtable.js';
import type { ModelRecord } from './memtable-model.js';
import {
  bytesOf,
  collectBackward,
  collectForward,
  createDirtyArena,
  describeGet,
  insertRecord,
  MemtableModel,
} from './memtable-model.js';

/**
 * Readers and the inserter meet at atomic operations. Here one thread plays both: an insert happens at the n-th load of a
 * read, for every n, and reads happen at every store of an insert. What real threads hit once in a million runs comes out
 * every time, and the same way.
 */
const { load, store } = Atomics;

function withAtomics(name: 'load' | 'store', replacement: unknown, action: () => void): void {
  const original = Atomics[name];
  Object.defineProperty(Atomics, name, { value: replacement, configurable: true, writable: true });
  try {
    action();
  } finally {
    Object.defineProperty(Atomics, name, { value: original, configurable: true, writable: true });
  }
}

/** False if `read` was over before its n-th load. */
function withInsertAtLoad(n: number, isBefore: boolean, insert: () => void, read: () => void): boolean {
  let count = 0;
  const interleaved = (words: Int32Array, index: number): number => {
    count++;
    if (count !== n) return load(words, index);
    if (isBefore) insert();
    const value = load(words, index);
    if (!isBefore) insert();
    return value;
  };
  withAtomics('load', interleaved, read);
  return count >= n;
}

/** How many stores `insert` made; `read` ran before and after each. */
function withReadsAtStores(insert: () => void, read: () => void): number {
  let count = 0;
  const interleaved = (words: Int32Array, index: number, value: number): number => {
    count++;
    read();
    store(words, index, value);
    read();
    return value;
  };
  withAtomics('store', interleaved, insert);
  return count;
}

/** Children of one node, all odd, so that an even symbol is new; the sizes at which a node is full or has room. */
const WIDTHS = [1, 4, 16, 17, 48, 50];
const LOADS_MAX = 50;

function oldRecords(width: number): ModelRecord[] {
  const records: ModelRecord[] = [];
  let sequence = 0;
  const add = (key: Uint8Array) =>
    records.push({ key, sequence: ++sequence, kind: KIND_PUT, value: bytesOf(sequence) });
  for (let i = 0; i < width; i++) add(bytesOf(5, 2 * i + 1, 8));
  add(bytesOf(3, 1));
  add(bytesOf(7, 1));
  add(bytesOf(5, 1, 8));
  return records;
}

/** What an insert can do to the tree: fill or grow a node at either side, split a stretch, nest, add a version. */
function newKeys(width: number): Uint8Array[] {
  return [
    bytesOf(5),
    bytesOf(5, 0),
    bytesOf(5, 2, 8),
    bytesOf(5, 2 * width, 8),
    bytesOf(5, 255),
    bytesOf(5, 1),
    bytesOf(5, 1, 8),
    bytesOf(5, 1, 8, 8),
    bytesOf(5, 1, 9),
    bytesOf(4),
    bytesOf(3, 1),
    bytesOf(255),
  ];
}

interface Scene {
  /** Of the thread that inserts. */
  readonly writer: Memtable;
  /** The same, of the thread that reads. */
  readonly memtable: Memtable;
  readonly model: MemtableModel;
  readonly sequenceMax: number;
}

function createScene(records: readonly ModelRecord[]): Scene {
  const writer = new Memtable(createDirtyArena(64 * 1024));
  const memtable = Memtable.attach(writer.share());
  const model = new MemtableModel();
  for (const record of records) {
    insertRecord(writer, record);
    model.insert(record);
  }
  return { writer, memtable, model, sequenceMax: records.length };
}

/** Plays `read` with an insert of each new key at each of its loads; it gets the scene and the key that comes in. */
function forEveryInterleaving(width: number, read: (scene: Scene, key: Uint8Array) => void): number {
  const records = oldRecords(width);
  let played = 0;
  for (const key of newKeys(width)) {
    for (const isBefore of [true, false]) {
      for (let n = 1; n <= LOADS_MAX; n++) {
        const scene = createScene(records);
        const late = { key, sequence: records.length + 1, kind: KIND_PUT, value: bytesOf(255) };
        const wasReached = withInsertAtLoad(
          n,
          isBefore,
          () => insertRecord(scene.writer, late),
          () => read(scene, key),
        );
        if (!wasReached) break;
        played++;
      }
    }
  }
  return played;
}

function modelFrom(model: MemtableModel, key: Uint8Array): string[] {
  model.seek(key);
  return model.place === -1 ? [] : model.all().slice(model.place);
}

function modelBefore(model: MemtableModel, key: Uint8Array): string[] {
  model.seekBefore(key);
  return model
    .all()
    .slice(0, model.place + 1)
    .reverse();
}

describe('an insert at any atomic load of a read', () => {
  it.each(WIDTHS)('leaves a seek right in a node of %i children', (width) => {
    const played = forEveryInterleaving(width, ({ memtable, model, sequenceMax }, key) => {
      const iterator = memtable.iterator();
      iterator.seek(key);
      expect(collectForward(iterator, sequenceMax)).toEqual(modelFrom(model, key));
    });
    expect(played).toBeGreaterThan(50);
  });

  it.each(WIDTHS)('leaves a seekBefore right in a node of %i children', (width) => {
    const played = forEveryInterleaving(width, ({ memtable, model, sequenceMax }, key) => {
      const iterator = memtable.iterator();
      iterator.seekBefore(key);
      expect(collectBackward(iterator, sequenceMax)).toEqual(modelBefore(model, key));
    });
    expect(played).toBeGreaterThan(50);
  });

  it.each(WIDTHS)('leaves iteration right both ways in a node of %i children', (width) => {
    const played = forEveryInterleaving(width, ({ memtable, model, sequenceMax }) => {
      const iterator = memtable.iterator();
      iterator.seekToFirst();
      expect(collectForward(iterator, sequenceMax)).toEqual(model.all());
      iterator.seekToLast();
      expect(collectBackward(iterator, sequenceMax)).toEqual(model.all().reverse());
    });
    expect(played).toBeGreaterThan(50);
  });

  it.each(WIDTHS)('leaves point reads right in a node of %i children', (width) => {
    const wanted = (model: MemtableModel, key: Uint8Array, sequenceMax: number): string =>
      model.all()[model.records.findIndex((r) => Buffer.compare(r.key, key) === 0 && r.sequence <= sequenceMax)] ??
      'missing';
    const played = forEveryInterleaving(width, ({ memtable, model, sequenceMax }, key) => {
      for (const probe of [key, bytesOf(5, 1, 8), bytesOf(7, 1)]) {
        expect(describeGet(memtable, probe, sequenceMax)).toBe(wanted(model, probe, sequenceMax));
      }
    });
    expect(played).toBeGreaterThan(20);
  });
});

describe('a read at any atomic store of an insert', () => {
  it.each(WIDTHS)('sees the old tree or the new one in a node of %i children, and nothing between', (width) => {
    const records = oldRecords(width);
    for (const key of newKeys(width)) {
      const { writer, memtable, model } = createScene(records);
      const late = { key, sequence: records.length + 1, kind: KIND_PUT, value: bytesOf(255) };
      const states: string[] = [];
      const look = () => {
        const iterator = memtable.iterator();
        iterator.seekToFirst();
        const forward = collectForward(iterator).join();
        iterator.seekToLast();
        expect(collectBackward(iterator).reverse().join()).toBe(forward);
        expect(describeGet(memtable, bytesOf(7, 1), records.length)).toBe(
          model.all().find((text) => text.startsWith('0701@')),
        );
        states.push(forward);
      };
      const before = model.all().join();
      expect(withReadsAtStores(() => insertRecord(writer, late), look)).toBe(1);
      model.insert(late);
      expect(states).toEqual([before, model.all().join()]);
    }
  });
});
