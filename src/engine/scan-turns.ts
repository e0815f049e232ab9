import { setImmediate as nextTurn } from 'node:timers/promises';

const TURN_MS_MAX = 2;
const ROWS_PER_CLOCK_READ = 256;

/**
 * Lets others in once a scan has had the event loop for about two milliseconds, in one call or in many (law 11): to wait for a promise
 * that is settled already, as what is in memory makes them, gives nobody a turn.
 */
export class ScanTurns {
  #startedAtMs = performance.now();
  #rows = 0;

  get isDue(): boolean {
    return performance.now() - this.#startedAtMs > TURN_MS_MAX;
  }

  /** The same for whoever hands out single rows, without a look at the clock for each. */
  get isDueAfterRow(): boolean {
    return ++this.#rows % ROWS_PER_CLOCK_READ === 0 && this.isDue;
  }

  async take(): Promise<void> {
    await nextTurn();
    this.#startedAtMs = performance.now();
  }
}
