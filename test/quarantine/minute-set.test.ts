import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  mayHoldTime,
  minuteOf,
  minuteSpansBytes,
  minuteSpansOf,
  readMinuteSpans,
  writeMinuteSpans,
} from '../../src/quarantine/minute-set.js';
import { fuzzRuns } from '../support/fuzz.js';

const MINUTE_MS = 60_000;
const minutes = fc.array(fc.oneof(fc.nat(50), fc.nat(2 ** 31)), { minLength: 1, maxLength: 60 });

describe('the minutes of a segment', () => {
  it('in order are one span', () => {
    expect(minuteSpansOf(new Set([7, 5, 6, 9]))).toEqual([
      { first: 5, last: 7 },
      { first: 9, last: 9 },
    ]);
    expect(minuteSpansOf(new Set())).toEqual([]);
  });

  it('are read as they were written', () => {
    fc.assert(
      fc.property(minutes, (list) => {
        const spans = minuteSpansOf(new Set(list));
        const bytes = new Uint8Array(minuteSpansBytes(spans));
        expect(writeMinuteSpans(bytes, 0, spans)).toBe(bytes.length);
        const cursor = { position: 0 };
        expect(readMinuteSpans(bytes, cursor, bytes.length)).toEqual(spans);
        expect(cursor.position).toBe(bytes.length);
      }),
      fuzzRuns(300),
    );
  });

  it('never deny a time that was added', () => {
    fc.assert(
      fc.property(minutes, fc.nat(MINUTE_MS - 1), (list, offsetMs) => {
        const spans = minuteSpansOf(new Set(list));
        for (const minute of list) {
          const atMs = minute * MINUTE_MS + offsetMs;
          expect(minuteOf(atMs)).toBe(minute);
          expect(mayHoldTime(spans, atMs, atMs + 1)).toBe(true);
        }
      }),
      fuzzRuns(300),
    );
  });

  it('deny a time between them, and an empty one', () => {
    const spans = minuteSpansOf(new Set([10, 20]));
    expect(mayHoldTime(spans, 11 * MINUTE_MS, 20 * MINUTE_MS)).toBe(false);
    expect(mayHoldTime(spans, 11 * MINUTE_MS, 20 * MINUTE_MS + 1)).toBe(true);
    expect(mayHoldTime(spans, 0, 10 * MINUTE_MS)).toBe(false);
    expect(mayHoldTime(spans, 10 * MINUTE_MS, 10 * MINUTE_MS)).toBe(false);
    expect(mayHoldTime(spans, 0, Number.MAX_SAFE_INTEGER)).toBe(true);
  });

  it('of wild timestamps take little room, and deny none of them', () => {
    const wild = Array.from({ length: 5000 }, (_, i) => i * i * 3);
    const spans = minuteSpansOf(new Set(wild));
    expect(spans.length).toBe(512);
    for (const minute of wild) expect(mayHoldTime(spans, minute * MINUTE_MS, minute * MINUTE_MS + 1)).toBe(true);
  });

  it('that run past their end are refused', () => {
    const spans = minuteSpansOf(new Set([10, 2000]));
    const bytes = new Uint8Array(minuteSpansBytes(spans));
    writeMinuteSpans(bytes, 0, spans);
    const cursor = { position: 0 };
    readMinuteSpans(bytes, cursor, bytes.length - 1);
    expect(cursor.position).toBe(-1);
  });
});
