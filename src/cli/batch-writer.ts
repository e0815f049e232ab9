import { MIB } from '../base/limits.js';
import type { BatchOperation, Database } from '../engine/api.js';

const BATCH_BYTES_TARGET = 4 * MIB;
const BATCHES_IN_FLIGHT_MAX = 8;
const IN_FLIGHT_BYTES_MAX = 64 * MIB;
/** A batch that waits longer for a full disk, or for compactions, fails with the reason. */
const DELAY_MS_MAX = 30_000;

/** Fills batches and keeps a bounded number of them on their way (law 8). They reach the database in order. */
export class BatchWriter {
  readonly #database: Database;
  readonly #recordsPerBatch: number;
  readonly #sync: boolean;
  readonly #inFlight = new Set<Promise<void>>();
  #inFlightBytes = 0;
  #operations: BatchOperation[] = [];
  #operationBytes = 0;
  #failure: { readonly error: unknown } | undefined;
  #acknowledgedRecords = 0;

  constructor(database: Database, recordsPerBatch: number, sync: boolean) {
    this.#database = database;
    this.#recordsPerBatch = recordsPerBatch;
    this.#sync = sync;
  }

  /** Records whose batch has been acknowledged. */
  get acknowledgedRecords(): number {
    return this.#acknowledgedRecords;
  }

  /** Send the batch before adding more. */
  get isFull(): boolean {
    return this.#operations.length >= this.#recordsPerBatch || this.#operationBytes >= BATCH_BYTES_TARGET;
  }

  /** Key and value must stay as they are until the batch is acknowledged. */
  add(key: Uint8Array, value: Uint8Array): void {
    this.#operations.push({ type: 'put', key, value });
    this.#operationBytes += key.length + value.length;
  }

  /** Sends what was added, once there is room for it. Throws the first failure of any batch. */
  async send(): Promise<void> {
    while (this.#inFlight.size > 0 && !this.#hasRoom()) await Promise.race(this.#inFlight);
    this.#throwFailure();
    if (this.#operations.length === 0) return;
    const sent = this.#write(this.#operations, this.#operationBytes).finally(() => this.#inFlight.delete(sent));
    this.#inFlight.add(sent);
    this.#operations = [];
    this.#operationBytes = 0;
  }

  /** Waits for all that was sent, whatever became of it; then throws the first failure. */
  async settle(): Promise<void> {
    await Promise.all(this.#inFlight);
    this.#throwFailure();
  }

  #hasRoom(): boolean {
    const { size } = this.#inFlight;
    return size < BATCHES_IN_FLIGHT_MAX && this.#inFlightBytes + this.#operationBytes <= IN_FLIGHT_BYTES_MAX;
  }

  /** Never rejects: a failure waits for the next call. */
  async #write(operations: readonly BatchOperation[], bytes: number): Promise<void> {
    this.#inFlightBytes += bytes;
    try {
      await this.#database.batch(operations, { sync: this.#sync, maxDelayMs: DELAY_MS_MAX });
      this.#acknowledgedRecords += operations.length;
    } catch (error) {
      this.#failure ??= { error };
    } finally {
      this.#inFlightBytes -= bytes;
    }
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
