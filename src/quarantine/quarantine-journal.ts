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
import { assert, type CorruptionError, StemeError } from '../base/errors.js';
import { QUARANTINE_INTAKE_BYTES, QUARANTINE_OPEN_WRITERS_MAX, QUARANTINE_PENDING_BYTES_MAX } from '../base/limits.js';
import type { CancelTimer, Timers } from '../base/timers.js';
import { isHealedByRoom, synced } from '../fs/disk-full.js';
import type { FileSystem } from '../fs/file-system.js';
import { syncFile } from '../fs/sync-file.js';
import { SegmentAllocator } from '../log/segment-allocator.js';
import type { EncodedEntry } from './encoded-entry.js';
import type { EntryRange } from './entry-range.js';
import { type IntakeContents, readIntake } from './intake-reader.js';
import { type AppendedEntry, type EntryDraft, IntakeWriter } from './intake-writer.js';
import { DAMAGED_SUFFIX, intakeName, journalFileNumbers, QUARANTINE_DIRECTORY } from './journal-files.js';
import { SEGMENT_LIMITS_DEFAULT, type SegmentLimits } from './segment-limits.js';
import type { EntryEvent, RemovableSegment, TenantTotals } from './tenant-journal.js';
import { TenantJournals } from './tenant-journals.js';
import { listTenants } from './tenant-list.js';
import type { TenantSnapshot } from './tenant-snapshot.js';

/** So long after an append its entry goes to its segment, if nothing makes it go before. */
const SETTLE_DELAY_MS = 1000;
/** A clock that is so far behind the newest entry was set back. */
const CLOCK_BEHIND_MS_MAX = 5 * 60 * 1000;
const STAYS_IN_INTAKE = 'entries of the quarantine stay in its intake for now; they are durable there';
/** Intake files that are kept for their space. */
const SPARE_FILES_MAX = 1;

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

/** What writes to the intake, made with the first append. */
interface OpenIntake {
  readonly writer: IntakeWriter;
  readonly allocator: SegmentAllocator;
  readonly isDirect: boolean;
}

