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
  return memtable.keyCover(sequenceMax)?.coveringSequence(key, 0, key.length, sequenceMax) ?? 0;
}

/** The same, of the set. */
function coveringOfSet(memtable: Memtable, key: Uint8Array, sequenceMax: number): number {
  return memtable.rangeTombstones(sequenceMax)?.coveringSequence(key, 0, key.length, sequenceMax) ?? 0;
}

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
  isShortRange: fc.boolean(),
  /** Sequences at which somebody reads afterwards; those newer than all there is stand for the newest. */
  readAt: fc.array(fc.nat(70), { maxLength: 3 }),
});

describe('range deletes in a memtable', () => {
  it('are seen up to any sequence, in whatever order readers come and look back', () => {
    const steps = fc.array(stepArbitrary, { minLength: 1, maxLength: 60, size: 'max' });
    const property = fc.property(steps, fc.array(keyArbitrary, { maxLength: 4 }), (taken, probes) => {
      const memtable = new Memtable(createDirtyArena(ARENA_BYTES));
      const written: RangeTombstone[] = [];
      for (const { start, end, isShortRange, readAt } of taken) {
        const shortEnd = Uint8Array.of(...start, 0);
        const isOrdered = Buffer.compare(start, end) < 0;
        written.push({ start, end: isOrdered && !isShortRange ? end : shortEnd, sequence: written.length + 1 });
        insertRange(memtable, written[written.length - 1]);
        const model = RangeTombstoneSet.of(written);
        for (const max of readAt) {
          for (const probe of [start, end, ...probes]) {
            const wanted = model.coveringSequence(probe, 0, probe.length, max);
            expect(covering(memtable, probe, max)).toBe(wanted);
            expect(coveringOfSet(memtable, probe, max)).toBe(wanted);
          }
        }
      }
      expect(memtable.rangeDeletesAfter(0)).toEqual(written.reverse());
    });
    fc.assert(property, { seed: 1, numRuns: 200 });
  });

  it('that trim a log, with a read after each, stay one for who reads now, and all for who looks back', () => {
    const memtable = new Memtable(createDirtyArena(8 * ARENA_BYTES));
    const key = (number: number): Uint8Array => Uint8Array.from(Buffer.from(String(number).padStart(6, '0')));
    for (let sequence = 1; sequence <= 20_000; sequence++) {
      insertRange(memtable, { start: key(0), end: key(sequence), sequence });
      expect(covering(memtable, key(sequence - 1), sequence)).toBe(sequence);
    }
    expect(memtable.rangeTombstones(SEQUENCE_MAX)?.fragments).toHaveLength(1);
    for (const sequence of [1, 500, 19_999]) {
      expect(covering(memtable, key(sequence - 1), sequence)).toBe(sequence);
      expect(covering(memtable, key(sequence), sequence)).toBe(0);
    }
  });

  it('are handed out newest first, from any sequence on', () => {
    const memtable = new Memtable(createDirtyArena(ARENA_BYTES));
    expect(memtable.rangeDeletesAfter(0)).toEqual([]);
    const written = [3, 5, 8].map((sequence) => ({ start: bytesOf(sequence), end: bytesOf(9), sequence }));
    for (const tombstone of written) insertRange(memtable, tombstone);
    expect(memtable.rangeDeletesAfter(0)).toEqual([...written].reverse());
    expect(memtable.rangeDeletesAfter(3)).toEqual([written[2], written[1]]);
    expect(memtable.rangeDeletesAfter(8)).toEqual([]);
  });

  it('leave a set that a reader holds as it was', () => {
    const memtable = new Memtable(createDirtyArena(ARENA_BYTES));
    insertRange(memtable, { start: bytesOf(1), end: bytesOf(9), sequence: 1 });
    const held = memtable.rangeTombstones(9);
    insertRange(memtable, { start: bytesOf(2), end: bytesOf(4), sequence: 2 });
    expect(fragmentsOf(memtable.rangeTombstones(9))).toEqual(['01 02 1', '02 04 2', '04 09 1']);
    expect(fragmentsOf(held)).toEqual(['01 09 1']);
    expect(memtable.rangeTombstones(9)).toBe(memtable.rangeTombstones(9));
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
    expect(memtable.rangeTombstones(9)).toBeUndefined();
    expect(memtable.keyCover(9)).toBeUndefined();
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
    expect(attached.rangeTombstones(9)).toBeUndefined();
    insertRange(memtable, { start: bytesOf(1), end: bytesOf(3), sequence: 1 });
    expect(covering(attached, bytesOf(2), 9)).toBe(1);
    insertRange(memtable, { start: bytesOf(2), end: bytesOf(4), sequence: 2 });
    expect(covering(attached, bytesOf(2), 9)).toBe(2);
    expect(fragmentsOf(attached.rangeTombstones(9))).toEqual(['01 02 1', '02 04 2']);
  });

  it('are gone when the arena begins a new life', () => {
    const arena = createDirtyArena(ARENA_BYTES);
    insertRange(new Memtable(arena), { start: bytesOf(1), end: bytesOf(2), sequence: 1 });
    arena.reset();
    expect(new Memtable(arena).rangeTombstones(9)).toBeUndefined();
  });
});
