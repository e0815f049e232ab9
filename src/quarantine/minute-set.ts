/** The minutes, counted from 1970, in which the records of a segment fall: a few spans for records that came in order of time. */
import { readVarint, type VarintCursor, varintBytes, writeVarint } from '../base/varint.js';

const MINUTE_MS = 60_000;
/** Of wild timestamps the spans that lie closest become one: the set then holds minutes that no record has. */
const SPANS_MAX = 512;

/** Both ends belong to it. */
export interface MinuteSpan {
  readonly first: number;
  readonly last: number;
}

export function minuteOf(timestampMs: number): number {
  return Math.floor(timestampMs / MINUTE_MS);
}

/** In order, apart from each other. */
export function minuteSpansOf(minutes: ReadonlySet<number>): MinuteSpan[] {
  const spans: { first: number; last: number }[] = [];
  for (const minute of [...minutes].sort((a, b) => a - b)) {
    const span = spans.at(-1);
    if (span !== undefined && span.last + 1 === minute) span.last = minute;
    else spans.push({ first: minute, last: minute });
  }
  return closeSmallestGaps(spans, spans.length - SPANS_MAX);
}

/** Whether a record with a timestamp in `[fromMs, toMs)` may be there. */
export function mayHoldTime(spans: readonly MinuteSpan[], fromMs: number, toMs: number): boolean {
  if (toMs <= fromMs) return false;
  const first = minuteOf(fromMs);
  // The last millisecond that belongs to it.
  const last = minuteOf(toMs - 1);
  return spans.some((span) => span.first <= last && span.last >= first);
}

export function minuteSpansBytes(spans: readonly MinuteSpan[]): number {
  let previous = 0;
  let bytes = varintBytes(spans.length);
  for (const { first, last } of spans) {
    bytes += varintBytes(first - previous) + varintBytes(last - first);
    previous = last;
  }
  return bytes;
}

/** Count, then for each span how far it is from the end of the one before, and its length without the first minute: varints. */
export function writeMinuteSpans(target: Uint8Array, start: number, spans: readonly MinuteSpan[]): number {
  let at = writeVarint(target, start, spans.length);
  let previous = 0;
  for (const { first, last } of spans) {
    at = writeVarint(target, at, first - previous);
    at = writeVarint(target, at, last - first);
    previous = last;
  }
  return at;
}

/** Moves the cursor behind the spans, or to -1 where there are none that a writer would write. */
export function readMinuteSpans(source: Uint8Array, cursor: VarintCursor, end: number): MinuteSpan[] {
  const count = readVarint(source, cursor, end);
  const spans: MinuteSpan[] = [];
  if (count > SPANS_MAX) cursor.position = -1;
  let previous = 0;
  for (let i = 0; i < count && cursor.position >= 0; i++) {
    const first = previous + readVarint(source, cursor, end);
    if (cursor.position < 0) break;
    const last = first + readVarint(source, cursor, end);
    spans.push({ first, last });
    previous = last;
  }
  return spans;
}

function closeSmallestGaps(spans: readonly MinuteSpan[], closedCount: number): MinuteSpan[] {
  if (closedCount <= 0) return [...spans];
  const gaps = spans.slice(1).map(({ first }, i) => ({ index: i + 1, minutes: first - spans[i].last }));
  gaps.sort((a, b) => a.minutes - b.minutes);
  const closed = new Set(gaps.slice(0, closedCount).map(({ index }) => index));
  const kept: { first: number; last: number }[] = [];
  spans.forEach(({ first, last }, index) => {
    const before = kept.at(-1);
    if (before !== undefined && closed.has(index)) before.last = last;
    else kept.push({ first, last });
  });
  return kept;
}
