import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

/** How often the monitor's timer fires. Its figures contain this interval: an idle loop reads about 1.1 ms. */
export const EVENT_LOOP_RESOLUTION_MS = 1;

/** How long the event loop kept a timer waiting, as the perf_hooks histogram has it. */
export class EventLoopDelay {
  readonly #histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: EVENT_LOOP_RESOLUTION_MS });

  start(): void {
    this.#histogram.reset();
    this.#histogram.enable();
  }

  stop(): void {
    this.#histogram.disable();
  }

  get p99Ms(): number {
    return this.#histogram.percentile(99) / 1e6;
  }

  get maxMs(): number {
    return this.#histogram.max / 1e6;
  }
}
