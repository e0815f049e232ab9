/** Forgets a callback that is still to come; after it has run, nothing. */
export type CancelTimer = () => void;

/** Waiting is handed in, as time is, so that a test can hold it. */
export interface Timers {
  /** Calls `callback` once after about `delayMs`. Somebody waits for it: the process stays until then. */
  after(delayMs: number, callback: () => void): CancelTimer;
  /** The same, for what is only of use while the process lives anyway. */
  afterIdly(delayMs: number, callback: () => void): CancelTimer;
}

/** setTimeout takes no more; beyond it the callback would come at once. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

export const systemTimers: Timers = {
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(delayMs, TIMEOUT_MS_MAX));
    return () => clearTimeout(timer);
  },
  afterIdly(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(delayMs, TIMEOUT_MS_MAX));
    timer.unref();
    return () => clearTimeout(timer);
  },
};
