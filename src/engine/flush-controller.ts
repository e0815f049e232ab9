import { StemeError, systemCodeOf } from '../base/errors.js';
import { SEALED_MEMTABLES_MAX } from '../base/limits.js';
import type { WalWriter } from '../wal/wal-writer.js';
import type { FileKeeper } from './file-keeper.js';
import type { FlushStepOptions } from './flush-step.js';
import { flushOldest } from './flush-step.js';

export interface FlushControllerOptions extends FlushStepOptions {
  readonly wal: WalWriter;
  readonly files: FileKeeper;
  /** A memtable is flushed: there is room for the next. */
  readonly onRoom: () => void;
  readonly onFailure: (error: StemeError) => void;
}

/**
 * Turns sealed memtables into L0 tables, oldest first, one at a time: tables must enter L0 in the order of their sequences.
 * After the edit is in the manifest, the log segments of the memtable are given back.
 */
export class FlushController {
  readonly #options: FlushControllerOptions;
  #running: Promise<void> | undefined;
  /** Why nothing more is flushed: what whoever waits is told. */
  #stopError: StemeError | undefined;
  count = 0;
  storedBytes = 0;
  totalMs = 0;

  constructor(options: FlushControllerOptions) {
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Seals the active memtable for a new one; false while as many as allowed wait already (law 8). */
  trySeal(minimumBytes: number): boolean {
    const { state, wal } = this.#options;
    if (state.sealed.length >= SEALED_MEMTABLES_MAX) return false;
    state.seal(minimumBytes, wal.rotate());
    this.start();
    return true;
  }

  /** Flushes everything written so far and waits for it. */
  async flush(): Promise<void> {
    const { state, wal } = this.#options;
    for (;;) {
      // Asked again after every wait: what is sealed once the loop has ended is flushed by nobody.
      if (this.#stopError !== undefined) throw this.#stopError;
      if (state.active.isEmpty || (!wal.isBusy && this.trySeal(0))) break;
      // One flush, or the end of a record on its way into the log, makes room.
      await (state.sealed.at(0)?.flushed.promise ?? wal.sync());
    }
    await state.sealed.at(-1)?.flushed.promise;
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
    this.#running = this.#flushAll();
  }

  /** Lets the flush under way come to its end and starts no other. */
  async stop(): Promise<void> {
    this.#stopError ??= new StemeError('STEME_CLOSED', 'the database was closed before the flush');
    await this.#running;
    this.#rejectWaiting(this.#stopError);
  }

  /** The database has failed: nothing more is flushed (law 7), and whoever waits hears why. */
  fail(error: StemeError): void {
    this.#stopError ??= error;
    this.#rejectWaiting(this.#stopError);
  }

  #rejectWaiting(error: StemeError): void {
    for (const slot of this.#options.state.sealed) slot.flushed.reject(error);
  }

  async #flushAll(): Promise<void> {
    const { state } = this.#options;
    try {
      while (this.#stopError === undefined && state.sealed.length > 0) await this.#flushOne();
    } catch (error) {
      this.#report(error);
    } finally {
      // In the same step as the last look at the queue: a memtable sealed a moment later starts the loop again.
      this.#running = undefined;
    }
  }

  async #flushOne(): Promise<void> {
    const { versions, files } = this.#options;
    const number = versions.allocateFileNumber();
    files.addPending([number]);
    try {
      const { storedBytes, elapsedMs } = await flushOldest(this.#options, number);
      this.count++;
      this.storedBytes += storedBytes;
      this.totalMs += elapsedMs;
    } finally {
      files.removePending([number]);
    }
    this.#options.onRoom();
    await files.collect();
  }

  #report(cause: unknown): void {
    const hint = systemCodeOf(cause) === 'ENOSPC' ? 'make room on the disk and reopen it' : 'reopen it';
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `a memtable could not be flushed (${reason}); the database is read-only, its records are safe in the log: ${hint}`;
    const error = new StemeError('STEME_BACKGROUND', message, { cause });
    this.#options.onFailure(error);
  }
}
