import { Piscina } from 'piscina';
import { StemeError, systemCodeOf } from '../base/errors.js';
import { Fifo } from '../base/fifo.js';
import type { FileSystem } from '../fs/file-system.js';
import { ioError } from '../fs/io-error.js';
import type { JobReply, WorkerJob } from '../jobs/job.js';
import { outputPathsOf } from '../jobs/job-files.js';
import { workerArguments } from './worker-arguments.js';

/** How often a job is given to a worker that does not come back before the job itself is thought to kill it. */
const ATTEMPTS_MAX = 4;
/** Node's own: where the process may not open more files, a worker does not find its modules, or cannot be set up at all. */
const NODE_FAILURE = /^(?:ERR_(?!WORKER_OUT_OF_MEMORY)[A-Z_]+|MODULE_NOT_FOUND)$/;
/** Of the operating system; node's own codes begin with ERR_. */
const ERRNO_NAME = /^E[A-Z0-9]+$/;

export interface JobPoolOptions {
  readonly threads: number;
  readonly workerPath: string;
  /** The disk that the workers write to, for clearing up behind one that died. */
  readonly fileSystem: FileSystem;
}

/** Threads that started together. */
interface Crew {
  readonly pool: Piscina<WorkerJob, JobReply>;
  jobCount: number;
  /** One of its threads has died: it gets no more jobs, and goes when those that it has are done. */
  isRetired: boolean;
  isGone: boolean;
}

/**
 * A pool of worker threads. They start with the first job, since a start costs 30 ms and a database that is only read needs
 * none; they all start at once (min = max), since an idle worker costs nothing and a later start would.
 *
 * A job answers with data even when it fails, so a rejection says that its worker died: it was terminated, it ran out of
 * memory, or it ended itself. What it began is removed, and the job is run again: it reads only what does not change, and
 * makes files of the same names.
 *
 * Piscina puts a new worker in the place of one that died, but if that one dies before it is ready, what is queued for it waits for
 * ever. So nothing is ever queued there: jobs take turns here, and after a death new threads are started for the next ones.
 */
export class JobPool {
  readonly #options: JobPoolOptions;
  readonly #waiting = new Fifo<() => void>();
  /** Jobs that have a thread; one that ends hands its turn on. */
  #turnCount = 0;
  #crew: Crew | undefined;
  readonly #leaving = new Set<Promise<void>>();
  #isClosed = false;

  constructor(options: JobPoolOptions) {
    this.#options = options;
  }

  /** Of the threads that take jobs now; none before the first job. */
  get threadIds(): readonly number[] {
    return this.#crew?.pool.threads.map(({ threadId }) => threadId) ?? [];
  }

  /** Starts its threads ahead of the first job. */
  begin(): void {
    if (!this.#isClosed) this.#crew ??= this.#start();
  }

  async run(job: WorkerJob): Promise<JobReply> {
    // Not awaited where there is one: a job that was handed in before the close is done before it.
    if (this.#turnCount < this.#options.threads) this.#turnCount++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await this.#runUntilDone(job);
    } finally {
      this.#endTurn();
    }
  }

  /** Takes no more jobs, and waits for those under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const crew = this.#crew;
    this.#crew = undefined;
    await crew?.pool.close();
    await Promise.all(this.#leaving);
  }

  #endTurn(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#turnCount--;
    else next();
  }

  async #runUntilDone(job: WorkerJob): Promise<JobReply> {
    for (let attempt = 1; ; attempt++) {
      if (this.#isClosed) throw new StemeError('STEME_CLOSED', 'the job runner is closed');
      this.#crew ??= this.#start();
      try {
        return await this.#runOnce(this.#crew, job);
      } catch (cause) {
        await this.#removeOutputs(job);
        if (attempt === ATTEMPTS_MAX) throw giveUp(job, cause);
      }
    }
  }

  async #runOnce(crew: Crew, job: WorkerJob): Promise<JobReply> {
    crew.jobCount++;
    try {
      return await crew.pool.run(job);
    } finally {
      crew.jobCount--;
      this.#leaveIfDone(crew);
    }
  }

  async #removeOutputs(job: WorkerJob): Promise<void> {
    for (const path of outputPathsOf(job)) await this.#options.fileSystem.remove(path);
  }

  #start(): Crew {
    const { threads, workerPath } = this.#options;
    const pool = new Piscina<WorkerJob, JobReply>({
      filename: workerPath,
      name: 'runInWorker',
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker: 1,
      // From the source tree the worker is TypeScript; in the built package it never is.
      execArgv: workerPath.endsWith('.ts') ? ['--import', 'tsx'] : workerArguments(process.execArgv),
    });
    const crew: Crew = { pool, jobCount: 0, isRetired: false, isGone: false };
    // A worker that dies while it has nothing to do has nothing to lose.
    pool.on('error', () => undefined);
    pool.on('workerDestroy', () => this.#retire(crew));
    return crew;
  }

  #retire(crew: Crew): void {
    if (this.#crew !== crew) return;
    this.#crew = undefined;
    crew.isRetired = true;
    // Later: the pool is in the middle of taking the dead worker off its list.
    setImmediate(() => this.#leaveIfDone(crew));
  }

  #leaveIfDone(crew: Crew): void {
    if (!crew.isRetired || crew.isGone || crew.jobCount > 0) return;
    crew.isGone = true;
    const left = crew.pool.destroy().then(() => {
      this.#leaving.delete(left);
    });
    this.#leaving.add(left);
  }
}

function giveUp(job: WorkerJob, cause: unknown): StemeError {
  const what = describeJob(job);
  // Want of open files, for instance, lets no worker start: nothing of ours has failed, and the user can do something about it.
  const systemCode = systemCodeOf(cause) ?? '';
  if (ERRNO_NAME.test(systemCode)) return ioError('run', `a worker for the ${what}`, cause);
  if (NODE_FAILURE.test(systemCode)) {
    const hint = 'check that the package is whole, and that the process may open more files (ulimit -n)';
    return new StemeError('STEME_IO', `cannot start a worker for the ${what}: ${systemCode}; ${hint}`, { cause });
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `the worker of the ${what} died ${ATTEMPTS_MAX} times; the last time: ${reason}`;
  return new StemeError('STEME_INTERNAL', message, { cause });
}

function describeJob(job: WorkerJob): string {
  if (job.kind === 'flush') return `flush to table ${job.number}`;
  if (job.kind === 'replay') return 'replay of the log';
  if (job.kind === 'verify-table') return `verification of table ${job.table.number}`;
  return job.kind === 'compaction' ? `compaction to level ${job.outputLevel}` : 'bulk load';
}
