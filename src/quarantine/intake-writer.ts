/**
 * The intake: one log for the entries of all tenants, so that a burst for a thousand of them costs as many syncs as one for a single
 * tenant. An entry is acknowledged once it is durable here; from here it goes to the segment of its tenant.
 *
 * Group commit as in the WAL: one group is on its way to the disk, and what is appended meanwhile makes up the next one.
 *
 * A file that a write failed in is left where its durable entries end, and its successor says where that is: what else stands there
 * was refused, and no recovery reads it.
 */
import type { Clock } from '../base/clock.js';
import { StemeError } from '../base/errors.js';
import { DIRECT_IO_BLOCK_BYTES } from '../base/limits.js';
import { allocatePageAlignedMemory } from '../base/shared-memory.js';
import { isHealedByRoom, synced } from '../fs/disk-full.js';
import type { FileHandle, FileSystem } from '../fs/file-system.js';
import { FRAME_MEMORY_BYTES, FrameWriter } from '../log/frame-writer.js';
import { FRAME_ALIGNMENT_BYTES } from '../log/log-format.js';
import type { SegmentAllocator } from '../log/segment-allocator.js';
import { type EncodedEntry, encodedEntry } from './encoded-entry.js';
import type { JournalEntry } from './entry-codec.js';
import { IntakeGroup } from './intake-group.js';
import { encodeJournalHeader, JOURNAL_INTAKE, journalIdentity } from './journal-header.js';

export interface IntakeWriterOptions {
  readonly fileSystem: FileSystem;
  readonly allocator: SegmentAllocator;
  readonly databaseId: number;
  readonly clock: Clock;
  /** Written with O_DIRECT and O_DSYNC. `false`: through the page cache, and synced. */
  readonly isDirect: boolean;
  /** The number of the next entry. */
  readonly nextEntry: number;
  /** When the newest entry that is there was appended; 0 where there is none. */
  readonly lastAppendMs: number;
  /** Where the entries of the newest file end that is there; 0 where there is none. */
  readonly predecessorEndBytes: number;
  /** A file that has this size is followed by another one. */
  readonly fileBytesMax: number;
  /** Entries that are durable now, in order, and the file that has them. Called before they are acknowledged. */
  readonly onSafe: (entries: readonly EncodedEntry[], fileNumber: number) => void;
}

/** An entry before it has a number. When it was appended is never before the entry ahead of it, whatever the clock does: it is kept by this time. */
export type EntryDraft = Omit<JournalEntry, 'number'>;

/** An entry that has its number, and is on its way to the disk. */
export interface AppendedEntry {
  readonly entry: EncodedEntry;
  /** One promise for all that come together. */
  readonly durable: Promise<void>;
}

interface IntakeFile {
  readonly number: number;
  readonly handle: FileHandle;
  readonly frames: FrameWriter;
  readonly preallocatedBytes: number;
}

export class IntakeWriter {
  readonly #options: IntakeWriterOptions;
  #nextEntry: number;
  #lastAppendMs: number;
  #group = new IntakeGroup();
  #isBusy = false;
  #isScheduled = false;
  #file: IntakeFile | undefined;
  #predecessorEndBytes: number;
  /** Made with the first use. */
  #memory: Uint8Array | undefined;
  #failure: StemeError | undefined;
  readonly #waitingForIdle: (() => void)[] = [];

  syncCount = 0;

  constructor(options: IntakeWriterOptions) {
    this.#options = options;
    this.#nextEntry = options.nextEntry;
    this.#lastAppendMs = options.lastAppendMs;
    this.#predecessorEndBytes = options.predecessorEndBytes;
  }

  get nextEntry(): number {
    return this.#nextEntry;
  }

  /** No entry was appended later. */
  get lastAppendMs(): number {
    return this.#lastAppendMs;
  }

  /** The file that is written now, or undefined before the first write. */
  get fileNumber(): number | undefined {
    return this.#file?.number;
  }

