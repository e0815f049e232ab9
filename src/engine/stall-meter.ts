import type { Clock } from '../base/clock.js';

/** Why writers are slowed or stopped, and what is to be done about it first. */
export interface Stall {
  readonly cause: string;
  /** What compactions still have to write before the tree is in shape. */
  readonly debtBytes: number;
  /** Until the cause is gone; undefined when that is not known. */
  readonly estimateMs: number | undefined;
}

/** Who sees to it that a stall ends. */
export interface StallWatcher {
  begin(): void;
  end(): void;
}

/** How often and how long writers had to wait, and for what (law 8). */
export class StallMeter {
  readonly #clock: Clock;
  readonly #watchdog: StallWatcher | undefined;
  #startedAtMs: number | undefined;
  #totalMs = 0;
  count = 0;
  /** Why writers wait now; undefined when they do not. */
  current: Stall | undefined;

  constructor(clock: Clock, watchdog?: StallWatcher) {
    this.#clock = clock;
    this.#watchdog = watchdog;
  }

  get cause(): string | undefined {
    return this.current?.cause;
  }

  get totalMs(): number {
    const running = this.#startedAtMs === undefined ? 0 : this.#clock.monotonicMs() - this.#startedAtMs;
    return this.#totalMs + running;
  }

  /** A stall that goes on for another cause is still one. */
  begin(stall: Stall): void {
    this.current = stall;
    if (this.#startedAtMs !== undefined) return;
    this.count++;
    this.#startedAtMs = this.#clock.monotonicMs();
    this.#watchdog?.begin();
  }

  end(): void {
    if (this.#startedAtMs === undefined) return;
    this.#totalMs = this.totalMs;
    this.#startedAtMs = undefined;
    this.current = undefined;
    this.#watchdog?.end();
  }
}
