/**
 * Keeps the tree in shape. Whenever something has changed (a flush, the end of a compaction, time) it asks the pure picker what is
 * most urgent, and starts that, as long as threads are free; several run at once where they do not meet. What `compact()` wants
 * comes first.
 *
 * A job that fails changes nothing: it is tried again after a pause that grows. Damage is different: what reads a damaged table
 * would fail for ever, so its inputs are left alone from then on.
 */
import { basename } from 'node:path';
import type { Clock } from '../base/clock.js';
import { Deferred } from '../base/deferred.js';
import { CorruptionError, StemeError } from '../base/errors.js';
import { parseFileName } from '../base/file-names.js';
import type { CancelTimer, Timers } from '../base/timers.js';
import type { CompactionPlan } from '../compaction/compaction-plan.js';
import { type ManualRange, pickManual } from '../compaction/manual-range.js';
import { settlesAtMs } from '../compaction/pick-settle.js';
import { pickCompaction } from '../compaction/picker.js';
import { compactionDebtBytes } from '../compaction/scores.js';
import { splitPlan } from '../compaction/split.js';
import { overlaps } from '../compaction/table-ranges.js';
import type { RunningOutput, TreeShape } from '../compaction/tree-shape.js';
import type { KeyBounds } from '../jobs/job.js';
import type { KeyRange } from '../read/key-range.js';
import type { TableCache } from '../table/table-cache.js';
import { CompactionCounters } from './compaction-counters.js';
import { CompactionExecutor, type CompactionExecutorOptions } from './compaction-executor.js';
import { JobBackoff } from './job-backoff.js';
import { type OpenReaders, shapeOfTree } from './shape-of-tree.js';

/** Without any event the tree is looked at so often: data gets old and expires by itself. */
const LOOK_MS = 30_000;

export interface CompactionControllerOptions extends CompactionExecutorOptions {
  readonly tables: TableCache;
  readonly readers: OpenReaders;
  /** Jobs that may run at once. */
  readonly slots: number;
  /** Off: only what `compact` asks for. */
  readonly isAutomatic: boolean;
  readonly clock: Clock;
  readonly timers: Timers;
  /** The levels have changed, or the last attempt failed. */
  readonly onChange: () => void;
  readonly onWarning: (warning: StemeError) => void;
}

interface RunningCompaction {
  readonly plan: CompactionPlan;
  /** Jobs that it keeps busy; 0 for one that is an edit only. */
  readonly slots: number;
  readonly end: Deferred<void>;
}

/** Of tables that are about to be installed, for readers that cannot see them yet. */
interface Reservation {
  readonly output: RunningOutput;
  readonly tableNumbers: readonly number[];
}

interface ManualCompaction {
  readonly range: ManualRange;
  readonly done: Deferred<void>;
}

export class CompactionController {
  readonly #options: CompactionControllerOptions;
  readonly #executor: CompactionExecutor;
  readonly #backoff: JobBackoff;
  readonly #running = new Set<RunningCompaction>();
  readonly #manual: ManualCompaction[] = [];
  readonly #reserved = new Set<Reservation>();
  /** By number, with what was found in them or in one that was read with them. */
  readonly #damagedTables = new Map<number, CorruptionError>();
  #stopError: StemeError | undefined;
  #cancelLook: CancelTimer | undefined;
  #lastFlushMs = 0;
  readonly counters = new CompactionCounters();

