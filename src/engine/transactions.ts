/**
 * Optimistic transactions. A run reads one snapshot and keeps its writes to itself; when its callback has returned they go into the
 * commit pipeline as one batch, with a condition: no key and no range that the run has read has a version newer than the snapshot.
 * The pipeline asks it in the turn in which the batch gets its sequence, when every earlier write is in the memtable, visible or
 * not. So whatever commits has read what it would read now, and the order of sequences is a serial order of all transactions.
 *
 *     snapshot ──── reads, own writes ──── callback ends ──── condition, sequence ──── durable, visible
 *                   another write to what was read ────────►  STEME_CONFLICT, nothing written
 *
 * One that has only read needs no condition: it ran at its snapshot. The snapshot is held until the condition has been asked, so
 * that no compaction drops a version or a tombstone that it must see.
 */

import { Deferred } from '../base/deferred.js';
import { InvalidOptionsError, StemeError } from '../base/errors.js';
import { TRANSACTION_RETRIES_MAX, TRANSACTION_TIMEOUT_MS_MAX } from '../base/limits.js';
import type { Timers } from '../base/timers.js';
import { AbortWatch } from './abort-watch.js';
import type { Transaction, TransactionOptions } from './api.js';
import { writeOptionProblems } from './check-writes.js';
import type { CommitPipeline } from './commit-pipeline.js';
import type { ConflictCheck } from './conflict-check.js';
import { wantsSync } from './database-writes.js';
import type { DatabaseSnapshot, SnapshotRegistry } from './snapshots.js';
import type { MomentReads } from './transaction.js';
import { DatabaseTransaction } from './transaction.js';
import { abortError } from './write-queue.js';

const PAUSE_MS_MAX = 64;

export interface TransactionsParts {
  readonly pipeline: CommitPipeline;
  readonly snapshots: SnapshotRegistry;
  readonly reads: MomentReads;
  readonly conflicts: ConflictCheck;
  readonly timers: Timers;
  readonly randomUint32: () => number;
  readonly timeoutMs: number;
  readonly expiresAtMs: (options: { readonly ttlMs?: number } | undefined) => number | undefined;
}

/** One run of a callback, from its snapshot to its end. */
interface Run {
  readonly transaction: DatabaseTransaction;
  readonly snapshot: DatabaseSnapshot;
  /** Rejects when the run is ended from outside. */
  readonly interrupted: Deferred<never>;
}

type Work<T> = (transaction: Transaction) => T | Promise<T>;

export class Transactions {
  readonly #parts: TransactionsParts;
  readonly #runs = new Set<Run>();
  readonly #aborts = new AbortWatch();

  constructor(parts: TransactionsParts) {
    this.#parts = parts;
  }

  async run<T>(work: Work<T>, options: TransactionOptions = {}): Promise<T> {
    checkTransactionOptions(work, options);
    const { retries = 0, signal } = options;
    for (let attempt = 0; ; attempt++) {
      if (signal?.aborted === true) throw abortError(signal);
      const outcome = await this.#runOnce(work, options);
      if ('result' in outcome) return outcome.result;
      if (attempt >= retries) throw outcome.conflict;
      await this.#pause(attempt);
    }
  }

  /** The database is closing: runs whose callback has not returned end. */
  closeAll(): void {
    if (this.#runs.size === 0) return;
    const error = new StemeError('STEME_CLOSED', 'the database was closed before the transaction ended');
    for (const run of [...this.#runs]) this.#interrupt(run, error);
  }

  async #runOnce<T>(work: Work<T>, options: TransactionOptions): Promise<{ result: T } | { conflict: StemeError }> {
    const run = this.#begin();
    const releases = this.#watch(run, options);
    try {
      const result = await Promise.race([work(run.transaction), run.interrupted.promise]);
      for (const release of releases) release();
      this.#runs.delete(run);
      run.transaction.end('the transaction has ended');
      const conflict = await this.#commit(run, options);
      return conflict === undefined ? { result } : { conflict };
    } finally {
      for (const release of releases) release();
      this.#end(run, 'the transaction has ended');
    }
  }

  #begin(): Run {
    const { snapshots, reads, expiresAtMs } = this.#parts;
    const snapshot = snapshots.open();
    const transaction = new DatabaseTransaction({ view: snapshot, reads, expiresAtMs });
    const run = { transaction, snapshot, interrupted: new Deferred<never>() };
    this.#runs.add(run);
    return run;
  }

  #watch(run: Run, { timeoutMs = this.#parts.timeoutMs, signal }: TransactionOptions): (() => void)[] {
    const onTimeout = (): void => {
      const message = `the transaction took longer than ${timeoutMs} ms and was ended`;
      this.#interrupt(run, new StemeError('STEME_TRANSACTION_CLOSED', message));
    };
    const releases = [this.#parts.timers.after(timeoutMs, onTimeout)];
    if (signal !== undefined) {
      releases.push(this.#aborts.watch(signal, () => this.#interrupt(run, abortError(signal))));
    }
    return releases;
  }

  #interrupt(run: Run, error: StemeError): void {
    this.#end(run, error.message);
    run.interrupted.reject(error);
  }

  #end(run: Run, reason: string): void {
    this.#runs.delete(run);
    run.transaction.end(reason);
    run.snapshot.close();
  }

  /** The conflict, if that is why it was not written. */
  async #commit({ transaction, snapshot }: Run, options: TransactionOptions): Promise<StemeError | undefined> {
    if (transaction.writeSet.isEmpty) return undefined;
    const { pipeline, conflicts } = this.#parts;
    let conflict: StemeError | undefined;
    const precondition = (): void => {
      conflict = conflicts.find(transaction.readSet, snapshot.sequence);
      snapshot.close();
      if (conflict !== undefined) throw conflict;
    };
    try {
      await pipeline.write(transaction.writeSet.operations(), wantsSync(options), options, precondition);
    } catch (error) {
      if (conflict === undefined || error !== conflict) throw error;
      // What was in the way may not be visible yet: without this, the next run would meet it again.
      await pipeline.settled();
    }
    return conflict;
  }

  /** Longer with every conflict, and seldom the same for two that meet. */
  async #pause(attempt: number): Promise<void> {
    const { timers, randomUint32 } = this.#parts;
    const longestMs = Math.min(2 ** attempt, PAUSE_MS_MAX);
    const pauseMs = longestMs * (0.5 + randomUint32() / 2 ** 33);
    await new Promise<void>((resolve) => timers.after(pauseMs, resolve));
  }
}

function checkTransactionOptions(work: unknown, options: TransactionOptions): void {
  const problems = typeof work === 'function' ? [] : ['a transaction needs a function'];
  const { retries = 0, timeoutMs } = options;
  if (!Number.isInteger(retries) || retries < 0 || retries > TRANSACTION_RETRIES_MAX) {
    problems.push(`retries must be a whole number from 0 to ${TRANSACTION_RETRIES_MAX}, got ${retries}`);
  }
  if (timeoutMs !== undefined && !(timeoutMs >= 1 && timeoutMs <= TRANSACTION_TIMEOUT_MS_MAX)) {
    problems.push(`timeoutMs must be from 1 to ${TRANSACTION_TIMEOUT_MS_MAX}, got ${timeoutMs}`);
  }
  problems.push(...writeOptionProblems(options, false));
  if (problems.length > 0) throw new InvalidOptionsError(problems);
}
