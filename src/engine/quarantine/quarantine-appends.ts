import type { Clock } from '../../base/clock.js';
import { Deferred } from '../../base/deferred.js';
import { StemeError } from '../../base/errors.js';
import { KeyedQueue } from '../../base/keyed-queue.js';
import type { AppendedEntry, EntryDraft } from '../../quarantine/intake-writer.js';
import type { QuarantineJournal } from '../../quarantine/quarantine-journal.js';
import type { BytesLike } from '../api.js';
import { valueBytes } from '../user-bytes.js';
import { checkAppend, msOf } from './check-quarantine-calls.js';
import type { QuarantineAppendOptions, QuarantineReceipt } from './quarantine-api.js';
import type { QuarantineSettings, TenantSettings } from './quarantine-settings.js';
import { excessOf, settingsOf } from './retention.js';

export interface QuarantineAppendsParts {
  readonly journal: () => Promise<QuarantineJournal>;
  readonly settings: QuarantineSettings;
  readonly clock: Clock;
  /** Entries that had to make room for newer ones. */
  readonly onDropped: (tenant: string, entryCount: number) => void;
}

interface Reserved {
  entryCount: number;
  payloadBytes: number;
  /** One of them is over. */
  done: Deferred<void>;
}

/** Takes records in: checks, caps, and ids that are to be there once. */
export class QuarantineAppends {
  readonly #parts: QuarantineAppendsParts;
  /** Of appends that are under way, by tenant: they count against its caps. */
  readonly #reserved = new Map<string, Reserved>();
  /** Appends of an id that is to be there once, by tenant and id: the second waits for the first. */
  readonly #unique = new KeyedQueue();
  /** Appends that look for room, by tenant: each makes no more of it than it needs. */
  readonly #seekingRoom = new KeyedQueue();
  #underWay = 0;
  readonly #waitingForIdle: (() => void)[] = [];
  /** Once it is open. */
  #journal: QuarantineJournal | undefined;

  constructor(parts: QuarantineAppendsParts) {
    this.#parts = parts;
  }

