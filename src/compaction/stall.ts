/**
 * How fast writers may go, from how far background work is behind. Pure: the engine asks with figures and obeys.
 *
 * Each cause has a place where it begins to matter and one where writers must stop; between them lies its pressure, 0 to 1.
 * Writers get the pace of the background work times (1 − p) / p:
 *
 *     pressure   0      0.1     0.5          0.9      1
 *     pace       free   9 ×     as fast as   1/9      stop
 *                               it drains
 *
 * Without a limit where it begins and next to nothing where it ends, there is no cliff; and whatever the true ratio between
 * what is written and what that costs later, some pressure below 1 has the pace that can be kept up, and it settles there.
 */
import type { CompactionSettings } from './compaction-settings.js';

export type StallCause = 'memtables' | 'l0' | 'debt' | 'recovery' | 'disk';

export interface WriteLoad {
  /** Memtables that wait for their flush, and how many may. */
  readonly sealedCount: number;
  readonly sealedMax: number;
  readonly activeBytes: number;
  readonly memtableBytes: number;
  /** Log that the next open would replay, and how much of it there may be. */
  readonly liveLogBytes: number;
  readonly logBytesMax: number;
  readonly l0Count: number;
  readonly l0Bytes: number;
  readonly debtBytes: number;
  /** What flushes have taken in of late, and compactions read and written; 0 if that is not known. */
  readonly flushBytesPerSecond: number;
  readonly compactionBytesPerSecond: number;
}

export type StallDecision =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'delay';
      readonly cause: StallCause;
      readonly bytesPerSecond: number;
      /** What has to be worked off until there is no delay. */
      readonly debtBytes: number;
      readonly estimateMs: number;
    }
  | {
      readonly kind: 'stop';
      readonly cause: StallCause;
      /** What has to be worked off until writers go on. */
      readonly debtBytes: number;
      readonly estimateMs: number;
    };

/** One cause: how much it presses, and what would have to be worked off to be below its two marks. */
interface Pressure {
  readonly cause: StallCause;
  readonly pressure: number;
  readonly drainBytesPerSecond: number;
  readonly aboveSlowdownBytes: number;
  readonly aboveStopBytes: number;
}

/** While nothing has been measured. */
const DRAIN_BYTES_PER_SECOND_DEFAULT = 32 * 1024 * 1024;

export function decideStall(load: WriteLoad, settings: CompactionSettings): StallDecision {
  const pressures = [
    memtablePressure(load),
    recoveryPressure(load),
    l0Pressure(load, settings),
    debtPressure(load, settings),
  ];
  const stopping = pressures.filter(({ pressure }) => pressure >= 1);
  if (stopping.length > 0) {
    const worst = largestBy(stopping, (each) => each.aboveStopBytes / each.drainBytesPerSecond);
    return { kind: 'stop', cause: worst.cause, ...estimate(worst.aboveStopBytes, worst.drainBytesPerSecond) };
  }
  const slowest = largestBy(pressures, (each) => -paceOf(each));
  if (slowest.pressure <= 0) return { kind: 'none' };
  return {
    kind: 'delay',
    cause: slowest.cause,
    bytesPerSecond: Math.max(settings.delayedBytesPerSecondMin, paceOf(slowest)),
    ...estimate(slowest.aboveSlowdownBytes, slowest.drainBytesPerSecond),
  };
}

/** From all but the last place for a sealed memtable taken, to no place for the active one. */
function memtablePressure(load: WriteLoad): Pressure {
  const { sealedCount, sealedMax, activeBytes, memtableBytes, flushBytesPerSecond } = load;
  const waiting = sealedCount + Math.min(1, activeBytes / memtableBytes);
  const slowdown = sealedMax - 1;
  const stop = sealedMax + 1;
  return {
    cause: 'memtables',
    pressure: (waiting - slowdown) / (stop - slowdown),
    drainBytesPerSecond: flushBytesPerSecond || DRAIN_BYTES_PER_SECOND_DEFAULT,
    aboveSlowdownBytes: Math.max(0, waiting - slowdown) * memtableBytes,
    aboveStopBytes: Math.max(1, waiting - stop) * memtableBytes,
  };
}

