/**
 * Reads every table of the database once a period, with the values in blob files that it refers to, so that damage is known before
 * the data is needed, and while a backup still has it. One table at a time, at a modest pace, and while nothing else is to be
 * done, unless that would leave a table unread for longer than a period. What was read when is not kept: a database that is
 * opened anew starts with its oldest tables.
 *
 * Damage stops nothing: it is reported once a file, and reads of those bytes fail as they did.
 */
import { basename } from 'node:path';
import type { Clock } from '../base/clock.js';
import { CorruptionError, type Damage, StemeError } from '../base/errors.js';
import { blobName, tableName } from '../base/file-names.js';
import { SCRUB_BYTES_PER_SECOND_MAX, SCRUB_FIRST_DELAY_MS, SCRUB_RETRY_MS } from '../base/limits.js';
import type { CancelTimer, Timers } from '../base/timers.js';
import type { BlobMetadata } from '../blob/blob-metadata.js';
import type { JobRunner, VerifyTableJob } from '../jobs/job.js';
import { JobControl } from '../jobs/job-control.js';
import type { TableMetadata } from '../table/table-metadata.js';
import type { Version } from '../version/version.js';
import type { FileKeeper } from './file-keeper.js';
import { nextToScrub, scrubStepMs } from './scrub-plan.js';
import type { TreeState } from './tree-state.js';

const HOUR_MS = 3_600_000;

export interface ScrubControllerOptions {
  readonly directory: string;
  readonly state: TreeState;
  readonly runner: JobRunner;
  readonly files: FileKeeper;
  /** 0: never. */
  readonly periodHours: number;
  /** Flushes or compactions are under way, or due. */
  readonly isBusy: () => boolean;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly onWarning: (warning: StemeError) => void;
}

export class ScrubController {
  readonly #options: ScrubControllerOptions;
  readonly #checkedAtMs = new Map<number, number>();
  readonly #damagedFiles = new Set<string>();
  readonly #openedAtMs: number;
  #passStartedAtMs: number;
  #cancelTimer: CancelTimer | undefined;
  #control: JobControl | undefined;
  #running: Promise<void> | undefined;
  #isStopped = false;
  checkedFiles = 0;
  checkedBytes = 0;
  passCount = 0;
  lastPassMs: number | undefined;

  constructor(options: ScrubControllerOptions) {
    this.#options = options;
    this.#openedAtMs = options.clock.monotonicMs();
    this.#passStartedAtMs = this.#openedAtMs;
  }

  get periodHours(): number {
    return this.#options.periodHours;
  }

  get damagedFiles(): string[] {
    return [...this.#damagedFiles].sort();
  }

  start(): void {
    if (this.periodHours > 0) this.#lookIn(SCRUB_FIRST_DELAY_MS);
  }

  /** Another job wants a thread: the one under way makes no more pauses. */
  hurry(): void {
    this.#control?.hurry();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#control?.stop();
    await this.#running;
  }

  #lookIn(delayMs: number): void {
    if (this.#isStopped) return;
    this.#cancelTimer = this.#options.timers.afterIdly(delayMs, () => {
      this.#running = this.#look();
    });
  }

  async #look(): Promise<void> {
    const { state, clock, isBusy } = this.#options;
    const { version } = state;
    const tables = version.tables();
    this.#forgetAllBut(version);
    const startedAtMs = clock.monotonicMs();
    const table = nextToScrub(tables, this.#checkedAtMs);
    if (table === undefined || (isBusy() && !this.#isOverdue(table, startedAtMs))) {
      this.#lookIn(SCRUB_RETRY_MS);
      return;
    }
    await this.#check(table, version);
    this.#notePass(tables);
    const nextAtMs = startedAtMs + scrubStepMs(table, tables, this.periodHours * HOUR_MS);
    this.#lookIn(Math.max(0, nextAtMs - clock.monotonicMs()));
  }

  #isOverdue({ number }: TableMetadata, nowMs: number): boolean {
    return nowMs - (this.#checkedAtMs.get(number) ?? this.#openedAtMs) > this.periodHours * HOUR_MS;
  }

  /** Never throws. The version, and with it the files, stays until the job has ended (law 4). */
  async #check(table: TableMetadata, version: Version): Promise<void> {
    const { files, runner, clock, onWarning } = this.#options;
    this.#control = new JobControl();
    version.retain();
    try {
      const { damages, readBytes } = await runner.run(this.#jobOf(table, version.blobsOf(table), this.#control));
      this.checkedFiles++;
      this.checkedBytes += readBytes;
      for (const damage of damages) this.#noteDamage(damage);
    } catch (cause) {
      const message = `${tableName(table.number)} could not be verified; it is tried again after the other tables`;
      if (!this.#isStopped) onWarning(new StemeError('STEME_IO', message, { cause }));
    } finally {
      this.#control = undefined;
      this.#checkedAtMs.set(table.number, clock.monotonicMs());
      if (version.release()) void files.collect();
    }
  }

  #jobOf(metadata: TableMetadata, blobs: readonly BlobMetadata[], control: JobControl): VerifyTableJob {
    const { number, fileBytes, globalSequence } = metadata;
    return {
      kind: 'verify-table',
      directory: this.#options.directory,
      table: { number, fileBytes, globalSequence },
      metadata,
      blobs,
      // A mapping would show as memory of the process, and a file that was cut would end it.
      readMode: 'pread',
      bytesPerSecondMax: SCRUB_BYTES_PER_SECOND_MAX,
      control: control.word,
    };
  }

  #noteDamage(damage: Damage): void {
    const file = basename(damage.file);
    if (this.#damagedFiles.has(file)) return;
    this.#damagedFiles.add(file);
    this.#options.onWarning(new CorruptionError(damage));
  }

  #notePass(tables: readonly TableMetadata[]): void {
    const isOver = tables.every(({ number }) => (this.#checkedAtMs.get(number) ?? -1) >= this.#passStartedAtMs);
    if (!isOver) return;
    const nowMs = this.#options.clock.monotonicMs();
    this.passCount++;
    this.lastPassMs = nowMs - this.#passStartedAtMs;
    this.#passStartedAtMs = nowMs;
  }

  /** What compactions have replaced is of no interest any more. */
  #forgetAllBut(version: Version): void {
    const numbers = new Set(version.tables().map(({ number }) => number));
    for (const number of this.#checkedAtMs.keys()) if (!numbers.has(number)) this.#checkedAtMs.delete(number);
    const names = new Set([...[...numbers].map(tableName), ...[...version.blobs.keys()].map(blobName)]);
    for (const name of this.#damagedFiles) if (!names.has(name)) this.#damagedFiles.delete(name);
  }
}
