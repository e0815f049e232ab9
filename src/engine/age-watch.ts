import type { CancelTimer, Timers } from '../base/timers.js';

export interface AgeWatchOptions {
  readonly timers: Timers;
  readonly limitMs: number;
  /** Of the oldest one that has not been reported yet; undefined without any. */
  readonly oldestAgeMs: () => number | undefined;
  /** Reports what is older than the limit; after that it is not the oldest any more. */
  readonly onOld: () => void;
}

/** Waits for things to get too old, with one timer for all: it looks at the oldest, and comes again when that may be too old. */
export class AgeWatch {
  readonly #options: AgeWatchOptions;
  #cancelTimer: CancelTimer | undefined;

  constructor(options: AgeWatchOptions) {
    this.#options = options;
  }

  /** There is something to watch. */
  start(): void {
    const { timers, limitMs, oldestAgeMs } = this.#options;
    if (this.#cancelTimer !== undefined) return;
    const ageMs = oldestAgeMs();
    if (ageMs === undefined) return;
    this.#cancelTimer = timers.afterIdly(Math.max(1, limitMs - ageMs), () => this.#look());
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #look(): void {
    const { limitMs, oldestAgeMs, onOld } = this.#options;
    this.#cancelTimer = undefined;
    if ((oldestAgeMs() ?? 0) >= limitMs) onOld();
    this.start();
  }
}
