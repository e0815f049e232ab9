/**
 * Takes a source in: what can be stored goes to the tree in durable batches, the rest to the quarantine, and how far the source was read
 * goes with the batch:
 *
 *     item ─► parse ─► validate ─► key, value ─► batch ──┐
 *                 └──── reason ─► quarantine, durable ───┴─► batch and position, one write
 *
 * The position moves only when everything before it is durable. After a crash the items behind it come again: records have their keys,
 * and what is rejected again has its id, so that neither is there twice.
 */
import type { Clock } from '../../base/clock.js';
import { StemeError } from '../../base/errors.js';
import { MIB } from '../../base/limits.js';
import type { BatchOperation } from '../api.js';
import { PARTS_REMAIN, throwIfEnded } from '../long-calls.js';
import type { Quarantine } from '../quarantine/quarantine-api.js';
import type { SystemStore } from '../quarantine/system-store.js';
import type { Operation } from '../write-queue.js';
import type { IngestCounts, IngestOptions, IngestOutcome, IngestPipeline, IngestSource } from './ingest-api.js';
import { judgeItem, type Rejected, refusedItem } from './judge-item.js';
import { positionPut, readPosition, rejectedItemId } from './source-positions.js';

const BATCH_RECORDS_DEFAULT = 1000;
const BATCH_BYTES = 4 * MIB;
/** Batches that are on their way. */
const BATCHES_MAX = 4;

export interface IngestParts {
  readonly store: SystemStore;
  readonly quarantine: Pick<Quarantine, 'append'>;
  readonly clock: Clock;
  /** Errors: as of `batch`. */
  readonly checkWrites: (operations: readonly BatchOperation[]) => Operation[];
}

interface Batch {
  readonly operations: Operation[];
  readonly rejections: Promise<unknown>[];
  bytes: number;
  accepted: number;
  rejected: number;
}

export class SourceIngest {
  readonly #parts: IngestParts;
  readonly #pipeline: IngestPipeline;
  readonly #options: IngestOptions;
  readonly #signal: AbortSignal;
  #batch = emptyBatch();
  /** Batches reach the tree in the order of the source. */
  #lastWritten: Promise<void> = Promise.resolve();
  readonly #inFlight = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;
  #position = 0;
  #counts = { accepted: 0, rejected: 0, skipped: 0 };

  constructor(parts: IngestParts, pipeline: IngestPipeline, options: IngestOptions, signal: AbortSignal) {
    this.#parts = parts;
    this.#pipeline = pipeline;
    this.#options = options;
    this.#signal = signal;
  }

  /** Errors: what the source, or `tenant` and `timestamp`, throw; those of `throwIfEnded`; STEME_QUARANTINE_FULL and those of `batch`. */
  async run(source: IngestSource): Promise<IngestOutcome> {
    const { clock, store } = this.#parts;
    const { name, batchRecords = BATCH_RECORDS_DEFAULT } = this.#options;
    const startedAtMs = clock.monotonicMs();
    const resumeAt = name === undefined ? 0 : readPosition(store, name);
    try {
      for await (const item of source) {
        throwIfEnded(this.#signal, PARTS_REMAIN);
        if (this.#position < resumeAt) this.#counts.skipped++;
        else await this.#take(item);
        this.#position++;
        const batch = this.#batch;
        if (batch.accepted + batch.rejected >= batchRecords || batch.bytes >= BATCH_BYTES) await this.#send();
      }
    } finally {
      // Also where the source has failed, or the caller has enough: what it gave is kept.
      if (this.#failure === undefined) await this.#send();
      await Promise.all(this.#inFlight);
    }
    this.#throwFailure();
    return { ...this.#counts, position: this.#position, durationMs: clock.monotonicMs() - startedAtMs };
  }

  async #take(item: unknown): Promise<void> {
    const verdict = await judgeItem(this.#pipeline, item);
    if (verdict.kind === 'rejected') return this.#reject(verdict);
    try {
      const [operation] = this.#parts.checkWrites([verdict.operation]);
      // The source may use its memory again.
      const copy = { ...operation, key: Uint8Array.from(operation.key), value: Uint8Array.from(operation.value) };
      this.#batch.operations.push(copy);
      this.#batch.bytes += copy.key.length + copy.value.length;
      this.#batch.accepted++;
    } catch (error) {
      if (!(error instanceof StemeError)) throw error;
      this.#reject(refusedItem(this.#pipeline, item, error));
    }
  }

  #reject({ tenant, reason, detail, payload, contentType, timestampMs }: Rejected): void {
    const { name } = this.#options;
    const identity =
      name === undefined ? {} : { id: rejectedItemId(name, this.#position), ifAbsent: true, source: name };
    const appended = this.#parts.quarantine.append(tenant, payload, {
      ...identity,
      position: this.#position,
      reason,
      detail,
      contentType,
      ...(timestampMs !== undefined && { timestamp: timestampMs }),
    });
    // Looked at when the batch is written; until then it must not end the process.
    appended.catch(() => undefined);
    this.#batch.rejections.push(appended);
    this.#batch.bytes += payload.length;
    this.#batch.rejected++;
  }

  async #send(): Promise<void> {
    const batch = this.#batch;
    this.#batch = emptyBatch();
    if (batch.accepted + batch.rejected === 0) return;
    while (this.#inFlight.size >= BATCHES_MAX) await Promise.race(this.#inFlight);
    this.#throwFailure();
    const written = this.#write(batch, this.#lastWritten, this.#position).finally(() => this.#inFlight.delete(written));
    this.#lastWritten = written;
    this.#inFlight.add(written);
  }

  /** Never rejects: a failure waits for the next step, and nothing is written after it. */
  async #write(batch: Batch, before: Promise<void>, position: number): Promise<void> {
    const { name, onProgress } = this.#options;
    try {
      await Promise.all(batch.rejections);
      await before;
      if (this.#failure !== undefined) return;
      const moved = name === undefined ? [] : [positionPut(name, position)];
      await this.#parts.store.write([...batch.operations, ...moved]);
      this.#counts.accepted += batch.accepted;
      this.#counts.rejected += batch.rejected;
      onProgress?.(this.#progress());
    } catch (error) {
      this.#failure ??= { error };
    }
  }

  #progress(): IngestCounts {
    return { ...this.#counts };
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

function emptyBatch(): Batch {
  return { operations: [], rejections: [], bytes: 0, accepted: 0, rejected: 0 };
}
