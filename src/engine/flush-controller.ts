import { Deferred } from '../base/deferred.js';
import { CorruptionError, StemeError } from '../base/errors.js';
import { SEALED_MEMTABLES_MAX } from '../base/limits.js';
import type { Timers } from '../base/timers.js';
import { isDiskFull, wayOut } from '../fs/disk-full.js';
import type { WalWriter } from '../wal/wal-writer.js';
import type { FileKeeper } from './file-keeper.js';
import type { FlushStepOptions } from './flush-step.js';
import { allocateFlushFiles, flushOldest } from './flush-step.js';
import { JobBackoff } from './job-backoff.js';

export interface FlushControllerOptions extends FlushStepOptions {
  readonly wal: WalWriter;
  readonly files: FileKeeper;
  /** A memtable is flushed: there is room for the next. */
  readonly onRoom: () => void;
  /** A table has come to L0. */
  readonly onFlushed: () => void;
  /** The disk is full, or the new table is damaged: the flush is tried again later. */
  readonly onRetry: (error: unknown) => void;
  readonly onFailure: (error: StemeError) => void;
  readonly timers: Timers;
}

/**
 * Turns sealed memtables into L0 tables, oldest first, one at a time: tables must enter L0 in the order of their sequences.
 * After the edit is in the manifest, the log segments of the memtable are given back.
 */
export class FlushController {
  readonly #options: FlushControllerOptions;
  readonly #backoff: JobBackoff;
  /** Rejects with the next failure of a flush that is tried again. */
  #nextRetry = new Deferred<void>();
  #running: Promise<void> | undefined;
  /** Why nothing more is flushed: what whoever waits is told. */
  #stopError: StemeError | undefined;
  count = 0;
  storedBytes = 0;
  totalMs = 0;
  #flushedBytes = 0;

  constructor(options: FlushControllerOptions) {
    this.#options = options;
    this.#backoff = new JobBackoff(
      (delayMs, callback) => options.timers.after(delayMs, callback),
      () => this.start(),
    );
  }

  /** A flush is under way, or will be tried again. */
  get isWorkPending(): boolean {
    return this.#running !== undefined || this.#backoff.isWaiting;
  }

  /** What the last flush failed with, until one succeeds. */
  get failure(): unknown {
    return this.#backoff.failure;
  }

  /** Keys and values that flushes take in, in a second of their work; 0 before the first. */
  get bytesPerSecond(): number {
    return this.totalMs === 0 ? 0 : (this.#flushedBytes / this.totalMs) * 1000;
  }

  /** Seals the active memtable for a new one; false while as many as allowed wait already (law 8). */
  trySeal(minimumBytes: number): boolean {
    const { state, wal } = this.#options;
    if (state.sealed.length >= SEALED_MEMTABLES_MAX) return false;
    state.seal(state.createSlot(minimumBytes), wal.rotate());
    this.start();
    return true;
  }

  /** Flushes everything written so far and waits for it; STEME_IO if the disk is full, and it is tried again by itself. */
  async flush(): Promise<void> {
    const { state, wal } = this.#options;
    for (;;) {
      // Asked again after every wait: what is sealed once the loop has ended is flushed by nobody.
      if (this.#stopError !== undefined) throw this.#stopError;
      if (state.active.isEmpty || (!wal.isBusy && this.trySeal(0))) break;
      // One flush, or the end of a record on its way into the log, makes room.
      await this.#orRetry(state.sealed.at(0)?.flushed.promise ?? wal.sync());
    }
    await this.#orRetry(state.sealed.at(-1)?.flushed.promise);
  }

  /** `work`, or why it will take longer: whoever waits is not held up by a full disk. */
  async #orRetry(work: Promise<void> | undefined): Promise<void> {
    await Promise.race([work, this.#nextRetry.promise]);
  }

  /**
   * Flushes everything, or nothing, so that the log begins after its damaged segments. Left as it is, the next open would
   * meet the damage again, and might not get past it to what is written from now on.
   */
  async restartLog(): Promise<void> {
    const { state } = this.#options;
    while (!this.trySeal(0)) await state.sealed.at(0)?.flushed.promise;
    await state.sealed.at(-1)?.flushed.promise;
  }

  /** Starts the loop if there is something to do and it does not run. */
  start(): void {
    if (this.#running !== undefined || this.#stopError !== undefined || this.#options.state.sealed.length === 0) return;
    if (this.#backoff.isWaiting) return;
    this.#running = this.#flushAll();
  }

  /** Lets the flush under way come to its end and starts no other. */
  async stop(): Promise<void> {
    this.#stopError ??= new StemeError('STEME_CLOSED', 'the database was closed before the flush');
    this.#backoff.stop();
    await this.#running;
    this.#rejectWaiting(this.#stopError);
  }

  /** The database has failed: nothing more is flushed (law 7), and whoever waits hears why. */
  fail(error: StemeError): void {
    this.#stopError ??= error;
    this.#backoff.stop();
    this.#rejectWaiting(this.#stopError);
  }

  /** Waits for the flush under way, after `fail` or `stop`. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** The failure is overcome: everything that is sealed is flushed. After `idle`. */
  resume(): void {
    this.#stopError = undefined;
    for (const slot of this.#options.state.sealed) slot.renewFlushed();
    this.start();
  }

  #rejectWaiting(error: StemeError): void {
    for (const slot of this.#options.state.sealed) slot.flushed.reject(error);
  }

  async #flushAll(): Promise<void> {
    const { state } = this.#options;
    try {
      while (this.#stopError === undefined && state.sealed.length > 0) await this.#flushOne();
      this.#backoff.noteSuccess();
    } catch (error) {
      if (isFinal(error)) this.#report(error);
      else this.#retryLater(error);
    } finally {
      // In the same step as the last look at the queue: a memtable sealed a moment later starts the loop again.
      this.#running = undefined;
    }
  }

  async #flushOne(): Promise<void> {
    const { files } = this.#options;
    const flushFiles = allocateFlushFiles(this.#options);
    const numbers = [flushFiles.number, ...(flushFiles.blobs?.numbers ?? [])];
    files.addPending(numbers);
    try {
      const memtableBytes = this.#options.state.sealed[0].memtable.userBytes;
      const { storedBytes, elapsedMs } = await flushOldest(this.#options, flushFiles);
      this.count++;
      this.storedBytes += storedBytes;
      this.totalMs += elapsedMs;
      this.#flushedBytes += memtableBytes;
    } finally {
      files.removePending(numbers);
    }
    this.#options.onFlushed();
    this.#options.onRoom();
    await files.collect();
  }

  /** Nothing is lost: the records are in memory and in the log. Writers wait for it (`failure`). */
  #retryLater(error: unknown): void {
    if (this.#stopError !== undefined) return;
    this.#backoff.noteFailure(error);
    this.#nextRetry.reject(error);
    this.#nextRetry = new Deferred<void>();
    this.#options.onRetry(error);
  }

  #report(cause: unknown): void {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `a memtable could not be flushed (${reason}): its records are safe in the log; ${wayOut(cause)}`;
    const error = new StemeError('STEME_BACKGROUND', message, { cause });
    this.#options.onFailure(error);
  }
}

/**
 * A full disk gets room again by itself, and a table that was not as it was written (`paranoid`) can be written again; a manifest or a
 * log that could not be written does not come back (law 7).
 */
function isFinal(error: unknown): boolean {
  if (error instanceof CorruptionError) return false;
  return !isDiskFull(error) || (error instanceof StemeError && error.code === 'STEME_BACKGROUND');
}
