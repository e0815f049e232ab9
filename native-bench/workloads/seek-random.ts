import { Prng } from '../../src/base/prng.js';
import { type KeyChoice, KeyRing, UniformChoice } from './key-choice.js';
import { openLoaded } from './prepare.js';
import { timeAsync } from './timed-loops.js';
import {
  KEY_BYTES,
  type Meter,
  type RecordSource,
  type Workload,
  type WorkloadContext,
  type WorkloadFigures,
} from './workload.js';

const ROWS_PER_SEEK = 50;
/** As many bytes of a key as a number holds exactly. */
const PREFIX_BYTES = 6;
const CHUNK_RECORDS = 10_000;
/** A scan takes longer than a read: warming up ends sooner with fewer. */
const SEEK_KEYS_MAX = 1 << 14;

export const SEEK_RANDOM_WORKLOAD: Workload = {
  name: 'seekrandom',
  description: `a scan of ${ROWS_PER_SEEK} rows from a random record on, keys and values handed out, one at a time`,
  isDurable: false,
  unit: 'ops/s',
  ratioGoal: 3,
  run: seekRandom,
};

async function seekRandom(context: WorkloadContext, meter: Meter): Promise<WorkloadFigures> {
  const { records, recordCount, seed, durationMs } = context;
  const engine = await openLoaded(context);
  const rowsMax = Math.min(ROWS_PER_SEEK, recordCount);
  const choice = new FullSeekChoice(records, recordCount, rowsMax, seed);
  const ring = new KeyRing(records, choice, Math.min(recordCount, SEEK_KEYS_MAX));
  const seek = (): Promise<number> => engine.scan({ from: ring.next(), rowsMax });
  const expectRows = (rows: number): void => {
    if (rows !== rowsMax) throw new Error(`a scan of ${rowsMax} rows found ${rows}`);
  };
  for (let i = 0; i < ring.length; i++) expectRows(await seek());
  meter.start();
  const timed = await timeAsync({ clientCount: 1, durationMs, operationsPerSample: 1 }, seek, expectRows);
  meter.stop();
  await engine.close();
  return timed;
}

/** Records that have enough others behind them, so that every seek finds as many rows as it asks for. */
class FullSeekChoice implements KeyChoice {
  readonly #choice: UniformChoice;
  readonly #records: RecordSource;
  readonly #prefixMax: number;

  constructor(records: RecordSource, recordCount: number, rowCount: number, seed: number) {
    this.#choice = new UniformChoice(new Prng(seed), 0, recordCount);
    this.#records = records;
    this.#prefixMax = sortedPrefixes(records, recordCount)[recordCount - rowCount];
  }

  next(): number {
    for (;;) {
      const index = this.#choice.next();
      if (this.#records.key(index).readUIntBE(0, PREFIX_BYTES) <= this.#prefixMax) return index;
    }
  }
}

function sortedPrefixes(records: RecordSource, recordCount: number): Float64Array {
  const prefixes = new Float64Array(recordCount);
  for (let first = 0; first < recordCount; first += CHUNK_RECORDS) {
    const count = Math.min(CHUNK_RECORDS, recordCount - first);
    const keys = records.keys(first, count);
    for (let i = 0; i < count; i++) prefixes[first + i] = keys.readUIntBE(i * KEY_BYTES, PREFIX_BYTES);
  }
  return prefixes.sort();
}
