/**
 * The journals of all tenants. An entry is acknowledged when the intake has it; from there it goes to the segment of its tenant, and
 * the intake file is used again once all of its entries are there:
 *
 *     append ─► intake, one sync for all tenants ─► memory ─► segments, one sync a tenant ─► intake file given back
 *
 * What a crash leaves in the intake goes to the segments after the next open. The numbers of a tenant's entries only grow, so that one
 * that its segments have already is known by its number.
 */
import { join } from 'node:path';
import type { Clock } from '../base/clock.js';
import { type CorruptionError, StemeError } from '../base/errors.js';
import { QUARANTINE_OPEN_WRITERS_MAX, QUARANTINE_PENDING_BYTES_MAX } from '../base/limits.js';
import type { CancelTimer, Timers } from '../base/timers.js';
import { isHealedByRoom } from '../fs/disk-full.js';
import type { FileSystem } from '../fs/file-system.js';
import type { EncodedEntry } from './encoded-entry.js';
import type { EntryRange } from './entry-range.js';
import { Intake } from './intake.js';
import type { AppendedEntry, EntryDraft } from './intake-writer.js';
import { QUARANTINE_DIRECTORY } from './journal-files.js';
import type { EntryEvent } from './read-entries.js';
import { SEGMENT_LIMITS_DEFAULT, type SegmentLimits } from './segment-limits.js';
import type { RemovableSegment, TenantTotals } from './tenant-journal.js';
import { TenantJournals } from './tenant-journals.js';
import { listTenants } from './tenant-list.js';
import type { TenantSnapshot } from './tenant-snapshot.js';

/** So long after an append its entry goes to its segment, if nothing makes it go before. */
const SETTLE_DELAY_MS = 1000;
const STAYS_IN_INTAKE = 'entries of the quarantine stay in its intake for now; they are durable there';

export interface QuarantineJournalOptions {
  readonly fileSystem: FileSystem;
  /** Of the database. */
  readonly directory: string;
  readonly databaseId: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly isReadOnly: boolean;
  readonly onWarning: (warning: StemeError) => void;
  /** Defaults: see base/limits.ts. */
  readonly intakeBytes?: number;
  /** Of an intake file for which no space was prepared ahead. Default 1 MiB. */
  readonly intakeInitialBytes?: number | undefined;
  /** Default: see segment-limits.ts. */
  readonly segmentLimitsOf?: (tenant: string) => SegmentLimits;
  readonly pendingBytesMax?: number;
  readonly openWritersMax?: number;
}

export class QuarantineJournal {
  readonly #options: QuarantineJournalOptions;
  readonly #directory: string;
  readonly #tenants: TenantJournals;
  readonly #intake: Intake;
  #settling: Promise<void> | undefined;
  #cancelTimer: CancelTimer | undefined;
  #isClosed = false;

