import type { Clock } from '../base/clock.js';

/**
 * The time that readers go by. It never goes back, as the system's clock may: what a reader has once seen as expired stays so
 * for every later one.
 */
export class ReadClock {
  readonly #clock: Clock;
  #latestMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds since 1970. */
  nowMs(): number {
    const nowMs = this.#clock.nowMs();
    if (nowMs > this.#latestMs) this.#latestMs = nowMs;
    return this.#latestMs;
  }
}
