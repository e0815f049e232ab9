import { SEALED_MEMTABLES_MAX } from '../base/limits.js';
import type { FileSystem } from '../fs/file-system.js';
import type { ReplayJob, ReplayOutput } from '../jobs/job.js';
import { runReplay } from '../jobs/replay-job.js';
import type { WalRecordPlace } from '../wal/wal-replay.js';
import { allocateFlushFiles, type FlushStepOptions, flushOldest } from './flush-step.js';
import type { MemtableSlot } from './memtable-slot.js';
import type { ResolvedOptions } from './options.js';
import { ReplayPlan, type ReplayRun } from './replay-plan.js';

export interface ReplayContext extends FlushStepOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly options: ResolvedOptions;
}

/** Less log than this is inserted in no time, and a worker would have to be started for it. */
const WORKER_BYTES_MIN = 8 * 1024 * 1024;
/** After so much of it workers start: the rest of WORKER_BYTES_MIN, if it comes, is read meanwhile. */
const BEGIN_BYTES = WORKER_BYTES_MIN / 4;
const MEMTABLES_MAX = SEALED_MEMTABLES_MAX + 1;

/** A memtable on its way: in the order of the log it becomes part of the tree's state. */
interface FillingMemtable {
  readonly run: ReplayRun;
  readonly slot: MemtableSlot;
  readonly output: Promise<ReplayOutput>;
}

/**
 * The memtables of a recovery. Each is filled from a run of the log by one thread, several at once; they enter the tree's state one
 * after the other, oldest first, so that at any moment what is there is a beginning of the log (law 9).
 */
export class ReplayMemtables {
  readonly #context: ReplayContext;
  #plan: ReplayPlan;
  readonly #filling: FillingMemtable[] = [];
  #isFirst = true;
  #addedBytes = 0;

  constructor(context: ReplayContext) {
    this.#context = context;
    this.#plan = this.#planOf(Number.POSITIVE_INFINITY);
  }

  /** Takes note of how long the segments are at most, so that there is a run for each memtable that there may be. */
  expect(segmentBytes: readonly number[]): void {
    const { memtableBytes } = this.#context.options;
    // None holds more than one memtable; the last one has space in reserve.
    const logBytesMax = segmentBytes.reduce((sum, bytes) => sum + Math.min(bytes, memtableBytes), 0);
    this.#plan = this.#planOf(Math.max(2 * WORKER_BYTES_MIN, logBytesMax / MEMTABLES_MAX));
  }

  /** Takes the next record. Returns a promise only when there is something to wait for. */
  add(payloadBytes: number, { stretch, firstSequence, lastSequence }: WalRecordPlace): Promise<void> | undefined {
    // A crash between a flush's manifest edit and the end of its segments leaves records that are in tables already.
    if (lastSequence <= this.#context.versions.lastSequence) return undefined;
    if (this.#addedBytes < BEGIN_BYTES) this.#noteAdded(payloadBytes);
    const runs = this.#plan.add({ stretch, operations: lastSequence - firstSequence + 1, payloadBytes });
    return runs.length === 0 ? undefined : this.#startAll(runs);
  }

  /** All records are there: waits until all are in memtables. */
  async finish(): Promise<void> {
    await this.#startAll(this.#plan.finish());
    while (this.#filling.length > 0) await this.#installNext();
  }

  /** Waits for what is under way, whatever becomes of it: nothing is added any more. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#filling.map(({ output }) => output));
    this.#context.runner.endReplay?.();
  }

  #noteAdded(payloadBytes: number): void {
    this.#addedBytes += payloadBytes;
    if (this.#addedBytes >= BEGIN_BYTES) this.#context.runner.beginReplay?.();
  }

  #planOf(runBytesMax: number): ReplayPlan {
    return new ReplayPlan({ memtableBytes: this.#context.options.memtableBytes, runBytesMax });
  }

  async #startAll(runs: readonly ReplayRun[]): Promise<void> {
    for (const run of runs) {
      await this.#makeRoom();
      this.#filling.push(this.#start(run, this.#context.versions.lastSequence));
    }
  }

  #start(run: ReplayRun, afterSequence: number): FillingMemtable {
    const slot = this.#context.state.createSlot(run.recordMemoryBytesMax);
    const { fileSystem, directory, runner } = this.#context;
    const memtable = slot.memtable.share();
    const job: ReplayJob = { kind: 'replay', directory, stretches: run.stretches, afterSequence, memtable };
    const output = run.payloadBytes < WORKER_BYTES_MIN ? runReplay(fileSystem, job) : runner.run(job);
    // Whoever waits for it sees the failure; until then it must not end the process.
    output.catch(() => undefined);
    return { run, slot, output };
  }

  /** One more memtable stays within what memory is meant to hold. */
  async #makeRoom(): Promise<void> {
    const { options, state } = this.#context;
    while (!options.readOnly && this.#memtableCount >= MEMTABLES_MAX) {
      if (state.sealed.length === 0) await this.#installNext();
      else await this.#flushOldest();
    }
  }

  get #memtableCount(): number {
    return this.#context.state.sealed.length + (this.#isFirst ? 0 : 1) + this.#filling.length;
  }

  async #installNext(): Promise<void> {
    const { options, state } = this.#context;
    const { run, slot, output } = this.#filling[0];
    const { fill, rest, lastSequence } = await output;
    slot.memtable.takeOver(fill);
    const nextSegment = Promise.resolve(run.stretches[0].segmentNumber);
    if (this.#isFirst) state.replaceEmptyActive(slot);
    else state.seal(slot, nextSegment);
    this.#isFirst = false;
    this.#filling.shift();
    if (rest.length === 0) return;
    while (!options.readOnly && this.#memtableCount >= MEMTABLES_MAX && state.sealed.length > 0)
      await this.#flushOldest();
    this.#filling.unshift(this.#start({ ...run, stretches: rest }, lastSequence));
  }

  async #flushOldest(): Promise<void> {
    await flushOldest(this.#context, allocateFlushFiles(this.#context));
  }
}
