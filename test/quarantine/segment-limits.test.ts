import { describe, expect, it } from 'vitest';
import { type EncodedEntry, encodedEntry } from '../../src/quarantine/encoded-entry.js';
import { entriesWithin, isSegmentOver, SEGMENT_LIMITS_DEFAULT } from '../../src/quarantine/segment-limits.js';
import { draftOf } from './journal-rig.js';

const START_MS = 1_000_000;

function segmentOf(fields: { endBytes?: number; entryCount?: number; payloadBytes?: number }) {
  const { endBytes = 100, entryCount = 1, payloadBytes = 10 } = fields;
  return { endBytes, createdAtMs: START_MS, summary: { entryCount, payloadBytes } };
}

describe('the end of a segment', () => {
  it('comes with each of its limits', () => {
    const isOver = (limits: object, segment = {}, nowMs = START_MS): boolean =>
      isSegmentOver({ ...SEGMENT_LIMITS_DEFAULT, ...limits }, segmentOf(segment), nowMs);
    expect(isOver({})).toBe(false);
    expect(isOver({ fileBytesMax: 100 })).toBe(true);
    expect(isOver({ fileBytesMax: 101 })).toBe(false);
    expect(isOver({ entriesMax: 2 }, { entryCount: 2 })).toBe(true);
    expect(isOver({ payloadBytesMax: 11 })).toBe(false);
    expect(isOver({ payloadBytesMax: 10 })).toBe(true);
    expect(isOver({ ageMsMax: 5 }, {}, START_MS + 4)).toBe(false);
    expect(isOver({ ageMsMax: 5 }, {}, START_MS + 5)).toBe(true);
    // The clock was set back.
    expect(isOver({ ageMsMax: 5 }, {}, START_MS - 500)).toBe(false);
  });

  it('does not come before there is an entry', () => {
    const limits = { fileBytesMax: 1, entriesMax: 1, payloadBytesMax: 1, ageMsMax: 1 };
    expect(isSegmentOver(limits, segmentOf({ entryCount: 0, payloadBytes: 0 }), START_MS + 10)).toBe(false);
  });
});

describe('the entries that a segment takes', () => {
  const entries = Array.from(
    { length: 10 },
    (_, i): EncodedEntry => encodedEntry({ ...draftOf('a', 'x'), number: i + 1 }),
  );
  const countWithin = (limits: object, segment = {}): number =>
    entriesWithin({ ...SEGMENT_LIMITS_DEFAULT, ...limits }, segmentOf(segment), entries).length;

  it('are all of them, or up to where a limit is reached', () => {
    expect(countWithin({})).toBe(10);
    expect(countWithin({ entriesMax: 5 }, { entryCount: 2 })).toBe(3);
    expect(countWithin({ payloadBytesMax: 14 }, { payloadBytes: 10 })).toBe(4);
    expect(countWithin({ fileBytesMax: 100 + 2 * entries[0].bytes.length })).toBe(2);
  });

  it('are one at least, and the first ones', () => {
    const limits = { ...SEGMENT_LIMITS_DEFAULT, entriesMax: 1 };
    expect(entriesWithin(limits, segmentOf({ entryCount: 5 }), entries).map(({ number }) => number)).toEqual([1]);
  });
});
