/**
 * A replay: reads entries in order, hands them on, and writes in one batch what came of it and the mark that they are done. A crash
 * leaves both or neither, so that no entry is lost and none is written twice.
 *
 *     journal ─► filter ─► chunk ─► fix, handler (so many at once) ─► batch: records, marks ─► counts
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../base/clock.js';
import { MIB } from '../../base/limits.js';
import type { Timers } from '../../base/timers.js';
import type { EntryRange } from '../../quarantine/entry-range.js';
import type { QuarantineJournal } from '../../quarantine/quarantine-journal.js';
import type { BatchOperation, BytesLike } from '../api.js';
import { aheadOfSource } from '../ingest/source-positions.js';
import { PARTS_REMAIN, throwIfEnded } from '../long-calls.js';
import { valueBytes } from '../user-bytes.js';
import type { Operation } from '../write-queue.js';
import type { QuarantinedRecord, ReplayCounts, ReplayHandler, ReplayOptions, ReplayWrites } from './quarantine-api.js';
import { type RecordEvent, readRecordChunks } from './read-records.js';
import { operationsOfBatch, type ReplayedEntry } from './replay-batch.js';
import type { SystemStore } from './system-store.js';

/** Payloads of one chunk. */
const CHUNK_BYTES = MIB;
/** Batches on their way to the log. */
const BATCHES_MAX = 4;

export interface ReplayParts {
  readonly journal: QuarantineJournal;
  readonly store: SystemStore;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Errors: as of `batch`. */
  readonly checkWrites: (operations: readonly BatchOperation[]) => Operation[];
}

export interface ReplayPlan {
  readonly tenants: readonly string[];
  readonly range: EntryRange;
  readonly reason: string | undefined;
  readonly handler: ReplayHandler;
  readonly fix: ReplayOptions['fix'];
  readonly isDryRun: boolean;
  readonly rateLimit: number | undefined;
  readonly concurrency: number;
  readonly maxAttempts: number;
  readonly signal: AbortSignal;
  readonly onProgress: ((counts: ReplayCounts) => void) | undefined;
}

type Item = Omit<ReplayedEntry, 'outcome'>;
type Outcome = ReplayedEntry['outcome'];

export class Replay {
  readonly #parts: ReplayParts;
  readonly #plan: ReplayPlan;
  readonly #inFlight = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;
  #counts = { found: 0, replayed: 0, failed: 0, poison: 0, damaged: 0 };
  #startedAtMs = 0;
  #handedOn = 0;
  /** By tenant, the last entry up to which all are done; only where all entries are looked at. */
  readonly doneUpTo = new Map<string, number>();

  constructor(parts: ReplayParts, plan: ReplayPlan) {
    this.#parts = parts;
    this.#plan = plan;
  }

