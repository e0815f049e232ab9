import { REPLAY_BYTES_PER_SECOND_DEFAULT } from '../base/limits.js';

/** A replay of less is over before it has a pace. */
const MEASURED_BYTES_MIN = 4 * 1024 * 1024;
/** A machine that was busy with something else for a moment has not become this slow. */
const BYTES_PER_SECOND_MIN = 1024 * 1024;

/** How fast the log is replayed here: taken to be slow until a replay was timed, then the mean of what it was and what it is. */
export class ReplayPace {
  #bytesPerSecond = REPLAY_BYTES_PER_SECOND_DEFAULT;
  #isMeasured = false;

  get bytesPerSecond(): number {
    return this.#bytesPerSecond;
  }

  note(logBytes: number, elapsedMs: number): void {
    if (logBytes < MEASURED_BYTES_MIN || elapsedMs <= 0) return;
    const measured = Math.max(BYTES_PER_SECOND_MIN, (logBytes / elapsedMs) * 1000);
    this.#bytesPerSecond = this.#isMeasured ? (this.#bytesPerSecond + measured) / 2 : measured;
    this.#isMeasured = true;
  }

  predictMs(logBytes: number): number {
    return (logBytes / this.#bytesPerSecond) * 1000;
  }
}
