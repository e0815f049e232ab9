export const WINDOW_MS = 5000;

/** Acknowledgements over time: how many in each window, and how long there was none. */
export class AcknowledgedPace {
  readonly #startMs: number;
  readonly #windows: number[] = [];
  #lastMs: number;
  #gapMsMax = 0;

  constructor(startMs: number) {
    this.#startMs = startMs;
    this.#lastMs = startMs;
  }

  acknowledge(records: number, nowMs: number): void {
    this.#gapMsMax = Math.max(this.#gapMsMax, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
    const window = Math.floor((nowMs - this.#startMs) / WINDOW_MS);
    while (this.#windows.length <= window) this.#windows.push(0);
    this.#windows[window] += records;
  }

  get gapMsMax(): number {
    return this.#gapMsMax;
  }

  /** Records in each whole window before `endMs`: the last one is cut short by the end. */
  windows(endMs: number): readonly number[] {
    const count = Math.floor((endMs - this.#startMs) / WINDOW_MS);
    return Array.from({ length: count }, (_, window) => this.#windows[window] ?? 0);
  }
}

/** The slowest window as a share of the first one; 1 if the run was too short for two. */
export function slowestWindowShare(windows: readonly number[]): number {
  return windows.length < 2 ? 1 : Math.min(...windows) / windows[0];
}
