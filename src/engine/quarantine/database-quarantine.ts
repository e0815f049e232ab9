import type { Clock } from '../../base/clock.js';
import { InvalidOptionsError, StemeError } from '../../base/errors.js';
import type { Timers } from '../../base/timers.js';
import type { QuarantineJournal } from '../../quarantine/quarantine-journal.js';
import { checkTenant } from '../../quarantine/tenant-directory.js';
import type { BatchOperation, BytesLike } from '../api.js';
import type { DatabaseGuard } from '../database-guard.js';
import type { IngestPipeline } from '../ingest/ingest-api.js';
import { handlerOfPipeline } from '../ingest/pipeline-handler.js';
import type { LongCalls } from '../long-calls.js';
import { throwIfEnded } from '../long-calls.js';
import type { Operation } from '../write-queue.js';
import { checkFilter, checkList, checkPurge, msOf } from './check-quarantine-calls.js';
import type { HeldJournal } from './held-journal.js';
import type {
  Moment,
  Quarantine,
  QuarantineAppendOptions,
  QuarantinedRecord,
  QuarantineFilter,
  QuarantineListOptions,
  QuarantineReceipt,
  QuarantineStats,
  QuarantineTenantStats,
  ReplayAudit,
  ReplayHandler,
  ReplayOptions,
  ReplayResult,
} from './quarantine-api.js';
import { QuarantineAppends } from './quarantine-appends.js';
import { QuarantineReplays } from './quarantine-replays.js';
import type { QuarantineSettings } from './quarantine-settings.js';
import { QuarantineSweeper } from './quarantine-sweeper.js';
import { readRecords } from './read-records.js';
import { ReplayAudits } from './replay-audits.js';
import { countReplayed } from './replayed-count.js';
import type { SystemStore } from './system-store.js';

export interface DatabaseQuarantineParts {
  readonly hasJournal: () => Promise<boolean>;
  /** Opens the journal; called once, with the first use. */
  readonly openJournal: () => Promise<QuarantineJournal>;
  readonly store: SystemStore;
  readonly settings: QuarantineSettings;
  readonly guard: DatabaseGuard;
  readonly longCalls: LongCalls;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly randomUint32: () => number;
  /** Errors: as of `batch`. */
  readonly checkWrites: (operations: readonly BatchOperation[]) => Operation[];
  /** Of the last ingest; undefined before there was one. */
  readonly lastPipeline: () => IngestPipeline | undefined;
  readonly onWarning: (warning: StemeError) => void;
}

/** `db.quarantine`: checks what the user hands in and passes it on. */
export class DatabaseQuarantine implements Quarantine {
  readonly #parts: DatabaseQuarantineParts;
  readonly #appends: QuarantineAppends;
  readonly #sweeper: QuarantineSweeper;
  readonly #replays: QuarantineReplays;
  readonly #audits: ReplayAudits;
  #journal: Promise<QuarantineJournal> | undefined;
  /** Purges under way. */
  readonly #changes = new Set<Promise<unknown>>();
  #droppedEntries = 0;
  #isClosed = false;

