import { setImmediate as nextTurn } from 'node:timers/promises';
import { MIB } from '../base/limits.js';

const BYTES_PER_TURN = 4 * MIB;

/**
 * Gives the event loop of the worker a turn every few megabytes. Memory that the compression addon handed out is only freed in
 * a turn: a job that took none would hold a second copy of everything it writes (law 8). Run inline, it lets others in.
 */
export class TurnPacer {
  #bytes = 0;

  /** Counts what was worked on; true when a turn is due: then await `turn`. */
  isDue(bytes: number): boolean {
    this.#bytes += bytes;
    return this.#bytes >= BYTES_PER_TURN;
  }

  async turn(): Promise<void> {
    this.#bytes = 0;
    await nextTurn();
  }
}
