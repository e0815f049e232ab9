import type { Clock } from '../../src/base/clock.js';
import type { CancelTimer, Timers } from '../../src/base/timers.js';

interface Alarm {
  readonly atMs: number;
  readonly callback: () => void;
}

/** Time that stands still until the test moves it on, and then calls what was to be called meanwhile. */
export class ManualTime implements Clock, Timers {
  readonly #alarms = new Set<Alarm>();
  #nowMs: number;

  constructor(nowMs = 1_000_000) {
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): CancelTimer {
    const alarm = { atMs: this.#nowMs + delayMs, callback };
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  afterIdly(delayMs: number, callback: () => void): CancelTimer {
    return this.after(delayMs, callback);
  }

  get alarmCount(): number {
    return this.#alarms.size;
  }

  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (let next = this.#next(endMs); next !== undefined; next = this.#next(endMs)) {
      this.#alarms.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.callback();
    }
    this.#nowMs = endMs;
  }

  #next(endMs: number): Alarm | undefined {
    let first: Alarm | undefined;
    for (const alarm of this.#alarms) {
      if (alarm.atMs <= endMs && (first === undefined || alarm.atMs < first.atMs)) first = alarm;
    }
    return first;
  }
}
