import type { BenchData } from '../spine/bench-data.js';
import { InFlight } from '../support/in-flight.js';
import { median } from '../support/samples.js';
import { BATCH_RECORDS, type KeySource } from './lsm-data.js';
import type { LsmEngine } from './lsm-engine.js';

const BATCHES_IN_FLIGHT = 4;
export const WINDOW_MS = 5000;

export interface IngestFigures {
  readonly elapsedMs: number;
  /** Records acknowledged in each whole window of WINDOW_MS. */
  readonly windows: readonly number[];
  /** The longest time between two acknowledgements. */
  readonly gapMsMax: number;
}

/** Writes all records in batches of BATCH_RECORDS that do not wait for the disk; the end is durable. */
export async function ingest(
  engine: LsmEngine,
  source: KeySource,
  data: BenchData,
  recordCount: number,
): Promise<IngestFigures> {
  const inFlight = new InFlight(BATCHES_IN_FLIGHT);
  const pace = new Pace();
  for (let first = 0; first < recordCount; first += BATCH_RECORDS) {
    const count = Math.min(BATCH_RECORDS, recordCount - first);
    const values = new Array<Buffer>(count);
    for (let i = 0; i < count; i++) values[i] = data.value(first + i);
    await inFlight.add(engine.writeBatch(source.keys(first, count), values).then(() => pace.acknowledge(count)));
  }
  await inFlight.drain();
  await engine.makeDurable();
  return pace.finish();
}

/** Counts acknowledgements by windows. */
class Pace {
  readonly #startedAtMs = performance.now();
  readonly #windows: number[] = [];
  #lastAtMs = this.#startedAtMs;
  #gapMsMax = 0;

  acknowledge(records: number): void {
    const nowMs = performance.now();
    this.#gapMsMax = Math.max(this.#gapMsMax, nowMs - this.#lastAtMs);
    this.#lastAtMs = nowMs;
    const window = Math.floor((nowMs - this.#startedAtMs) / WINDOW_MS);
    while (this.#windows.length <= window) this.#windows.push(0);
    this.#windows[window] += records;
  }

  finish(): IngestFigures {
    const elapsedMs = performance.now() - this.#startedAtMs;
    // The last window is cut short by the end.
    const windows = this.#windows.slice(0, Math.floor(elapsedMs / WINDOW_MS));
    return { elapsedMs, windows, gapMsMax: this.#gapMsMax };
  }
}

/** The slowest window as a share of the median; 1 if the run was too short for two. */
export function slowestWindowShare(windows: readonly number[]): number {
  return windows.length < 2 ? 1 : Math.min(...windows) / median(windows);
}
