/** How long entries are kept, how many, and what happens when there are too many. Pure. */
import { SEGMENT_LIMITS_DEFAULT, type SegmentLimits } from '../../quarantine/segment-limits.js';
import type { RemovableSegment } from '../../quarantine/tenant-journal.js';
import type { QuarantineSettings, TenantSettings } from './quarantine-settings.js';

const HOUR_MS = 3600 * 1000;
const MINUTE_MS = 60 * 1000;
/** Of one tenant, if it is never without entries: so much longer than its retention an entry stays at most. */
const RETENTION_SEGMENTS = 24;
/** Of one tenant whose oldest entries make room: about such a part of them goes at once. */
const CAP_SEGMENTS = 16;
/** Between two looks the clocks may come apart by so much. */
const CLOCK_LEAP_MS_MAX = 5 * MINUTE_MS;

/** Those of a tenant: its own, and what it leaves out from those of all. */
export function settingsOf(settings: QuarantineSettings, tenant: string): TenantSettings {
  const own = Object.hasOwn(settings.tenants, tenant) ? settings.tenants[tenant] : undefined;
  if (own === undefined) return settings;
  const { retentionMs, bytesMax, entriesMax, whenFull } = settings;
  return { retentionMs, bytesMax, entriesMax, whenFull, ...own };
}

/** How often to look for what has expired. */
export function sweepPeriodMs(settings: QuarantineSettings): number {
  const all = [
    settings.retentionMs,
    ...Object.values(settings.tenants).map((own) => own.retentionMs ?? settings.retentionMs),
  ];
  const shortest = Math.min(...all.filter((ms) => ms > 0), Number.MAX_SAFE_INTEGER);
  return Math.min(HOUR_MS, Math.max(MINUTE_MS, shortest / 24));
}

/**
 * Segments go as a whole, so they are ended before one of them holds much of what its tenant may keep: after a part of the time, and,
 * where the oldest makes room for new entries, of the entries and of the bytes.
 */
export function segmentLimitsOf({ retentionMs, bytesMax, entriesMax, whenFull }: TenantSettings): SegmentLimits {
  const isRing = whenFull === 'drop-oldest';
  return {
    ...SEGMENT_LIMITS_DEFAULT,
    ageMsMax: partOf(retentionMs, RETENTION_SEGMENTS),
    entriesMax: partOf(isRing ? entriesMax : 0, CAP_SEGMENTS),
    payloadBytesMax: partOf(isRing ? bytesMax : 0, CAP_SEGMENTS),
  };
}

/** 0 is no limit. */
function partOf(max: number, parts: number): number {
  return max === 0 ? Number.POSITIVE_INFINITY : Math.ceil(max / parts);
}

/**
 * Whether all of the segment is older than its tenant keeps it. `leap` is when the time of day was last found to have leapt forwards: what
 * is older was given its time by another clock, or looks old only because of the leap, and stays for its full time by the clock that counts.
 */
export function isExpired(
  { appendedAtMsMax }: Pick<RemovableSegment, 'appendedAtMsMax'>,
  retentionMs: number,
  now: ClockReading,
  leap?: ClockReading,
): boolean {
  if (retentionMs === 0 || appendedAtMsMax >= now.wallMs - retentionMs) return false;
  const isFromBefore = leap !== undefined && appendedAtMsMax < leap.wallMs;
  return !isFromBefore || now.monotonicMs - leap.monotonicMs > retentionMs;
}

/** Whether the time of day has not leapt forwards since the last look, by the clock that only counts. */
export function isClockSound(last: ClockReading, now: ClockReading): boolean {
  const passedMs = now.monotonicMs - last.monotonicMs;
  return now.wallMs - last.wallMs <= passedMs + CLOCK_LEAP_MS_MAX;
}

export interface ClockReading {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** What is wrong with one more entry; undefined if nothing is. */
export function excessOf(
  { entriesMax, bytesMax }: TenantSettings,
  totals: { readonly entryCount: number; readonly payloadBytes: number },
  payloadBytes: number,
): string | undefined {
  if (entriesMax > 0 && totals.entryCount + 1 > entriesMax) return `${totals.entryCount} of ${entriesMax} entries`;
  if (bytesMax > 0 && totals.payloadBytes + payloadBytes > bytesMax) {
    return `${totals.payloadBytes} of ${bytesMax} bytes, and this record has ${payloadBytes}`;
  }
  return undefined;
}
