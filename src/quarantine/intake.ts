import { join } from 'node:path';
import type { Clock } from '../base/clock.js';
import { assert, type CorruptionError, StemeError } from '../base/errors.js';
import { QUARANTINE_INTAKE_BYTES } from '../base/limits.js';
import { synced } from '../fs/disk-full.js';
import type { FileSystem } from '../fs/file-system.js';
import { syncFile } from '../fs/sync-file.js';
import { SegmentAllocator } from '../log/segment-allocator.js';
import type { EncodedEntry } from './encoded-entry.js';
import { readIntake } from './intake-reader.js';
import { IntakeWriter } from './intake-writer.js';
import { DAMAGED_SUFFIX, intakeName, journalFileNumbers } from './journal-files.js';

/** A clock that is so far behind the newest entry was set back. */
const CLOCK_BEHIND_MS_MAX = 5 * 60 * 1000;
/** Files that are kept for their space. */
const SPARE_FILES_MAX = 1;

export interface IntakeOptions {
  readonly fileSystem: FileSystem;
  /** Of the database; that of the quarantine is below it. */
  readonly parentDirectory: string;
  readonly directory: string;
  readonly databaseId: number;
  readonly clock: Clock;
  readonly isReadOnly: boolean;
  /** Default: see base/limits.ts. */
  readonly intakeBytes?: number | undefined;
  readonly intakeInitialBytes?: number | undefined;
  readonly onWarning: (warning: StemeError) => void;
  /** As of IntakeWriterOptions; `isNewFile`: none before it was in that file. */
  readonly onSafe: (entries: readonly EncodedEntry[], isNewFile: boolean) => void;
}

/** How far the numbers and the times of entries have come. */
export interface IntakeCounters {
  readonly nextEntry: number;
  readonly lastAppendMs: number;
}

/** What writes, made with the first append. */
interface OpenIntake {
  readonly writer: IntakeWriter;
  readonly allocator: SegmentAllocator;
  readonly isDirect: boolean;
}

/** The files of the intake: what an earlier opener left in them, the one that is written, and which of them are still needed. */
export class Intake {
  readonly #options: IntakeOptions;
  #starting: Promise<IntakeWriter> | undefined;
  #open: OpenIntake | undefined;
  /** Files that are not given back yet, and a number below which no entry in them is. */
  readonly #usedFiles = new Map<number, number>();
  /** Of these, the ones that are not to be used again: something in them could not be read. */
  readonly #damagedFiles = new Set<number>();
  #lastFileNumber = 0;
  #predecessorEndBytes = 0;
  #counters: IntakeCounters = { nextEntry: 1, lastAppendMs: 0 };
  /** As the last open found it. */
  damages: readonly CorruptionError[] = [];

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Once it was started. */
  get writer(): IntakeWriter | undefined {
    return this.#open?.writer;
  }

  /** Whether it is written with O_DIRECT; undefined before it was started. */
  get isDirect(): boolean | undefined {
    return this.#open?.isDirect;
  }

  /** No entry below this number is in it. */
  get floor(): number {
    return Math.min(Number.MAX_SAFE_INTEGER, ...this.#usedFiles.values());
  }

  get fileCount(): number {
    return this.#usedFiles.size;
  }

  /** All entries of files with a smaller number have been handed to `onSafe`. */
  get currentFile(): number {
    return this.#open?.writer.fileNumber ?? Math.max(0, ...this.#usedFiles.keys());
  }

  /** The number that the next entry gets: no entry has had it, or a larger one. */
  get nextEntry(): number {
    return this.#open?.writer.nextEntry ?? this.#counters.nextEntry;
  }

  /** No entry was appended later. */
  get lastAppendMs(): number {
    return this.#open?.writer.lastAppendMs ?? this.#counters.lastAppendMs;
  }

  /**
   * Hands out what is in it, file by file. Returns whether it knows how far the counters have come. Errors: STEME_IO, STEME_UNSUPPORTED;
   * damage is a warning.
   */
  async recover(onEntry: (entry: EncodedEntry) => void): Promise<boolean> {
    const { fileSystem, directory, databaseId, isReadOnly, onWarning } = this.#options;
    // law 2: what is seen from now on must not go with the page cache.
    if (!isReadOnly) await this.#syncFiles();
    const { files, numbers, nextEntry, lastAppendMs } = await readIntake(fileSystem, directory, databaseId);
    for (const { number, entries, damages } of files) {
      if (damages.length > 0) this.#damagedFiles.add(number);
      for (const entry of entries) onEntry(entry);
    }
    this.damages = files.flatMap(({ damages }) => damages);
    for (const damage of this.damages) onWarning(damage);
    for (const number of numbers) this.#usedFiles.set(number, Number.MAX_SAFE_INTEGER);
    for (const { number, firstEntry } of files) this.#usedFiles.set(number, firstEntry);
    const spares = journalFileNumbers(await fileSystem.list(directory), 'recycled');
    this.#lastFileNumber = Math.max(0, ...numbers, ...spares);
    this.#predecessorEndBytes = files.at(-1)?.endBytes ?? 0;
    this.advanceTo({ nextEntry: nextEntry ?? 1, lastAppendMs: lastAppendMs ?? 0 });
    return nextEntry !== undefined;
  }

  /** Entries from now on come behind those. Before it is started. */
  advanceTo({ nextEntry, lastAppendMs }: IntakeCounters): void {
    this.#counters = {
      nextEntry: Math.max(this.#counters.nextEntry, nextEntry),
      lastAppendMs: Math.max(this.#counters.lastAppendMs, lastAppendMs),
    };
  }

  /** Errors: STEME_IO; the next call tries again. */
  start(): Promise<IntakeWriter> {
    this.#starting ??= this.#start().catch((error: unknown) => {
      this.#starting = undefined;
      throw error;
    });
    return this.#starting;
  }