  /**
   * An entry without an id has its number for one. The caller has checked the draft. Errors: STEME_IO of `durable`, after which it is
   * not there; after one that room on the disk does not heal, all later calls fail with STEME_BACKGROUND.
   */
  append(draft: EntryDraft): AppendedEntry {
    if (this.#failure !== undefined) throw this.#failure;
    const number = this.#nextEntry++;
    this.#lastAppendMs = Math.max(this.#lastAppendMs, draft.appendedAtMs);
    // Field by field: a copy with some of them replaced takes several times as long.
    const entry = encodedEntry({
      number,
      tenant: draft.tenant,
      id: draft.id === '' ? String(number) : draft.id,
      reason: draft.reason,
      detail: draft.detail,
      source: draft.source,
      sourcePosition: draft.sourcePosition,
      contentType: draft.contentType,
      timestampMs: draft.timestampMs,
      appendedAtMs: this.#lastAppendMs,
      attemptCount: draft.attemptCount,
      payload: draft.payload,
    });
    const group = this.#group;
    group.entries.push(entry);
    this.#schedule();
    return { entry, durable: group.done.promise };
  }

  /** What is appended from now on goes to a new file, which is there, and durable, when it resolves. Errors: STEME_IO. */
  async rotate(): Promise<void> {
    await this.#idle();
    if (this.#failure !== undefined) throw this.#failure;
    this.#isBusy = true;
    try {
      await this.#openNext(this.#group);
      await this.#sync();
    } finally {
      this.#isBusy = false;
      this.#afterGroup();
    }
  }

  /** Waits for what was appended, gives back the space behind it, and closes the file. Errors: STEME_IO. */
  async close(): Promise<void> {
    await this.#idle();
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined) return;
    try {
      const { sizeBytes } = file.frames.durable;
      if (this.#failure === undefined && sizeBytes < file.preallocatedBytes) await file.handle.truncate(sizeBytes);
    } finally {
      await file.handle.close();
    }
  }

  /** At the end of the turn: writers that were just acknowledged and append again are in the same group. */
  #schedule(): void {
    if (this.#isScheduled || this.#isBusy) return;
    this.#isScheduled = true;
    process.nextTick(() => {
      this.#isScheduled = false;
      this.#start();
    });
  }

  #start(): void {
    if (this.#isBusy || this.#group.entries.length === 0) return;
    const group = this.#group;
    this.#group = new IntakeGroup();
    this.#isBusy = true;
    void this.#run(group);
  }

  /** Never rejects: the group does. */
  async #run(group: IntakeGroup): Promise<void> {
    try {
      const fileNumber = await this.#write(group);
      this.#options.onSafe(group.entries, fileNumber);
      group.done.resolve();
    } catch (cause) {
      group.done.reject(await this.#fail(cause));
    }
    this.#isBusy = false;
    this.#afterGroup();
  }

  #afterGroup(): void {
    if (this.#failure !== undefined) {
      const waiting = this.#group;
      this.#group = new IntakeGroup();
      waiting.done.reject(this.#failure);
    }
    if (this.#group.entries.length > 0) this.#schedule();
    else for (const wake of this.#waitingForIdle.splice(0)) wake();
  }

  async #idle(): Promise<void> {
    while (this.#isBusy || this.#group.entries.length > 0) {
      await new Promise<void>((resolve) => {
        this.#waitingForIdle.push(resolve);
      });
    }
  }

  /** Returns the number of the file that has the group. */
  async #write(group: IntakeGroup): Promise<number> {
    const file = this.#file !== undefined && !this.#isOver(this.#file) ? this.#file : await this.#openNext(group);
    await file.frames.append(group.records());
    await this.#sync();
    if (file.frames.written.sizeBytes > file.preallocatedBytes / 4) this.#options.allocator.prepare();
    return file.number;
  }

  #isOver({ frames, preallocatedBytes }: IntakeFile): boolean {
    const { sizeBytes } = frames.written;
    const hasBetter = sizeBytes >= preallocatedBytes && this.#options.allocator.hasSpare;
    return hasBetter || sizeBytes >= this.#options.fileBytesMax;
  }

  async #sync(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    const { written } = file.frames;
    if (!this.#options.isDirect) await synced(file.handle.datasync());
    file.frames.noteDurable(written);
    this.syncCount++;
  }

  /** A file whose first entry will be that of `group`. */
  async #openNext(group: IntakeGroup): Promise<IntakeFile> {
    const { allocator, fileSystem, isDirect, databaseId, clock } = this.#options;
    await this.#leaveFile();
    const { number, path, preallocatedBytes } = await allocator.take();
    const handle = await fileSystem.open(path, isDirect ? 'direct' : 'update');
    const place = { databaseId, kind: JOURNAL_INTAKE, number, tenant: '' } as const;
    const alignmentBytes = isDirect ? DIRECT_IO_BLOCK_BYTES : FRAME_ALIGNMENT_BYTES;
    const frames = new FrameWriter({
      handle,
      identity: journalIdentity(place),
      alignmentBytes,
      memory: this.#takeMemory(),
    });
    const header = encodeJournalHeader({
      ...place,
      firstEntry: group.entries.at(0)?.number ?? this.#nextEntry,
      // The files before it go, and with them the entries that say how far the time has come.
      createdAtMs: Math.max(clock.nowMs(), this.#lastAppendMs),
      predecessorEndBytes: this.#predecessorEndBytes,
      alignmentBytes,
    });
    try {
      await frames.writeHeader(header);
    } catch (error) {
      // The first failure is the one to report.
      await Promise.allSettled([handle.close()]);
      throw error;
    }
    this.#file = { number, handle, frames, preallocatedBytes };
    return this.#file;
  }

  /** The file that is written ends where its durable entries do. */
  async #leaveFile(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    this.#predecessorEndBytes = file.frames.durable.sizeBytes;
    await file.handle.close();
  }

  #takeMemory(): Uint8Array {
    this.#memory ??= new Uint8Array(allocatePageAlignedMemory(FRAME_MEMORY_BYTES)).subarray(0, FRAME_MEMORY_BYTES);
    return this.#memory;
  }

  /** Returns what the group is refused with. */
  async #fail(cause: unknown): Promise<StemeError> {
    const reason = cause instanceof Error ? cause.message : String(cause);
    if (isHealedByRoom(cause)) {
      await Promise.allSettled([this.#leaveFile()]);
      const message = `the quarantine takes no entry until there is room on the disk (${reason}); what was not accepted must be kept elsewhere, or appended again`;
      return new StemeError('STEME_IO', message, { cause });
    }
    // law 7
    const message = `the intake of the quarantine could not be written (${reason}); it takes no entry until the database is reopened`;
    this.#failure = new StemeError('STEME_BACKGROUND', message, { cause });
    return this.#failure;
  }
}
