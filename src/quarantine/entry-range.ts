import type { EncodedEntry } from './encoded-entry.js';
import { mayHoldId } from './id-filter.js';
import { mayHoldTime } from './minute-set.js';
import type { SegmentSummary, SummaryBuilder } from './segment-summary.js';

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

export const ALL_ENTRIES: EntryRange = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, id: undefined, afterEntry: 0 };

/** What a reader needs to know of a segment: up to where it was written when the reader came. */
export interface SegmentView {
  readonly number: number;
  readonly endBytes: number;
}

/** Whether the segment may hold what is sought; `idHash` is that of its id. */
export function isCandidate(
  { lastEntry, minutes, filter }: Pick<SegmentSummary, 'lastEntry' | 'minutes' | 'filter'>,
  { fromMs, toMs, afterEntry }: EntryRange,
  idHash: number | undefined,
): boolean {
  if (lastEntry <= afterEntry || (idHash !== undefined && !mayHoldId(filter, idHash))) return false;
  return mayHoldTime(minutes, fromMs, toMs);
}

/** The same of the segment that is written. */
export function isGrowingCandidate(
  summary: SummaryBuilder,
  { fromMs, toMs, afterEntry }: EntryRange,
  idHash: number | undefined,
): boolean {
  if (summary.entryCount === 0 || summary.lastEntry <= afterEntry) return false;
  // Its minutes are made when they are asked for: of wild timestamps they are work.
  return (idHash === undefined || summary.mayHoldId(idHash)) && mayHoldTime(summary.minutes(), fromMs, toMs);
}

export function isWithin(
  entry: Pick<EncodedEntry, 'number' | 'timestampMs' | 'id'>,
  { fromMs, toMs, id, afterEntry }: EntryRange,
): boolean {
  if (entry.number <= afterEntry || entry.timestampMs < fromMs || entry.timestampMs >= toMs) return false;
  return id === undefined || entry.id === id;
}
