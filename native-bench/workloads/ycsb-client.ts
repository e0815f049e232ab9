import { Prng } from '../../src/base/prng.js';
import type { BenchEngine } from '../peers/bench-engine.js';
import { KeyRing, LatestChoice, ScrambledZipfChoice } from './key-choice.js';
import { expectFound } from './prepare.js';
import type { RecordSource } from './workload.js';
import { InsertCounter } from './ycsb-inserts.js';

export const SCAN_ROWS_MAX = 100;

/** Shares of the operations; what is left of 1 are reads. */
export interface YcsbMix {
  readonly updates?: number;
  readonly inserts?: number;
  readonly scans?: number;
  readonly readModifyWrites?: number;
  readonly keys: 'zipf' | 'latest';
}

export interface YcsbTarget {
  readonly engine: BenchEngine;
  readonly records: RecordSource;
  readonly recordCount: number;
  readonly seed: number;
}

/** Draws operations as the mix has them and starts them. */
export class YcsbClient {
  readonly #engine: BenchEngine;
  readonly #records: RecordSource;
  readonly #random: Prng;
  readonly #inserts: InsertCounter;
  readonly #nextKey: () => Buffer;
  readonly #kinds: readonly { readonly below: number; readonly start: () => Promise<unknown> }[];
  #writes = 0;

  constructor({ engine, records, recordCount, seed }: YcsbTarget, mix: YcsbMix) {
    this.#engine = engine;
    this.#records = records;
    this.#random = new Prng(seed + 1);
    this.#inserts = new InsertCounter(recordCount);
    this.#nextKey = this.#keysOf(mix, recordCount, new Prng(seed));
    const { updates = 0, inserts = 0, scans = 0, readModifyWrites = 0 } = mix;
    this.#kinds = [
      { below: updates, start: () => this.#update() },
      { below: updates + inserts, start: () => this.#insert() },
      { below: updates + inserts + scans, start: () => this.#scan() },
      { below: updates + inserts + scans + readModifyWrites, start: () => this.#readModifyWrite() },
    ];
  }

  get writes(): number {
    return this.#writes;
  }

  get recordCount(): number {
    return this.#inserts.acknowledged;
  }

  /** Gives undefined for a record that is not there. */
  next(): Promise<unknown> {
    const draw = this.#random.nextUint32() / 2 ** 32;
    for (const { below, start } of this.#kinds) if (draw < below) return start();
    return this.#engine.get(this.#nextKey());
  }

  #keysOf(mix: YcsbMix, recordCount: number, random: Prng): () => Buffer {
    if (mix.keys === 'latest') {
      const choice = new LatestChoice(random, () => this.#inserts.acknowledged);
      return () => this.#records.key(choice.next());
    }
    const ring = KeyRing.over(this.#records, new ScrambledZipfChoice(random, recordCount), recordCount);
    return () => ring.next();
  }

  async #update(): Promise<true> {
    await this.#engine.putDurable(this.#nextKey(), this.#records.value(this.#writes++));
    return true;
  }

  async #insert(): Promise<true> {
    const index = this.#inserts.take();
    this.#writes++;
    await this.#engine.putDurable(this.#records.key(index), this.#records.value(index));
    this.#inserts.acknowledge(index);
    return true;
  }

  async #scan(): Promise<number> {
    const rowsMax = 1 + this.#random.below(SCAN_ROWS_MAX);
    const rows = await this.#engine.scan({ from: this.#nextKey(), rowsMax });
    // Fewer than it asks for only at the end of all keys; never none, as the first key is there.
    if (rows < 1 || rows > rowsMax) throw new Error(`a scan of up to ${rowsMax} rows found ${rows}`);
    return rows;
  }

  async #readModifyWrite(): Promise<true> {
    const key = this.#nextKey();
    expectFound(await this.#engine.get(key));
    await this.#engine.putDurable(key, this.#records.value(this.#writes++));
    return true;
  }
}
