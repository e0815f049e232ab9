import type { BenchEngine, OpenEngine, ScanOptions } from '../../../native-bench/peers/bench-engine.js';
import { ingest } from '../../../native-bench/workloads/ingest.js';
import { RandomRecords } from '../../../native-bench/workloads/records.js';
import { KEY_BYTES, type Machine } from '../../../native-bench/workloads/workload.js';

export interface FakeOptions {
  readonly isWithoutIdioms?: boolean;
  /** Keys that it pretends not to have. */
  readonly isForgotten?: (key: Buffer) => boolean;
}

/** An engine in memory that keeps what it was given from one opening to the next. */
export class FakeStore {
  readonly values = new Map<string, Buffer>();
  readonly options: FakeOptions;
  openings = 0;
  #sorted: readonly string[] | undefined;

  constructor(options: FakeOptions = {}) {
    this.options = options;
  }

  readonly open: OpenEngine = async () => {
    this.openings++;
    return new FakeEngine(this);
  };

  put(key: Buffer, value: Buffer): void {
    const name = key.toString('latin1');
    if (!this.values.has(name)) this.#sorted = undefined;
    this.values.set(name, value);
  }

  get(key: Buffer): Buffer | undefined {
    if (this.options.isForgotten?.(key) === true) return undefined;
    return this.values.get(key.toString('latin1'));
  }

  /** Latin-1 strings compare as their bytes do. */
  get sortedKeys(): readonly string[] {
    this.#sorted ??= [...this.values.keys()].sort();
    return this.#sorted;
  }
}

class FakeEngine implements BenchEngine {
  readonly #store: FakeStore;
  readonly getSync?: (key: Buffer) => Buffer | undefined;
  readonly scanByRow?: () => Promise<number>;
  #isClosed = false;

  constructor(store: FakeStore) {
    this.#store = store;
    if (store.options.isWithoutIdioms === true) return;
    this.getSync = (key) => this.#open.get(key);
    this.scanByRow = async () => this.#open.values.size;
  }

  get #open(): FakeStore {
    if (this.#isClosed) throw new Error('the engine is closed');
    return this.#store;
  }

  async writeBatch(keys: Buffer, values: readonly Buffer[]): Promise<void> {
    for (const [i, value] of values.entries()) this.#open.put(keys.subarray(i * KEY_BYTES, (i + 1) * KEY_BYTES), value);
  }

  async makeDurable(): Promise<void> {}

  async put(key: Buffer, value: Buffer): Promise<void> {
    this.#open.put(key, value);
  }

  async putDurable(key: Buffer, value: Buffer): Promise<void> {
    this.#open.put(key, value);
  }

  async get(key: Buffer): Promise<Buffer | undefined> {
    return this.#open.get(key);
  }

  async getMany(keys: readonly Buffer[]): Promise<readonly (Buffer | undefined)[]> {
    return keys.map((key) => this.#open.get(key));
  }

  async scan({ from, rowsMax = Number.POSITIVE_INFINITY }: ScanOptions): Promise<number> {
    const keys = this.#open.sortedKeys;
    return Math.min(rowsMax, keys.length - (from === undefined ? 0 : lowerBound(keys, from.toString('latin1'))));
  }

  async compact(): Promise<void> {}

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  counters(): Readonly<Record<string, number>> {
    return { keys: this.#open.values.size };
  }
}

function lowerBound(keys: readonly string[], wanted: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keys[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A machine around the fake: nothing waits, and other processes are this one. */
export function fakeMachine(store: FakeStore, seed: number, valueBytes: number): Machine {
  return {
    writtenBytes: () => 0,
    storedBytes: () => store.values.size * (KEY_BYTES + valueBytes),
    settle: async () => undefined,
    writeElsewhere: async ({ recordCount }) => {
      const engine = await store.open('');
      await ingest(engine, { records: new RandomRecords(seed, valueBytes), recordCount });
    },
    dropPageCache: () => false,
  };
}