  constructor(options: CompactionControllerOptions) {
    this.#options = options;
    this.#executor = new CompactionExecutor(options);
    this.#backoff = new JobBackoff(
      (delayMs, callback) => options.timers.afterIdly(delayMs, callback),
      () => this.schedule(),
    );
  }

  get runningCount(): number {
    return this.#running.size;
  }

  /** Whether something is under way, or will be tried again, that changes the levels: what a stalled writer can rely on. */
  get isWorkPending(): boolean {
    return this.#running.size > 0 || this.#backoff.isWaiting;
  }

  /** What the last attempt failed with, until one succeeds. */
  get failure(): unknown {
    return this.#backoff.failure;
  }

  get debtBytes(): number {
    return compactionDebtBytes(this.#options.state.version.levels, this.#options.settings);
  }

  /** Whether a compaction under way may put tables into the range at `level`. */
  isRangeBusy(level: number, range: KeyRange): boolean {
    return this.#shape().runningOutputs.some((output) => output.level === level && overlaps(output, range));
  }

  /**
   * Until the returned call no compaction is started that would put tables into the range at `level`, carry some past it, or read
   * these tables.
   */
  reserve(level: number, range: KeyRange, tableNumbers: readonly number[]): () => void {
    const reservation: Reservation = { output: { level, ...range }, tableNumbers };
    this.#reserved.add(reservation);
    return () => {
      this.#reserved.delete(reservation);
      this.schedule();
    };
  }

  /** A memtable has become a table. */
  noteFlush(): void {
    this.#lastFlushMs = this.#options.clock.nowMs();
    this.schedule();
  }

  /** Starts what is due and fits in. Never throws. */
  schedule(): void {
    while (this.#stopError === undefined) {
      const shape = this.#shape();
      const plan = this.#nextManual(shape) ?? this.#nextAutomatic(shape);
      if (plan === undefined) break;
      this.#start(plan, shape);
    }
    this.#lookLater();
  }

  /** Merges everything within `bounds` that was there at the call into the last level; one caller after the other. */
  compact(bounds: KeyBounds): Promise<void> {
    if (this.#stopError !== undefined) return Promise.reject(this.#stopError);
    const { state, versions } = this.#options;
    const range = { bounds, sequenceMax: state.visibleSequence, numberEnd: versions.allocateFileNumber() };
    const done = new Deferred<void>();
    this.#manual.push({ range, done });
    this.schedule();
    return done.promise;
  }

  /** Starts nothing more, and waits for what runs. */
  async stop(): Promise<void> {
    this.fail(new StemeError('STEME_CLOSED', 'the database was closed before the compaction'));
    while (this.#running.size > 0) await Promise.all([...this.#running].map(({ end }) => end.promise));
  }

  /** The database has failed or is closing: nothing more is started, and whoever waits hears why. */
  fail(error: StemeError): void {
    this.#stopError ??= error;
    this.#backoff.stop();
    this.#cancelLook?.();
    this.#cancelLook = undefined;
    this.#rejectManual(this.#stopError);
  }

  /** The failure is overcome. */
  resume(): void {
    this.#stopError = undefined;
    this.schedule();
  }

  get #freeSlots(): number {
    let free = this.#options.slots;
    for (const { slots } of this.#running) free -= slots;
    return free;
  }

  #shape(): TreeShape {
    const { state, tables, readers, clock } = this.#options;
    const reserved = [...this.#reserved];
    return shapeOfTree({
      version: state.version,
      tables,
      readers,
      running: [...this.#running].map(({ plan }) => plan),
      reservedOutputs: reserved.map(({ output }) => output),
      excludedTables: [...this.#damagedTables.keys(), ...reserved.flatMap(({ tableNumbers }) => tableNumbers)],
      nowMs: clock.nowMs(),
      lastFlushMs: this.#lastFlushMs,
    });
  }

  #nextManual(shape: TreeShape): CompactionPlan | undefined {
    for (let next = this.#manual.at(0); next !== undefined; next = this.#manual.at(0)) {
      const step = pickManual(shape, next.range, this.#options.settings);
      if (step.kind === 'plan') return this.#hasRoomFor(step.plan) ? step.plan : undefined;
      const damage = step.kind === 'blocked' ? this.#lastingHindrance() : undefined;
      if (step.kind === 'blocked' && damage === undefined) return undefined;
      this.#manual.shift();
      if (damage === undefined) next.done.resolve();
      else next.done.reject(damage);
    }
    return undefined;
  }

  /** What is in the way for ever, when nothing is there that will end: tables that are left alone since they are damaged. */
  #lastingHindrance(): CorruptionError | undefined {
    if (this.#running.size > 0 || this.#reserved.size > 0) return undefined;
    const [damage] = this.#damagedTables.values();
    return damage;
  }

  #nextAutomatic(shape: TreeShape): CompactionPlan | undefined {
    const { isAutomatic, settings } = this.#options;
    if (!isAutomatic || this.#backoff.isWaiting || this.#manual.length > 0) return undefined;
    const plan = pickCompaction(shape, settings);
    return plan !== undefined && this.#hasRoomFor(plan) ? plan : undefined;
  }

  /** An edit needs no thread. */
  #hasRoomFor({ kind }: CompactionPlan): boolean {
    return kind !== 'merge' || this.#freeSlots > 0;
  }

  #start(plan: CompactionPlan, shape: TreeShape): void {
    const isMerge = plan.kind === 'merge';
    const parts = isMerge ? splitPlan(shape.levels, plan, this.#freeSlots, this.#options.settings) : [];
    const running = { plan, slots: parts.length, end: new Deferred<void>() };
    this.#running.add(running);
    void this.#carryOut(running, shape, parts);
  }

  async #carryOut(running: RunningCompaction, shape: TreeShape, parts: readonly KeyBounds[]): Promise<void> {
    try {
      const outcome = await this.#executor.execute(running.plan, shape, parts);
      this.counters.add(running.plan, outcome);
      this.#backoff.noteSuccess();
    } catch (error) {
      this.#noteFailure(running.plan, error);
    }
    this.#running.delete(running);
    running.end.resolve();
    this.#options.onChange();
    this.schedule();
  }

  #noteFailure({ reason, inputs }: CompactionPlan, cause: unknown): void {
    if (this.#stopError !== undefined) return;
    // Whoever asked for it hears of it; without that, the user does.
    if (reason === 'manual') {
      this.#rejectManual(cause);
      return;
    }
    // A new file that was not as it was written (`paranoid`) is gone by now, and can be written again.
    const isInputDamaged = cause instanceof CorruptionError && this.#isInstalled(cause.damage.file);
    if (isInputDamaged) for (const { table } of inputs) this.#damagedTables.set(table.number, cause);
    else this.#backoff.noteFailure(cause);
    const message = `a compaction failed (${cause instanceof Error ? cause.message : String(cause)}); nothing is lost, ${
      isInputDamaged ? 'its tables are left alone' : 'it is tried again'
    }`;
    this.#options.onWarning(new StemeError('STEME_IO', message, { cause }));
  }

  /** Whether the file is one of the database, and no new one. */
  #isInstalled(path: string): boolean {
    const { version } = this.#options.state;
    const file = parseFileName(basename(path));
    if (file?.kind === 'blob') return version.blobs.has(file.number);
    return file?.kind !== 'table' || version.tables().some(({ number }) => number === file.number);
  }

  #rejectManual(error: unknown): void {
    for (const { done } of this.#manual.splice(0)) done.reject(error);
  }

  /** Comes again by itself, as long as there are tables that time can change. */
  #lookLater(): void {
    const { isAutomatic, timers, settings, state, clock } = this.#options;
    this.#cancelLook?.();
    this.#cancelLook = undefined;
    if (!isAutomatic || this.#stopError !== undefined) return;
    const settlesAt = settlesAtMs({ levels: state.version.levels, lastFlushMs: this.#lastFlushMs }, settings);
    // A time that is past has been looked at: what keeps the store from settling now tells when it ends.
    const settlesInMs = settlesAt === undefined ? 0 : settlesAt - clock.nowMs();
    const delayMs = settlesInMs > 0 ? Math.min(settlesInMs, LOOK_MS) : LOOK_MS;
    this.#cancelLook = timers.afterIdly(delayMs, () => this.schedule());
  }
}
