import type { Clock } from '../base/clock.js';

/** How often and how long writers had to wait, and for what (law 8). */
export class StallMeter {
  readonly #clock: Clock;
  #startedAtMs: number | undefined;
  #totalMs = 0;
  count = 0;
  /** Why writers wait now; undefined when they do not. */
  cause: string | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get totalMs(): number {
    const running = this.#startedAtMs === undefined ? 0 : this.#clock.monotonicMs() - this.#startedAtMs;
    return this.#totalMs + running;
  }

  begin(cause: string): void {
    if (this.cause !== undefined) return;
    this.count++;
    this.cause = cause;
    this.#startedAtMs = this.#clock.monotonicMs();
  }

  end(): void {
    this.#totalMs = this.totalMs;
    this.#startedAtMs = undefined;
    this.cause = undefined;
  }
}