/** Before writers feel it, the memtable was sealed early, and its flush is under way (recovery-bound.ts). */
const LOG_SLOWDOWN_FRACTION = 0.75;

function recoveryPressure({ liveLogBytes, logBytesMax, flushBytesPerSecond }: WriteLoad): Pressure {
  const slowdownBytes = LOG_SLOWDOWN_FRACTION * logBytesMax;
  return {
    cause: 'recovery',
    pressure: (liveLogBytes - slowdownBytes) / (logBytesMax - slowdownBytes),
    drainBytesPerSecond: flushBytesPerSecond || DRAIN_BYTES_PER_SECOND_DEFAULT,
    aboveSlowdownBytes: Math.max(0, liveLogBytes - slowdownBytes),
    aboveStopBytes: Math.max(1, liveLogBytes - logBytesMax),
  };
}

function l0Pressure({ l0Count, l0Bytes, compactionBytesPerSecond }: WriteLoad, settings: CompactionSettings): Pressure {
  const { l0SlowdownCount, l0StopCount } = settings;
  const tableBytes = l0Count === 0 ? 0 : l0Bytes / l0Count;
  return {
    cause: 'l0',
    pressure: (l0Count - l0SlowdownCount) / (l0StopCount - l0SlowdownCount),
    drainBytesPerSecond: compactionBytesPerSecond || DRAIN_BYTES_PER_SECOND_DEFAULT,
    aboveSlowdownBytes: Math.max(0, l0Count - l0SlowdownCount) * tableBytes,
    aboveStopBytes: Math.max(0, l0Count - l0StopCount + 1) * tableBytes,
  };
}

function debtPressure({ debtBytes, compactionBytesPerSecond }: WriteLoad, settings: CompactionSettings): Pressure {
  const { debtSoftBytes, debtHardBytes } = settings;
  return {
    cause: 'debt',
    pressure: (debtBytes - debtSoftBytes) / (debtHardBytes - debtSoftBytes),
    drainBytesPerSecond: compactionBytesPerSecond || DRAIN_BYTES_PER_SECOND_DEFAULT,
    aboveSlowdownBytes: Math.max(0, debtBytes - debtSoftBytes),
    aboveStopBytes: Math.max(0, debtBytes - debtHardBytes),
  };
}

function paceOf({ pressure, drainBytesPerSecond }: Pressure): number {
  return pressure <= 0 ? Number.POSITIVE_INFINITY : (drainBytesPerSecond * (1 - pressure)) / pressure;
}

function estimate(debtBytes: number, bytesPerSecond: number): { debtBytes: number; estimateMs: number } {
  return { debtBytes: Math.ceil(debtBytes), estimateMs: Math.ceil((debtBytes / bytesPerSecond) * 1000) };
}

function largestBy<T>(items: readonly T[], measure: (item: T) => number): T {
  return items.reduce((largest, item) => (measure(item) > measure(largest) ? item : largest));
}

/**
 * How many bytes per second compactions may read and write: little while there is little to do, so that they take no disk from
 * reads and the log, and all there is half way to where writers would feel them.
 */
export function paceBackground(
  { debtBytes, l0Count }: Pick<WriteLoad, 'debtBytes' | 'l0Count'>,
  settings: CompactionSettings,
): number {
  const { l0CompactionCount, l0SlowdownCount, debtSoftBytes, compactionBytesPerSecondMin } = settings;
  const l0 = (l0Count - l0CompactionCount) / ((l0SlowdownCount - l0CompactionCount) / 2);
  const urgency = Math.max(0, l0, debtBytes / (debtSoftBytes / 2));
  return urgency >= 1 ? Number.POSITIVE_INFINITY : compactionBytesPerSecondMin / (1 - urgency);
}