  get counts(): ReplayCounts {
    return { ...this.#counts };
  }

  /** Errors: those of `throwIfEnded`, and of the database; what was counted by then is done. */
  async run(): Promise<void> {
    this.#startedAtMs = this.#parts.clock.monotonicMs();
    try {
      for (const tenant of this.#plan.tenants) await this.#runTenant(tenant);
    } finally {
      await Promise.all(this.#inFlight);
    }
    this.#throwFailure();
  }

  async #runTenant(tenant: string): Promise<void> {
    const { journal, store } = this.#parts;
    const { range, concurrency } = this.#plan;
    const walk = new TenantWalk(this.#plan, aheadOfSource(store));
    let chunk: Item[] = [];
    let bytes = 0;
    for await (const events of readRecordChunks(journal, store, tenant, range)) {
      for (const event of events) {
        throwIfEnded(this.#plan.signal, PARTS_REMAIN);
        const item = walk.take(event, this.#counts);
        if (item === undefined) continue;
        chunk.push(item);
        bytes += item.record.payload.length;
        if (chunk.length < concurrency && bytes < CHUNK_BYTES) continue;
        await this.#handOn(chunk, walk);
        chunk = [];
        bytes = 0;
      }
    }
    if (chunk.length > 0) await this.#handOn(chunk, walk);
    await Promise.all(this.#inFlight);
    this.#throwFailure();
    if (walk.doneUpTo > 0) this.doneUpTo.set(tenant, walk.doneUpTo);
  }

  async #handOn(chunk: readonly Item[], walk: TenantWalk): Promise<void> {
    await this.#pace(chunk.length);
    const tries = chunk.map((item) => this.#try(item.record));
    const outcomes = areOutcomes(tries) ? tries : await Promise.all(tries.map((one) => Promise.resolve(one)));
    const entries = chunk.map(({ record, mark, isNext }, i): ReplayedEntry => {
      return { record, mark, isNext, outcome: outcomes[i] };
    });
    for (const { record, outcome } of entries) if ('error' in outcome) walk.noteFailure(record.number);
    while (this.#inFlight.size >= BATCHES_MAX) await Promise.race(this.#inFlight);
    this.#throwFailure();
    const written = this.#write(entries).finally(() => this.#inFlight.delete(written));
    this.#inFlight.add(written);
    await nextTurn();
  }

  /** What the handler throws is the outcome. No promise where there is nothing to wait for: entries are small, and many. */
  #try(record: QuarantinedRecord): Outcome | Promise<Outcome> {
    if (this.#plan.fix !== undefined) return this.#tryFixed(record);
    try {
      const writes = this.#handlerWrites(record);
      return isPromise(writes) ? this.#settled(writes) : this.#accepted(writes);
    } catch (error) {
      return failed(error);
    }
  }

  async #tryFixed(record: QuarantinedRecord): Promise<Outcome> {
    try {
      const fixed = await this.#plan.fix?.(record);
      const whole = fixed === undefined ? record : { ...record, payload: payloadOf(fixed) };
      return this.#accepted(await this.#handlerWrites(whole));
    } catch (error) {
      return failed(error);
    }
  }

  async #settled(writes: PromiseLike<ReplayWrites>): Promise<Outcome> {
    try {
      return this.#accepted(await writes);
    } catch (error) {
      return failed(error);
    }
  }

  #handlerWrites(record: QuarantinedRecord): ReplayWrites | Promise<ReplayWrites> {
    const { handler, isDryRun, signal } = this.#plan;
    return isDryRun ? undefined : handler(record, { signal, attempt: record.attempts + 1 });
  }

  #accepted(writes: ReplayWrites): Outcome {
    return { operations: this.#parts.checkWrites(listOf(writes)) };
  }

  /** Never rejects: a failure waits for the next step. */
  async #write(entries: readonly ReplayedEntry[]): Promise<void> {
    try {
      if (!this.#plan.isDryRun) await this.#parts.store.write(operationsOfBatch(entries, this.#parts.clock.nowMs()));
      const failed = entries.filter(({ outcome }) => 'error' in outcome).length;
      this.#counts.failed += failed;
      this.#counts.replayed += entries.length - failed;
      this.#plan.onProgress?.(this.counts);
    } catch (error) {
      this.#failure ??= { error };
    }
  }

  async #pace(count: number): Promise<void> {
    const { rateLimit } = this.#plan;
    if (rateLimit === undefined) return;
    const dueAtMs = this.#startedAtMs + (this.#handedOn * 1000) / rateLimit;
    this.#handedOn += count;
    const waitMs = dueAtMs - this.#parts.clock.monotonicMs();
    if (waitMs <= 0) return;
    await new Promise<void>((resolve) => {
      this.#parts.timers.after(waitMs, resolve);
    });
    throwIfEnded(this.#plan.signal, PARTS_REMAIN);
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/** Which entries of a tenant are to be tried, and which of them are neighbours. */
class TenantWalk {
  readonly #plan: ReplayPlan;
  readonly #isAhead: (record: QuarantinedRecord) => boolean;
  /** Every entry of the tenant comes by. */
  readonly #seesAll: boolean;
  #isNext = false;
  /** The first entry that has to stay: it is not done, or will not be. */
  #firstLeft: number | undefined;
  #lastEntry = 0;

  constructor(plan: ReplayPlan, isAhead: (record: QuarantinedRecord) => boolean) {
    this.#plan = plan;
    this.#isAhead = isAhead;
    const { fromMs, toMs, id, afterEntry } = plan.range;
    this.#seesAll = fromMs === 0 && toMs === Number.MAX_SAFE_INTEGER && id === undefined && afterEntry === 0;
  }

  /** Up to here no entry is needed any more, if all that was handed on is done; 0 where that is not known. */
  get doneUpTo(): number {
    if (!this.#seesAll || this.#plan.isDryRun) return 0;
    return this.#firstLeft === undefined ? this.#lastEntry : this.#firstLeft - 1;
  }

  /** The entry, if it is to be tried. Counts what it finds. */
  take(event: RecordEvent, counts: { found: number; poison: number; damaged: number }): Item | undefined {
    if (event.kind === 'damage') {
      counts.damaged++;
      this.#leave(this.#lastEntry + 1);
      return undefined;
    }
    // The entries that it may cover say so themselves.
    if (event.kind === 'damaged-mark') return undefined;
    const { record, mark, isUncertain } = event;
    this.#lastEntry = record.number;
    // It stays, whatever comes of it.
    if (this.#isAhead(record)) this.#firstLeft ??= record.number;
    const { reason, maxAttempts } = this.#plan;
    const isSought = !record.isReplayed && (reason === undefined || record.reason === reason);
    if (isUncertain) {
      // It may be in the store already, and must not be there twice.
      if (isSought) counts.damaged++;
      this.#leave(record.number);
      return undefined;
    }
    if (isSought) counts.found++;
    const isPoison = isSought && record.attempts >= maxAttempts;
    if (isPoison) counts.poison++;
    if (!isSought || isPoison) {
      if (record.isReplayed) this.#isNext = false;
      else this.#leave(record.number);
      return undefined;
    }
    const isNext = this.#isNext && this.#seesAll;
    this.#isNext = true;
    return { record, mark, isNext };
  }

  noteFailure(number: number): void {
    this.#firstLeft = Math.min(number, this.#firstLeft ?? number);
  }

  #leave(number: number): void {
    this.#isNext = false;
    this.#firstLeft ??= number;
  }
}

function areOutcomes(tries: readonly (Outcome | Promise<Outcome>)[]): tries is readonly Outcome[] {
  return !tries.some(isPromise);
}

function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value;
}

function failed(error: unknown): Outcome {
  return { error: error instanceof Error ? error.message : String(error) };
}

function payloadOf(fixed: BytesLike): Buffer {
  const bytes = valueBytes(fixed);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

function listOf(writes: ReplayWrites): readonly BatchOperation[] {
  if (writes === undefined) return [];
  return isList(writes) ? writes : [writes];
}

function isList(writes: readonly BatchOperation[] | BatchOperation): writes is readonly BatchOperation[] {
  return Array.isArray(writes);
}
