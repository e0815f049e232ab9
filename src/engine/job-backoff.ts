import type { CancelTimer } from '../base/timers.js';

const DELAY_MS_MIN = 1000;
const DELAY_MS_MAX = 30_000;

/** After a background job that failed: the next attempt waits, longer each time, until one succeeds. */
export class JobBackoff {
  readonly #wait: (delayMs: number, callback: () => void) => CancelTimer;
  readonly #onOver: () => void;
  #delayMs = DELAY_MS_MIN;
  #cancel: CancelTimer | undefined;
  /** What the last attempt failed with, until one succeeds. */
  failure: unknown;

  constructor(wait: (delayMs: number, callback: () => void) => CancelTimer, onOver: () => void) {
    this.#wait = wait;
    this.#onOver = onOver;
  }

  get isWaiting(): boolean {
    return this.#cancel !== undefined;
  }

  noteFailure(error: unknown): void {
    this.failure = error;
    if (this.#cancel !== undefined) return;
    this.#cancel = this.#wait(this.#delayMs, () => {
      this.#cancel = undefined;
      this.#onOver();
    });
    this.#delayMs = Math.min(2 * this.#delayMs, DELAY_MS_MAX);
  }

  noteSuccess(): void {
    this.stop();
    this.failure = undefined;
    this.#delayMs = DELAY_MS_MIN;
  }

  /** Waits no longer, and does nothing. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