export class QuarantineJournal {
  readonly #options: QuarantineJournalOptions;
  readonly #directory: string;
  readonly #tenants: TenantJournals;
  #intake: Promise<OpenIntake> | undefined;
  #openIntake: OpenIntake | undefined;
  /** Intake files that are not given back yet, and a number below which no entry in them is. */
  readonly #usedFiles = new Map<number, number>();
  /** Of these, the ones that are not to be used again: something in them could not be read. */
  readonly #damagedFiles = new Set<number>();
  #damages: readonly CorruptionError[] = [];
  #lastFileNumber = 0;
  #nextEntry = 1;
  #lastAppendMs = 0;
  #predecessorEndBytes = 0;
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
    return this.#damages;
  }

  /** Of the segments of one tenant. Errors: STEME_IO, STEME_UNSUPPORTED. */
  async damagesOf(tenant: string): Promise<readonly CorruptionError[]> {
    const journal = this.#tenants.get(tenant);
    await journal.load();
    return journal.damages;
  }

  /** No entry below this number is in the intake, from where it could come back. */
  get intakeFloor(): number {
    return Math.min(Number.MAX_SAFE_INTEGER, ...this.#usedFiles.values());
  }

  /** The number that the next entry gets: no entry has had it, or a larger one. */
  get nextEntry(): number {
    return this.#openIntake?.writer.nextEntry ?? this.#nextEntry;
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
    return this.#openIntake?.isDirect;
  }

  get syncCount(): number {
    return this.#openIntake?.writer.syncCount ?? 0;
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
    const intake = this.#openIntake;
    return intake === undefined || this.#isFull ? undefined : intake.writer.append(draft);
  }

  async #appendLater(draft: EntryDraft): Promise<AppendedEntry> {
    const { writer } = await this.#startIntake();
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
      await this.#openIntake?.writer.rotate();
      await this.settle();
    } catch (cause) {
      if (!isHealedByRoom(cause)) throw cause;
      this.#warn(STAYS_IN_INTAKE, cause);
    } finally {
      await this.#openIntake?.writer.close();
      await this.#openIntake?.allocator.close();
      await this.#tenants.close();
    }
  }

  async #recover(): Promise<void> {
    const { fileSystem, databaseId, isReadOnly } = this.#options;
    if (!(await fileSystem.exists(this.#directory))) return;
    // law 2: what is seen from now on must not go with the page cache.
    if (!isReadOnly) await this.#syncIntake();
    const { files, numbers, nextEntry, lastAppendMs } = await readIntake(fileSystem, this.#directory, databaseId);
    for (const file of files) this.#takeRecovered(file);
    this.#damages = files.flatMap(({ damages }) => damages);
    for (const damage of this.#damages) this.#options.onWarning(damage);
    for (const number of numbers) this.#usedFiles.set(number, Number.MAX_SAFE_INTEGER);
    for (const { number, firstEntry } of files) this.#usedFiles.set(number, firstEntry);
    const spares = journalFileNumbers(await fileSystem.list(this.#directory), 'recycled');
    this.#lastFileNumber = Math.max(0, ...numbers, ...spares);
    this.#predecessorEndBytes = files.at(-1)?.endBytes ?? 0;
    this.#nextEntry = nextEntry ?? 1;
    this.#lastAppendMs = lastAppendMs ?? 0;
    if (nextEntry === undefined) await this.#askTenants();
    if (!isReadOnly && this.#tenants.hasPending) this.#settleSoon(0);
  }

  async #syncIntake(): Promise<void> {
    const { fileSystem } = this.#options;
    for (const number of journalFileNumbers(await fileSystem.list(this.#directory), 'intake')) {
      await syncFile(fileSystem, join(this.#directory, intakeName(number)));
    }
  }

  #takeRecovered({ number, entries, damages }: IntakeContents): void {
    if (damages.length > 0) this.#damagedFiles.add(number);
    for (const encoded of entries) this.#tenants.get(encoded.tenant).addRecovered(encoded);
  }

  /** Where no intake file says how far the numbers and the time have come, the segments do. */
  async #askTenants(): Promise<void> {
    for (const tenant of await this.tenants()) {
      const journal = this.#tenants.get(tenant);
      await journal.load();
      this.#nextEntry = Math.max(this.#nextEntry, journal.lastEntry + 1);
      this.#lastAppendMs = Math.max(this.#lastAppendMs, journal.lastAppendMs);
      this.#tenants.forgetIdle();
    }
  }

  #startIntake(): Promise<OpenIntake> {
    this.#intake ??= this.#start().catch((error: unknown) => {
      this.#intake = undefined;
      throw error;
    });
    return this.#intake;
  }

  async #start(): Promise<OpenIntake> {
    const { fileSystem, directory, databaseId, clock, intakeBytes = QUARANTINE_INTAKE_BYTES } = this.#options;
    assert(!this.#options.isReadOnly, 'a journal that is only read takes no entry');
    if (this.#lastAppendMs > clock.nowMs() + CLOCK_BEHIND_MS_MAX) this.#warnOfClock();
    await fileSystem.makeDirectory(this.#directory);
    await synced(fileSystem.syncDirectory(directory));
    const isDirect = await fileSystem.probeDirect(this.#directory);
    const allocator = new SegmentAllocator({
      fileSystem,
      directory: this.#directory,
      nameOf: intakeName,
      allocateNumber: () => ++this.#lastFileNumber,
      segmentBytes: intakeBytes,
      initialBytes: this.#options.intakeInitialBytes,
      recycledMax: SPARE_FILES_MAX,
      onWarning: (cause) => this.#warn('no space for the intake of the quarantine could be prepared ahead', cause),
    });
    await allocator.adopt(journalFileNumbers(await fileSystem.list(this.#directory), 'recycled'));
    const writer = new IntakeWriter({
      fileSystem,
      allocator,
      databaseId,
      clock,
      isDirect,
      nextEntry: this.#nextEntry,
      lastAppendMs: this.#lastAppendMs,
      predecessorEndBytes: this.#predecessorEndBytes,
      fileBytesMax: intakeBytes,
      onSafe: (entries, fileNumber) => this.#take(entries, fileNumber),
    });
    this.#openIntake = { writer, allocator, isDirect };
    return this.#openIntake;
  }

  #take(entries: readonly EncodedEntry[], fileNumber: number): void {
    for (const encoded of entries) this.#tenants.get(encoded.tenant).add(encoded);
    const isNewFile = !this.#usedFiles.has(fileNumber);
    if (isNewFile) this.#usedFiles.set(fileNumber, entries[0].number);
    const { pendingBytesMax = QUARANTINE_PENDING_BYTES_MAX } = this.#options;
    const isUrgent = this.pendingBytes > pendingBytesMax / 2 || (isNewFile && this.#usedFiles.size > 1);
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
    const current = this.#openIntake?.writer.fileNumber ?? Math.max(0, ...this.#usedFiles.keys());
    await this.#tenants.settle();
    for (const number of this.#usedFiles.keys()) if (number < current) await this.#giveBack(number);
  }

  async #giveBack(number: number): Promise<void> {
    const { fileSystem } = this.#options;
    const path = join(this.#directory, intakeName(number));
    if (this.#damagedFiles.delete(number)) await fileSystem.rename(path, `${path}${DAMAGED_SUFFIX}`);
    else if (this.#openIntake === undefined) await fileSystem.remove(path);
    else await this.#openIntake.allocator.retire(number);
    this.#usedFiles.delete(number);
  }

  #warnOfClock(): void {
    const newest = new Date(this.#lastAppendMs).toISOString();
    const message = `the clock is behind the newest entry of the quarantine, of ${newest}: until it has caught up, entries are taken for as new as that one and kept so much longer; if that one is from the future, purge it`;
    this.#options.onWarning(new StemeError('STEME_CLOCK', message));
  }

  #warn(message: string, cause: unknown): void {
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.#options.onWarning(new StemeError('STEME_IO', `${message} (${reason})`, { cause }));
  }
}
