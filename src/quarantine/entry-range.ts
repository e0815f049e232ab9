import type { EncodedEntry } from './encoded-entry.js';
import { hashId } from './id-filter.js';
import { type MinuteSpan, mayHoldTime } from './minute-set.js';

/** Which entries are sought. */
export interface EntryRange {
  /** Of the timestamp: from here on. */
  readonly fromMs: number;
  /** … and before. */
  readonly toMs: number;
  readonly id: string | undefined;
  /** Entries with a larger number. */
  readonly afterEntry: number;
}

/** A segment as a reader needs to know it. */
export interface SegmentView {
  readonly number: number;
  readonly endBytes: number;
  readonly lastEntry: number;
  readonly minutes: () => readonly MinuteSpan[];
  readonly mayHold: (idHash: number) => boolean;
}

/** Whether the segment may hold what is sought. */
export function isCandidate(view: SegmentView, { fromMs, toMs, id, afterEntry }: EntryRange): boolean {
  if (view.lastEntry <= afterEntry || !mayHoldTime(view.minutes(), fromMs, toMs)) return false;
  return id === undefined || view.mayHold(hashId(id));
}

export function isWithin(
  entry: Pick<EncodedEntry, 'number' | 'timestampMs' | 'id'>,
  { fromMs, toMs, id, afterEntry }: EntryRange,
): boolean {
  if (entry.number <= afterEntry || entry.timestampMs < fromMs || entry.timestampMs >= toMs) return false;
  return id === undefined || entry.id === id;
}
