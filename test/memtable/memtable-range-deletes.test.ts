import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KIND_PUT, KIND_RANGE_DELETE } from '../../src/base/internal-key.js';
import { SEQUENCE_MAX } from '../../src/base/limits.js';
import { Prng } from '../../src/base/prng.js';
import type { RangeTombstone } from '../../src/base/range-tombstones.js';
import { RangeTombstoneSet } from '../../src/base/range-tombstones.js';
import { Arena } from '../../src/memtable/arena.js';
import { Memtable } from '../../src/memtable/memtable.js';
import { bytesOf, collectForward, createDirtyArena, describeGet, insertRecord } from './memtable-model.js';

const ARENA_BYTES = 256 * 1024;

function insertRange(memtable: Memtable, { start, end, sequence }: RangeTombstone): void {
  insertRecord(memtable, { key: start, value: end, sequence, kind: KIND_RANGE_DELETE });
}

function covering(memtable: Memtable, key: Uint8Array, sequenceMax: number): number {
  return memtable.keyCover()?.coveringSequence(key, 0, key.length, sequenceMax) ?? 0;
}

/** As sets of the same tombstones cut them, whatever way they came together. */
function fragmentsOf(set: RangeTombstoneSet | undefined): string[] {
  const hex = (key: Uint8Array): string => Buffer.from(key).toString('hex');
  return (set?.fragments ?? []).map(({ start, end, sequences }) => `${hex(start)} ${hex(end)} ${sequences.join(' ')}`);
}

const keyArbitrary = fc
  .array(fc.constantFrom(0, 1, 0x61, 0xff), { minLength: 1, maxLength: 4 })
  .map((symbols) => Uint8Array.from(symbols));
const stepArbitrary = fc.record({
  start: keyArbitrary,
  end: keyArbitrary,
  isRead: fc.boolean(),
  isShortRange: fc.boolean(),
});