  constructor(parts: DatabaseQuarantineParts) {
    this.#parts = parts;
    const { store, settings, clock, timers, onWarning, checkWrites, randomUint32 } = parts;
    const journal = (): Promise<QuarantineJournal> => this.#open();
    this.#audits = new ReplayAudits(store, onWarning);
    this.#sweeper = new QuarantineSweeper({ journal, store, settings, clock, timers, onWarning });
    this.#appends = new QuarantineAppends({
      journal,
      settings,
      clock,
      onDropped: (...drop) => this.#noteDropped(...drop),
    });
    this.#replays = new QuarantineReplays({
      journal,
      store,
      clock,
      timers,
      checkWrites,
      audits: this.#audits,
      sweeper: this.#sweeper,
      randomUint32,
    });
  }

  append(tenant: string, payload: BytesLike, options: QuarantineAppendOptions): Promise<QuarantineReceipt> {
    try {
      this.#parts.guard.assertWritable();
      return this.#appends.append(tenant, payload, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  list(options: QuarantineListOptions = {}): AsyncIterableIterator<QuarantinedRecord> {
    this.#parts.guard.assertOpen();
    return this.#list(options);
  }

  async get(entry: { readonly tenant: string; readonly id: string }): Promise<QuarantinedRecord | undefined> {
    this.#parts.guard.assertOpen();
    const range = checkFilter(entry);
    let last: QuarantinedRecord | undefined;
    for await (const event of readRecords(await this.#open(), this.#parts.store, entry.tenant, range)) {
      if (event.kind === 'damage') throw event.error;
      if (event.kind === 'damaged-mark') this.#parts.onWarning(event.error);
      else last = event.record;
    }
    return last;
  }

  async mayContain(filter: QuarantineFilter & { readonly tenant: string }): Promise<boolean> {
    this.#parts.guard.assertOpen();
    return (await this.#open()).mayContain(filter.tenant, checkFilter(filter));
  }

  tenants(): AsyncIterableIterator<string> {
    this.#parts.guard.assertOpen();
    return this.#tenants();
  }

  async replay(
    filter: QuarantineFilter,
    way: ReplayHandler | IngestPipeline | 'pipeline',
    options: ReplayOptions = {},
  ): Promise<ReplayResult> {
    this.#parts.guard.assertWritable();
    const handler = this.#handlerOf(way);
    return this.#parts.longCalls.run(options.signal, (signal) => this.#replays.run(filter, handler, options, signal));
  }

  #handlerOf(way: ReplayHandler | IngestPipeline | 'pipeline'): ReplayHandler {
    if (typeof way === 'function') return way;
    const pipeline = way === 'pipeline' ? this.#parts.lastPipeline() : way;
    if (typeof pipeline === 'object' && pipeline !== null && typeof pipeline.key === 'function') {
      return handlerOfPipeline(pipeline);
    }
    const problem =
      way === 'pipeline'
        ? "'pipeline' is that of the last ingest, and there was none since the database was opened: hand one in"
        : "a replay takes a function, a pipeline, or 'pipeline' for that of the last ingest";
    throw new InvalidOptionsError([problem]);
  }

  audits(): AsyncIterableIterator<ReplayAudit> {
    this.#parts.guard.assertOpen();
    return this.#audits.list();
  }

  /** Removes segments of which every record was appended before; returns how many entries they had. */
  async purge({ tenant, before }: { readonly tenant: string; readonly before: Moment }): Promise<number> {
    this.#parts.guard.assertWritable();
    checkPurge(tenant, before);
    const beforeMs = msOf(before);
    return this.#change(this.#sweeper.remove(tenant, (segment) => segment.appendedAtMsMax < beforeMs));
  }

  stats(): Promise<QuarantineStats>;
  stats(tenant: string): Promise<QuarantineTenantStats>;
  async stats(tenant?: string): Promise<QuarantineStats | QuarantineTenantStats> {
    this.#parts.guard.assertOpen();
    return tenant === undefined ? this.#statsOfAll() : this.#statsOf(tenant);
  }

  async #statsOf(tenant: string): Promise<QuarantineTenantStats> {
    checkTenant(tenant);
    const journal = await this.#open();
    const { firstEntry, entryCount, payloadBytes, segmentCount } = await journal.totalsOf(tenant);
    const replayed = await countReplayed(journal, this.#parts.store, tenant, firstEntry);
    const replayedEntries = replayed.count;
    const damages = [...(await journal.damagesOf(tenant)), ...replayed.damages].map(({ message }) => message);
    const entries = Math.max(0, entryCount - replayedEntries);
    return { tenant, entries, replayedEntries, payloadBytes, segments: segmentCount, damages };
  }

  async #statsOfAll(): Promise<QuarantineStats> {
    const journal = await this.#open();
    const { isDirect } = journal;
    return {
      syncMode: isDirect === undefined ? undefined : isDirect ? 'direct' : 'fdatasync',
      syncs: journal.syncCount,
      pendingBytes: journal.pendingBytes,
      openWriters: journal.openWriterCount,
      segmentOpens: journal.segmentOpens,
      expiredEntries: this.#sweeper.expiredEntries,
      droppedEntries: this.#droppedEntries,
    };
  }

  /** What is there goes on its way; what goes wrong is a warning, and an error of the first call that needs the journal. Never rejects. */
  async resume(): Promise<void> {
    try {
      if (!this.#parts.guard.isReadOnly && (await this.#parts.hasJournal())) await this.#open();
    } catch (cause) {
      if (this.#isClosed) return;
      const reason = cause instanceof Error ? cause.message : String(cause);
      this.#parts.onWarning(new StemeError('STEME_IO', `the quarantine could not be opened (${reason})`, { cause }));
    }
  }

  /** For a checkpoint. Errors: STEME_IO, STEME_UNSUPPORTED. */
  async hold(): Promise<HeldJournal> {
    const journal = await this.#open();
    return { journal, release: journal.hold() };
  }

  /**
   * Ends the background work, waits for what is under way, and makes all of it durable where it belongs: whoever opens the directory next
   * has it alone. Errors: STEME_IO, STEME_BACKGROUND.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#sweeper.stop();
    await Promise.allSettled(this.#changes);
    await this.#appends.idle();
    if (this.#journal === undefined) return;
    const [opened] = await Promise.allSettled([this.#journal]);
    if (opened.status === 'fulfilled') await opened.value.close();
  }

  async #change<T>(work: Promise<T>): Promise<T> {
    this.#changes.add(work);
    try {
      return await work;
    } finally {
      this.#changes.delete(work);
    }
  }

  #open(): Promise<QuarantineJournal> {
    if (this.#isClosed) return Promise.reject(new StemeError('STEME_CLOSED', 'the database was closed'));
    this.#journal ??= this.#openOnce().catch((error: unknown) => {
      this.#journal = undefined;
      throw error;
    });
    return this.#journal;
  }

  async #openOnce(): Promise<QuarantineJournal> {
    const journal = await this.#parts.openJournal();
    if (!this.#parts.guard.isReadOnly) this.#sweeper.start();
    return journal;
  }

  async *#tenants(): AsyncGenerator<string, void> {
    yield* await (await this.#open()).tenants();
  }

  async *#list(options: QuarantineListOptions): AsyncGenerator<QuarantinedRecord, void> {
    const range = checkList(options);
    const { tenant, reason, limit = Number.POSITIVE_INFINITY, includeReplayed = false, signal } = options;
    const journal = await this.#open();
    let count = 0;
    for (const one of tenant === undefined ? await journal.tenants() : [tenant]) {
      for await (const event of readRecords(journal, this.#parts.store, one, range)) {
        if (signal !== undefined) throwIfEnded(signal);
        this.#parts.guard.assertOpen();
        if (event.kind !== 'record') this.#parts.onWarning(event.error);
        else if (
          (includeReplayed || !event.record.isReplayed) &&
          (reason ?? event.record.reason) === event.record.reason
        ) {
          if (count++ >= limit) return;
          yield event.record;
        }
      }
    }
  }

  #noteDropped(tenant: string, entryCount: number): void {
    this.#droppedEntries += entryCount;
    const message = `the quarantine of tenant ${JSON.stringify(tenant)} is full: its oldest ${entryCount} entries made room`;
    this.#parts.onWarning(new StemeError('STEME_QUARANTINE_FULL', message));
  }
}
