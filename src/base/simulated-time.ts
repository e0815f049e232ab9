import type { Clock } from './clock.js';
import { assert } from './errors.js';
import type { CancelTimer, Timers } from './timers.js';

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

const START_MS_DEFAULT = 1_000_000;

/**
 * Both clocks and all timers of a test: time stands still until `advance`, which then calls what is due on the way, in the
 * order of time, and of two at one time the one that was asked for first. What a callback asks for is called too if it is due.
 */
export class SimulatedTime implements Clock, Timers {
  readonly #startMs: number;
  /** In the order in which they were asked for. */
  readonly #timers = new Set<Timer>();
  #nowMs: number;

  /** `startMs` is milliseconds since 1970. */
  constructor(startMs = START_MS_DEFAULT) {
    this.#startMs = startMs;
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  /** Since this object was made. */
  monotonicMs(): number {
    return this.#nowMs - this.#startMs;
  }

  after(delayMs: number, callback: () => void): CancelTimer {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  afterIdly(delayMs: number, callback: () => void): CancelTimer {
    return this.after(delayMs, callback);
  }

  /** Callbacks that are still to come. */
  get timerCount(): number {
    return this.#timers.size;
  }

  /** How long until the next callback; undefined when none is to come. */
  get nextTimerInMs(): number | undefined {
    const next = this.#nextUntil(Number.POSITIVE_INFINITY);
    return next === undefined ? undefined : Math.max(0, next.atMs - this.#nowMs);
  }

  /** Lets `ms` pass. What a callback throws is thrown here, at the time of that callback. */
  advance(ms: number): void {
    assert(ms >= 0, 'time does not go back');
    const endMs = this.#nowMs + ms;
    for (let next = this.#nextUntil(endMs); next !== undefined; next = this.#nextUntil(endMs)) {
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.callback();
    }
    // A callback may have let time pass itself.
    this.#nowMs = Math.max(this.#nowMs, endMs);
  }

  #nextUntil(endMs: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.atMs <= endMs && (first === undefined || timer.atMs < first.atMs)) first = timer;
    }
    return first;
  }
}