describe('range deletes in a memtable', () => {
  it('are read as the set of them, however reads and range deletes take turns', () => {
    const steps = fc.array(stepArbitrary, { minLength: 1, maxLength: 60, size: 'max' });
    const property = fc.property(steps, fc.array(keyArbitrary, { maxLength: 4 }), fc.nat(70), (taken, probes, max) => {
      const memtable = new Memtable(createDirtyArena(ARENA_BYTES));
      const written: RangeTombstone[] = [];
      for (const { start, end, isRead, isShortRange } of taken) {
        const shortEnd = Uint8Array.of(...start, 0);
        const isOrdered = Buffer.compare(start, end) < 0;
        written.push({ start, end: isOrdered && !isShortRange ? end : shortEnd, sequence: written.length + 1 });
        insertRange(memtable, written[written.length - 1]);
        if (!isRead) continue;
        const model = RangeTombstoneSet.of(written);
        for (const probe of [start, end, ...probes]) {
          expect(covering(memtable, probe, max)).toBe(model.coveringSequence(probe, 0, probe.length, max));
        }
      }
      expect(fragmentsOf(memtable.rangeTombstones())).toEqual(fragmentsOf(RangeTombstoneSet.of(written)));
    });
    fc.assert(property, { seed: 1, numRuns: 200 });
  });

  it('by the thousand, with a read after each, stay one sorted whole', () => {
    const memtable = new Memtable(createDirtyArena(4 * ARENA_BYTES));
    const prng = new Prng(3);
    const key = (number: number): Uint8Array => Uint8Array.from(Buffer.from(String(number).padStart(6, '0')));
    const written: RangeTombstone[] = [];
    for (let sequence = 1; sequence <= 3000; sequence++) {
      const from = prng.below(40_000);
      // Now and then one over many of the others.
      const to = from + 1 + prng.below(prng.chance(0.01) ? 4000 : 8);
      written.push({ start: key(from), end: key(to), sequence });
      insertRange(memtable, written[written.length - 1]);
      expect(covering(memtable, key(from), sequence)).toBe(sequence);
      expect(covering(memtable, key(to - 1), SEQUENCE_MAX)).toBe(sequence);
    }
    const model = RangeTombstoneSet.of(written);
    expect(fragmentsOf(memtable.rangeTombstones())).toEqual(fragmentsOf(model));
    for (let i = 0; i < 3000; i++) {
      const probe = key(prng.below(45_000));
      const sequenceMax = prng.below(3100);
      expect(covering(memtable, probe, sequenceMax)).toBe(model.coveringSequence(probe, 0, 6, sequenceMax));
    }
  });

  it('leave a set that a reader holds as it was', () => {
    const memtable = new Memtable(createDirtyArena(ARENA_BYTES));
    insertRange(memtable, { start: bytesOf(1), end: bytesOf(9), sequence: 1 });
    const held = memtable.rangeTombstones();
    const before = fragmentsOf(held);
    insertRange(memtable, { start: bytesOf(2), end: bytesOf(4), sequence: 2 });
    expect(fragmentsOf(held)).toEqual(before);
    expect(memtable.rangeTombstones()).not.toBe(held);
    expect(memtable.rangeTombstones()).toBe(memtable.rangeTombstones());
  });

  it('are no points: neither a lookup nor an iterator meets them', () => {
    const memtable = new Memtable(createDirtyArena(ARENA_BYTES));
    insertRecord(memtable, { key: bytesOf(5), value: bytesOf(1), sequence: 1, kind: KIND_PUT });
    insertRange(memtable, { start: bytesOf(5), end: bytesOf(7), sequence: 2 });
    insertRange(memtable, { start: bytesOf(6), end: bytesOf(7), sequence: 3 });
    expect(describeGet(memtable, bytesOf(5), 9)).toBe('05@1:1=01');
    expect(describeGet(memtable, bytesOf(6), 9)).toBe('missing');
    const iterator = memtable.iterator();
    iterator.seekToFirst();
    expect(collectForward(iterator)).toEqual(['05@1:1=01']);
  });

  it('count as entries, so that a memtable of nothing else is not empty', () => {
    const memtable = new Memtable(createDirtyArena(ARENA_BYTES));
    expect(memtable.rangeTombstones()).toBeUndefined();
    expect(memtable.keyCover()).toBeUndefined();
    insertRange(memtable, { start: bytesOf(1), end: bytesOf(2, 3), sequence: 1 });
    expect(memtable.entryCount).toBe(1);
    expect(memtable.userBytes).toBe(3);
  });

  it('fill the arena up to its end and no further, among points', () => {
    const memtable = new Memtable(createDirtyArena(64 * 1024));
    const prng = new Prng(1);
    let sequence = 0;
    for (;;) {
      const key = prng.fill(new Uint8Array(1 + prng.below(20)));
      const end = Uint8Array.of(...key, prng.below(256));
      const kind = prng.chance(0.5) ? KIND_RANGE_DELETE : KIND_PUT;
      if (!memtable.hasRoom(1, key.length + end.length)) break;
      sequence++;
      insertRecord(memtable, { key, value: end, sequence, kind });
      expect(memtable.usedBytes).toBeLessThanOrEqual(64 * 1024);
    }
    expect(sequence).toBeGreaterThan(500);
  });

  it('are seen through a share, those too that come after it was made', () => {
    const memtable = new Memtable(Arena.create(ARENA_BYTES));
    const attached = Memtable.attach(memtable.share());
    expect(attached.rangeTombstones()).toBeUndefined();
    insertRange(memtable, { start: bytesOf(1), end: bytesOf(3), sequence: 1 });
    expect(covering(attached, bytesOf(2), 9)).toBe(1);
    insertRange(memtable, { start: bytesOf(2), end: bytesOf(4), sequence: 2 });
    expect(covering(attached, bytesOf(2), 9)).toBe(2);
    expect(fragmentsOf(attached.rangeTombstones())).toEqual(['01 02 1', '02 03 2 1', '03 04 2']);
  });

  it('are gone when the arena begins a new life', () => {
    const arena = createDirtyArena(ARENA_BYTES);
    insertRange(new Memtable(arena), { start: bytesOf(1), end: bytesOf(2), sequence: 1 });
    arena.reset();
    expect(new Memtable(arena).rangeTombstones()).toBeUndefined();
  });
});
