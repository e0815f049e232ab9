/** When the segment that is written is ended and another one begun: what has expired goes by whole segments. Pure. */
import { QUARANTINE_SEGMENT_BYTES } from '../base/limits.js';
import type { EncodedEntry } from './encoded-entry.js';

export interface SegmentLimits {
  /** Of the file. */
  readonly fileBytesMax: number;
  readonly entriesMax: number;
  readonly payloadBytesMax: number;
  /** Since it was begun. */
  readonly ageMsMax: number;
}

export const SEGMENT_LIMITS_DEFAULT: SegmentLimits = {
  fileBytesMax: QUARANTINE_SEGMENT_BYTES,
  entriesMax: Number.POSITIVE_INFINITY,
  payloadBytesMax: Number.POSITIVE_INFINITY,
  ageMsMax: Number.POSITIVE_INFINITY,
};

/** A segment that is written. */
export interface GrowingSegment {
  readonly endBytes: number;
  readonly createdAtMs: number;
  readonly summary: { readonly entryCount: number; readonly payloadBytes: number };
}

/** Whether it takes no further entry. One without entries is never over. */
export function isSegmentOver(
  limits: SegmentLimits,
  { endBytes, createdAtMs, summary: { entryCount, payloadBytes } }: GrowingSegment,
  nowMs: number,
): boolean {
  if (entryCount === 0) return false;
  if (endBytes >= limits.fileBytesMax || entryCount >= limits.entriesMax) return true;
  return payloadBytes >= limits.payloadBytesMax || nowMs - createdAtMs >= limits.ageMsMax;
}

/** As many of the entries as the segment takes, one at least. */
export function entriesWithin(
  limits: SegmentLimits,
  { endBytes, summary }: GrowingSegment,
  entries: readonly EncodedEntry[],
): readonly EncodedEntry[] {
  let fileBytes = endBytes;
  let { entryCount, payloadBytes } = summary;
  let taken = 0;
  for (const entry of entries) {
    const isFull =
      fileBytes >= limits.fileBytesMax || entryCount >= limits.entriesMax || payloadBytes >= limits.payloadBytesMax;
    if (taken > 0 && isFull) break;
    fileBytes += entry.bytes.length;
    payloadBytes += entry.payloadBytes;
    entryCount++;
    taken++;
  }
  return entries.slice(0, taken);
}
