import { StemeError } from '../base/errors.js';
import type { CancelTimer, Timers } from '../base/timers.js';
import type { StallWatcher } from './stall-meter.js';

const CHECK_MS = 1000;

export interface StallWatchdogOptions {
  readonly timers: Timers;
  /** A job runs or is about to, so that what writers wait for will come. */
  readonly isWorkPending: () => boolean;
  /** Looks for work anew, and decides anew whether writers have to wait. */
  readonly reschedule: () => void;
  readonly onWarning: (warning: StemeError) => void;
}

/**
 * While writers are slowed or stopped there must be a job that ends it (law 8). Whoever makes the jobs sees to that; this looks
 * after it, when a stall begins and every second of it, and starts them anew, with a warning, if there is none.
 */
export class StallWatchdog implements StallWatcher {
  readonly #options: StallWatchdogOptions;
  #cancelTimer: CancelTimer | undefined;
  /** How often it had to step in. */
  rescueCount = 0;

  constructor(options: StallWatchdogOptions) {
    this.#options = options;
  }

  begin(): void {
    // Not at once: whoever found the stall is in the middle of it, and may be the one who makes the job.
    if (this.#cancelTimer === undefined) this.#checkAfter(0);
  }

  end(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #checkAfter(delayMs: number): void {
    this.#cancelTimer = this.#options.timers.after(delayMs, () => {
      this.#checkAfter(CHECK_MS);
      this.#check();
    });
  }

  #check(): void {
    const { isWorkPending, reschedule, onWarning } = this.#options;
    if (isWorkPending()) return;
    this.rescueCount++;
    onWarning(
      new StemeError('STEME_INTERNAL', 'writers wait and no job was under way to end it: jobs are scheduled anew'),
    );
    reschedule();
  }
}
