import type { Clock } from '../../base/clock.js';
import { StemeError } from '../../base/errors.js';
import { KIND_RANGE_DELETE } from '../../base/internal-key.js';
import type { CancelTimer, Timers } from '../../base/timers.js';
import type { QuarantineJournal } from '../../quarantine/quarantine-journal.js';
import type { RemovableSegment } from '../../quarantine/tenant-journal.js';
import { markKey } from './entry-marks.js';
import type { QuarantineSettings } from './quarantine-settings.js';
import { type ClockReading, isClockSound, isExpired, settingsOf, sweepPeriodMs } from './retention.js';
import type { SystemStore } from './system-store.js';

const FIRST_SWEEP_DELAY_MS = 1000;
/** A look takes a tenth of the time: so many times as long as it took for a tenant it rests. */
const REST_FACTOR = 9;
const SECOND_MS = 1000;

export interface QuarantineSweeperParts {
  readonly journal: () => Promise<QuarantineJournal>;
  readonly store: SystemStore;
  readonly settings: QuarantineSettings;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly onWarning: (warning: StemeError) => void;
}

/** Removes segments that are not needed any more, and the marks of their entries behind them. */
export class QuarantineSweeper {
  readonly #parts: QuarantineSweeperParts;
  #cancelTimer: CancelTimer | undefined;
  #lastReading: ClockReading;
  /** The last look that found that the time of day had leapt forwards. */
  #leap: ClockReading | undefined;
  #sweeping: Promise<void> = Promise.resolve();
  #endRest: (() => void) | undefined;
  #isStopped = false;
  expiredEntries = 0;

  constructor(parts: QuarantineSweeperParts) {
    this.#parts = parts;
    this.#lastReading = this.#readClocks();
  }

  /** From now on what has expired goes: soon, since the process may not live for long, and then time and again. */
  start(): void {
    this.#sweepAfter(FIRST_SWEEP_DELAY_MS);
  }

  /** Nothing of it goes on behind this. Never rejects. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer?.();
    this.#endRest?.();
    await this.#sweeping;
  }

  /** Removes what has expired, of all tenants. Errors: STEME_IO. */
  async #sweep(): Promise<void> {
    const reading = this.#readClocks();
    if (!isClockSound(this.#lastReading, reading)) this.#noteLeap(reading);
    this.#lastReading = reading;
    const leap = this.#leap;
    const { clock, settings } = this.#parts;
    const journal = await this.#parts.journal();
    for (const tenant of fromAnywhere(await journal.tenants(), reading.wallMs)) {
      const { retentionMs } = settingsOf(settings, tenant);
      if (retentionMs === 0) continue;
      if (this.#isStopped) return;
      const begunAtMs = clock.monotonicMs();
      const removed = await this.remove(tenant, (segment) => isExpired(segment, retentionMs, reading, leap));
      this.expiredEntries += removed;
      await this.#rest((clock.monotonicMs() - begunAtMs) * REST_FACTOR);
    }
  }

  /** Until then, or until it is stopped: there may be ten thousand tenants, and other work in this process. */
  async #rest(ms: number): Promise<void> {
    if (ms <= 0 || this.#isStopped) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#parts.timers.afterIdly(ms, resolve);
      this.#endRest = () => {
        cancel();
        resolve();
      };
    });
    this.#endRest = undefined;
  }

  /** Removes segments and returns how many entries they had. Errors: STEME_IO. */
  async remove(tenant: string, isUseless: (segment: RemovableSegment) => boolean): Promise<number> {
    const journal = await this.#parts.journal();
    // Only what is in segments is removed.
    await journal.settle();
    const removed = await journal.remove(tenant, isUseless);
    if (removed.length > 0) await this.#removeMarks(journal, tenant);
    return removed.reduce((sum, { entryCount }) => sum + entryCount, 0);
  }

  /** Of entries that are gone, cannot come back, and are in no checkpoint under way: the marks say that they were replayed, so they go last. */
  async #removeMarks(journal: QuarantineJournal, tenant: string): Promise<void> {
    const { firstHeldEntry } = await journal.totalsOf(tenant);
    const endEntry = Math.min(firstHeldEntry, journal.intakeFloor);
    const [key, value] = [markKey(tenant, 0), markKey(tenant, endEntry)];
    await this.#parts.store.write([{ kind: KIND_RANGE_DELETE, key, value }]);
  }

  #sweepAfter(delayMs: number): void {
    if (this.#isStopped) return;
    this.#cancelTimer = this.#parts.timers.afterIdly(delayMs, () => {
      this.#sweeping = this.#sweepInBackground();
    });
  }

  async #sweepInBackground(): Promise<void> {
    try {
      await this.#sweep();
    } catch (cause) {
      // A close has cut it short: the next opener goes on.
      if (this.#isStopped) return;
      const reason = cause instanceof Error ? cause.message : String(cause);
      this.#parts.onWarning(
        new StemeError('STEME_IO', `the quarantine could not be swept (${reason}); it is tried again`, { cause }),
      );
    }
    this.#sweepAfter(sweepPeriodMs(this.#parts.settings));
  }

  #noteLeap(reading: ClockReading): void {
    this.#leap = reading;
    const message =
      'the clock has leapt forwards: what is in the quarantine stays for its full time from now on, whatever its age seems to be';
    this.#parts.onWarning(new StemeError('STEME_CLOCK', message));
  }

  #readClocks(): ClockReading {
    return { wallMs: this.#parts.clock.nowMs(), monotonicMs: this.#parts.clock.monotonicMs() };
  }
}

/** In their order, but from another one on each second: of many short lives each gets on with some, and all of them come to all. */
function fromAnywhere(tenants: readonly string[], wallMs: number): string[] {
  const start = tenants.length === 0 ? 0 : Math.floor(wallMs / SECOND_MS) % tenants.length;
  return [...tenants.slice(start), ...tenants.slice(0, start)];
}