  private constructor(options: QuarantineJournalOptions) {
    const { fileSystem, databaseId, clock, isReadOnly, segmentLimitsOf, openWritersMax } = options;
    this.#options = options;
    this.#directory = join(options.directory, QUARANTINE_DIRECTORY);
    this.#tenants = new TenantJournals({
      fileSystem,
      directory: this.#directory,
      databaseId,
      nowMs: () => clock.nowMs(),
      isReadOnly,
      limitsOf: segmentLimitsOf ?? (() => SEGMENT_LIMITS_DEFAULT),
      openWritersMax: openWritersMax ?? QUARANTINE_OPEN_WRITERS_MAX,
    });
    this.#intake = new Intake({
      fileSystem,
      parentDirectory: options.directory,
      directory: this.#directory,
      databaseId,
      clock,
      isReadOnly,
      intakeBytes: options.intakeBytes,
      intakeInitialBytes: options.intakeInitialBytes,
      onWarning: options.onWarning,
      onSafe: (entries, isNewFile) => this.#take(entries, isNewFile),
    });
  }

  /** Reads what is in the intake, and nothing else. Errors: STEME_IO, STEME_UNSUPPORTED. */
  static async open(options: QuarantineJournalOptions): Promise<QuarantineJournal> {
    const journal = new QuarantineJournal(options);
    await journal.#recover();
    return journal;
  }

  /** That its files are written under. */
  get databaseId(): number {
    return this.#options.databaseId;
  }

  /** Of the intake, as the last open found it. */
  get damages(): readonly CorruptionError[] {
    return this.#intake.damages;
  }

  /** Of the segments of one tenant. Errors: STEME_IO, STEME_UNSUPPORTED. */
  async damagesOf(tenant: string): Promise<readonly CorruptionError[]> {
    const journal = this.#tenants.get(tenant);
    await journal.load();
    return journal.damages;
  }

  /** No entry below this number is in the intake, from where it could come back. */
  get intakeFloor(): number {
    return this.#intake.floor;
  }

  /** The number that the next entry gets: no entry has had it, or a larger one. */
  get nextEntry(): number {
    return this.#intake.nextEntry;
  }

  /** No entry was appended later. */
  get lastAppendMs(): number {
    return this.#intake.lastAppendMs;
  }

  get pendingBytes(): number {
    return this.#tenants.gauges.pendingBytes;
  }

  get segmentOpens(): number {
    return this.#tenants.gauges.segmentOpens;
  }

  get openWriterCount(): number {
    return this.#tenants.openWriterCount;
  }

  /** Whether the intake is written with O_DIRECT; undefined before the first append. */
  get isDirect(): boolean | undefined {
    return this.#intake.isDirect;
  }

  get syncCount(): number {
    return this.#intake.writer?.syncCount ?? 0;
  }

  /** Durable when it resolves. The caller has checked the draft. Errors: STEME_IO, STEME_BACKGROUND. */
  async append(draft: EntryDraft): Promise<EncodedEntry> {
    // The caller may use its memory again while this waits.
    const appended =
      this.appendNow(draft) ?? (await this.#appendLater({ ...draft, payload: Uint8Array.from(draft.payload) }));
    await appended.durable;
    return appended.entry;
  }

  /** The same at once; `undefined` where something has to be waited for first. Errors: STEME_BACKGROUND, and those of `durable`: STEME_IO. */
  appendNow(draft: EntryDraft): AppendedEntry | undefined {
    return this.#isFull ? undefined : this.#intake.writer?.append(draft);
  }

  async #appendLater(draft: EntryDraft): Promise<AppendedEntry> {
    const writer = await this.#intake.start();
    // law 8: what is in memory has to go to segments first.
    while (this.#isFull) await this.settle();
    return writer.append(draft);
  }

  get #isFull(): boolean {
    return this.pendingBytes > (this.#options.pendingBytesMax ?? QUARANTINE_PENDING_BYTES_MAX);
  }

  /** In the order in which they were appended. Errors: STEME_IO, STEME_UNSUPPORTED. */
  async *read(tenant: string, range: EntryRange): AsyncGenerator<EntryEvent, void> {
    for await (const chunk of this.readChunks(tenant, range)) yield* chunk;
  }

  /** The same, as many at once as there are at hand: for those who read many. */
  readChunks(tenant: string, range: EntryRange): AsyncGenerator<readonly EntryEvent[], void> {
    return this.#tenants.get(tenant).readChunks(range);
  }

  /** Whether there may be such an entry; opens no segment. */
  mayContain(tenant: string, range: EntryRange): Promise<boolean> {
    return this.#tenants.get(tenant).mayContain(range);
  }

  /** Of the last entry of this id; `undefined` where there is none that can be read. Errors: STEME_IO, STEME_UNSUPPORTED. */
  lastNumberOf(tenant: string, id: string): Promise<number | undefined> {
    return this.#tenants.get(tenant).lastNumberOf(id);
  }

  /** Every tenant that has, or had, entries. */
  async tenants(): Promise<string[]> {
    const { fileSystem } = this.#options;
    // Before the look at the disk: what goes to its segment meanwhile has a directory by then.
    const pending = this.#tenants.pendingTenants();
    const hasDirectory = await fileSystem.exists(this.#directory);
    const listed = hasDirectory ? await listTenants(fileSystem, this.#directory) : [];
    return [...new Set([...pending, ...listed])].sort();
  }

  /** Removes whole segments: those that `isUseless` names. Errors: STEME_IO. */
  remove(tenant: string, isUseless: (segment: RemovableSegment) => boolean): Promise<readonly RemovableSegment[]> {
    return this.#tenants.get(tenant).remove(isUseless);
  }

  /**
   * From now on no segment goes away under who copies it, and `snapshot` has what was removed since. Returns what ends it, which never
   * rejects.
   */
  hold(): () => Promise<void> {
    this.#tenants.hold();
    return async () => {
      try {
        await this.#tenants.release();
      } catch (cause) {
        this.#warn('segments of the quarantine that are not needed any more could not be removed', cause);
      }
    };
  }

  /** What a tenant has, for a copy; only with a `hold`. Errors: STEME_IO, STEME_UNSUPPORTED. */
  snapshot(tenant: string): Promise<TenantSnapshot> {
    return this.#tenants.snapshot(tenant);
  }

  /** Errors: STEME_IO, STEME_UNSUPPORTED. */
  async totalsOf(tenant: string): Promise<TenantTotals> {
    const journal = this.#tenants.get(tenant);
    await journal.load();
    return journal.totals;
  }

  /** Everything that was acknowledged before is in segments when it resolves, or will be with the next call. Errors: STEME_IO. */
  settle(): Promise<void> {
    this.#settling ??= this.#settleOnce().finally(() => {
      this.#settling = undefined;
    });
    return this.#settling;
  }

  /**
   * What was acknowledged is in segments when it resolves, unless that failed: then it is in the intake. That there was no room is a
   * warning. Errors: STEME_IO, STEME_BACKGROUND.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer?.();
    if (this.#options.isReadOnly) return;
    try {
      // Tried again at once: what it failed with may be over, and if not, it comes again.
      await Promise.allSettled([this.#settling]);
      while (this.#tenants.hasPending) await this.settle();
      await this.#intake.writer?.rotate();
      await this.settle();
    } catch (cause) {
      if (!isHealedByRoom(cause)) throw cause;
      this.#warn(STAYS_IN_INTAKE, cause);
    } finally {
      await this.#intake.close();
      await this.#tenants.close();
    }
  }

  async #recover(): Promise<void> {
    const { fileSystem, isReadOnly } = this.#options;
    if (!(await fileSystem.exists(this.#directory))) return;
    const isCounted = await this.#intake.recover((entry) => this.#tenants.get(entry.tenant).addRecovered(entry));
    if (!isCounted) await this.#askTenants();
    if (!isReadOnly && this.#tenants.hasPending) this.#settleSoon(0);
  }

  /** Where no intake file says how far the numbers and the time have come, the segments do. */
  async #askTenants(): Promise<void> {
    for (const tenant of await this.tenants()) {
      const journal = this.#tenants.get(tenant);
      await journal.load();
      this.#intake.advanceTo({ nextEntry: journal.lastEntry + 1, lastAppendMs: journal.lastAppendMs });
      this.#tenants.forgetIdle();
    }
  }

  #take(entries: readonly EncodedEntry[], isNewFile: boolean): void {
    for (const encoded of entries) this.#tenants.get(encoded.tenant).add(encoded);
    const { pendingBytesMax = QUARANTINE_PENDING_BYTES_MAX } = this.#options;
    const isUrgent = this.pendingBytes > pendingBytesMax / 2 || (isNewFile && this.#intake.fileCount > 1);
    this.#settleSoon(isUrgent ? 0 : SETTLE_DELAY_MS);
  }

  #settleSoon(delayMs: number): void {
    if (this.#isClosed || this.#settling !== undefined) return;
    if (delayMs > 0 && this.#cancelTimer !== undefined) return;
    this.#cancelTimer?.();
    this.#cancelTimer = this.#options.timers.afterIdly(delayMs, () => {
      this.#cancelTimer = undefined;
      if (!this.#isClosed) void this.#settleInBackground();
    });
  }

  async #settleInBackground(): Promise<void> {
    try {
      await this.settle();
    } catch (cause) {
      this.#warn(STAYS_IN_INTAKE, cause);
    }
    if (this.#tenants.hasPending) this.#settleSoon(SETTLE_DELAY_MS);
  }

  async #settleOnce(): Promise<void> {
    // All entries of the files before it are in memory or in segments by now.
    const current = this.#intake.currentFile;
    await this.#tenants.settle();
    await this.#intake.giveBackBefore(current);
  }

  #warn(message: string, cause: unknown): void {
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.#options.onWarning(new StemeError('STEME_IO', `${message} (${reason})`, { cause }));
  }
}