  /** Files with a smaller number are not needed any more: all of their entries are elsewhere. Errors: STEME_IO. */
  async giveBackBefore(fileNumber: number): Promise<void> {
    for (const number of this.#usedFiles.keys()) if (number < fileNumber) await this.#giveBack(number);
  }

  /** Errors: STEME_IO. */
  async close(): Promise<void> {
    await this.#open?.writer.close();
    await this.#open?.allocator.close();
  }

  async #syncFiles(): Promise<void> {
    const { fileSystem, directory } = this.#options;
    for (const number of journalFileNumbers(await fileSystem.list(directory), 'intake')) {
      await syncFile(fileSystem, join(directory, intakeName(number)));
    }
  }

  async #start(): Promise<IntakeWriter> {
    const { fileSystem, parentDirectory, directory, databaseId, clock, isReadOnly } = this.#options;
    const { intakeBytes = QUARANTINE_INTAKE_BYTES, intakeInitialBytes, onSafe } = this.#options;
    assert(!isReadOnly, 'a journal that is only read takes no entry');
    if (this.#counters.lastAppendMs > clock.nowMs() + CLOCK_BEHIND_MS_MAX) this.#warnOfClock();
    await fileSystem.makeDirectory(directory);
    await synced(fileSystem.syncDirectory(parentDirectory));
    const isDirect = await fileSystem.probeDirect(directory);
    const allocator = new SegmentAllocator({
      fileSystem,
      directory,
      nameOf: intakeName,
      allocateNumber: () => ++this.#lastFileNumber,
      segmentBytes: intakeBytes,
      initialBytes: intakeInitialBytes,
      recycledMax: SPARE_FILES_MAX,
      onWarning: (cause) => this.#warnOfSpace(cause),
    });
    await allocator.adopt(journalFileNumbers(await fileSystem.list(directory), 'recycled'));
    const writer = new IntakeWriter({
      fileSystem,
      allocator,
      databaseId,
      clock,
      isDirect,
      ...this.#counters,
      predecessorEndBytes: this.#predecessorEndBytes,
      fileBytesMax: intakeBytes,
      onSafe: (entries, fileNumber) => {
        const isNewFile = !this.#usedFiles.has(fileNumber);
        if (isNewFile) this.#usedFiles.set(fileNumber, entries[0].number);
        onSafe(entries, isNewFile);
      },
    });
    this.#open = { writer, allocator, isDirect };
    return writer;
  }

  async #giveBack(number: number): Promise<void> {
    const { fileSystem, directory } = this.#options;
    const path = join(directory, intakeName(number));
    if (this.#damagedFiles.delete(number)) await fileSystem.rename(path, `${path}${DAMAGED_SUFFIX}`);
    else if (this.#open === undefined) await fileSystem.remove(path);
    else await this.#open.allocator.retire(number);
    this.#usedFiles.delete(number);
  }

  #warnOfClock(): void {
    const newest = new Date(this.#counters.lastAppendMs).toISOString();
    const message = `the clock is behind the newest entry of the quarantine, of ${newest}: until it has caught up, entries are taken for as new as that one and kept so much longer; if that one is from the future, purge it`;
    this.#options.onWarning(new StemeError('STEME_CLOCK', message));
  }

  #warnOfSpace(cause: unknown): void {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `no space for the intake of the quarantine could be prepared ahead (${reason})`;
    this.#options.onWarning(new StemeError('STEME_IO', message, { cause }));
  }
}