  /** Throws what is wrong with the call. Errors: STEME_INVALID_TENANT, _OPTION, _VALUE, STEME_QUARANTINE_FULL, STEME_IO, STEME_BACKGROUND. */
  append(tenant: string, payload: BytesLike, options: QuarantineAppendOptions): Promise<QuarantineReceipt> {
    checkAppend(tenant, options);
    const view = valueBytes(payload);
    const settings = settingsOf(this.#parts.settings, tenant);
    if (options.ifAbsent !== true && !hasCaps(settings)) {
      const appended = this.#journal?.appendNow(this.#draftOf(tenant, view, options));
      if (appended !== undefined) return this.#receiptOnce(appended);
    }
    this.#underWay++;
    // The caller may use its memory again while this waits.
    const bytes = Uint8Array.from(view);
    const isOnce = options.ifAbsent === true && options.id !== undefined;
    const appended = isOnce
      ? this.#appendOnce(tenant, options.id, bytes, settings, options)
      : this.#appendOne(tenant, bytes, settings, options);
    return appended.finally(() => this.#noteDone());
  }

  /** No append is under way when it resolves, if none is begun meanwhile. */
  async idle(): Promise<void> {
    if (this.#underWay === 0) return;
    await new Promise<void>((resolve) => {
      this.#waitingForIdle.push(resolve);
    });
  }

  /** Few promises: there may be a hundred thousand of them a second. */
  #receiptOnce({ entry, durable }: AppendedEntry): Promise<QuarantineReceipt> {
    this.#underWay++;
    const receipt = receiptOf(entry);
    return durable.then(() => {
      this.#noteDone();
      return receipt;
    }, this.#onFailed);
  }

  readonly #onFailed = (error: unknown): never => {
    this.#noteDone();
    throw error;
  };

  #noteDone(): void {
    this.#underWay--;
    if (this.#underWay === 0) for (const wake of this.#waitingForIdle.splice(0)) wake();
  }

  #appendOnce(
    tenant: string,
    id: string,
    payload: Uint8Array,
    settings: TenantSettings,
    options: QuarantineAppendOptions,
  ): Promise<QuarantineReceipt> {
    return this.#unique.run(JSON.stringify([tenant, id]), async () => {
      const journal = await this.#open();
      const number = await journal.lastNumberOf(tenant, id);
      return number === undefined ? this.#appendOne(tenant, payload, settings, options) : { number, id, isNew: false };
    });
  }

  async #appendOne(
    tenant: string,
    payload: Uint8Array,
    settings: TenantSettings,
    options: QuarantineAppendOptions,
  ): Promise<QuarantineReceipt> {
    const draft = this.#draftOf(tenant, payload, options);
    const journal = await this.#open();
    if (!hasCaps(settings)) return receiptOf(await journal.append(draft));
    return this.#withinCaps(journal, tenant, settings, payload.length, async () =>
      receiptOf(await journal.append(draft)),
    );
  }

  async #open(): Promise<QuarantineJournal> {
    this.#journal = await this.#parts.journal();
    return this.#journal;
  }

  #draftOf(tenant: string, payload: Uint8Array, options: QuarantineAppendOptions): EntryDraft {
    const { reason, detail = '', id = '', source = '', position, contentType = '', attempts = 0, timestamp } = options;
    const appendedAtMs = this.#parts.clock.nowMs();
    return {
      tenant,
      id,
      reason,
      detail,
      source,
      sourcePosition: position,
      contentType,
      timestampMs: timestamp === undefined ? appendedAtMs : msOf(timestamp),
      appendedAtMs,
      attemptCount: attempts,
      payload,
    };
  }

  async #withinCaps(
    journal: QuarantineJournal,
    tenant: string,
    settings: TenantSettings,
    payloadBytes: number,
    append: () => Promise<QuarantineReceipt>,
  ): Promise<QuarantineReceipt> {
    const reserved = await this.#seekingRoom.run(tenant, () => this.#reserve(journal, tenant, settings, payloadBytes));
    try {
      return await append();
    } finally {
      reserved.entryCount--;
      reserved.payloadBytes -= payloadBytes;
      if (reserved.entryCount === 0) this.#reserved.delete(tenant);
      reserved.done.resolve();
      reserved.done = new Deferred();
    }
  }

  /** Finds room for one more, or makes it, and takes it in the same turn. */
  async #reserve(
    journal: QuarantineJournal,
    tenant: string,
    settings: TenantSettings,
    payloadBytes: number,
  ): Promise<Reserved> {
    for (;;) {
      const { entryCount, payloadBytes: usedBytes } = await journal.totalsOf(tenant);
      const reserved = this.#reserved.get(tenant) ?? { entryCount: 0, payloadBytes: 0, done: new Deferred() };
      const totals = {
        entryCount: entryCount + reserved.entryCount,
        payloadBytes: usedBytes + reserved.payloadBytes,
      };
      const excess = excessOf(settings, totals, payloadBytes);
      if (excess === undefined) {
        this.#reserved.set(tenant, reserved);
        reserved.entryCount++;
        reserved.payloadBytes += payloadBytes;
        return reserved;
      }
      const dropped = settings.whenFull === 'drop-oldest' ? await this.#dropOldest(journal, tenant) : 0;
      if (dropped > 0) continue;
      if (settings.whenFull === 'refuse' || reserved.entryCount === 0) throw fullError(tenant, excess);
      // All room is taken by entries that are yet to come: those of them that are there can be dropped.
      await reserved.done.promise;
    }
  }

  /** Returns how many entries the oldest segment had. */
  async #dropOldest(journal: QuarantineJournal, tenant: string): Promise<number> {
    // The one that is under way may have begun before the newest entries came.
    await journal.settle();
    await journal.settle();
    const { firstEntry } = await journal.totalsOf(tenant);
    const removed = await journal.remove(tenant, (segment) => segment.firstEntry === firstEntry);
    const entryCount = removed.reduce((sum, segment) => sum + segment.entryCount, 0);
    if (entryCount > 0) this.#parts.onDropped(tenant, entryCount);
    return entryCount;
  }
}

function hasCaps({ bytesMax, entriesMax }: TenantSettings): boolean {
  return bytesMax > 0 || entriesMax > 0;
}

function receiptOf({ number, id }: { readonly number: number; readonly id: string }): QuarantineReceipt {
  return { number, id, isNew: true };
}

function fullError(tenant: string, excess: string): StemeError {
  const message = `the quarantine of tenant ${JSON.stringify(tenant)} is full (${excess}): replay or purge it, raise its cap, or let it drop its oldest entries (whenFull: 'drop-oldest')`;
  return new StemeError('STEME_QUARANTINE_FULL', message);
}
