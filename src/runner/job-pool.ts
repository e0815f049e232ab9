import { Piscina } from 'piscina';
import { StemeError } from '../base/errors.js';
import type { FileSystem } from '../fs/file-system.js';
import type { JobReply, WorkerJob } from '../jobs/job.js';
import { outputPathsOf } from '../jobs/job-files.js';

/** How often a job is given to a worker that does not come back before the job itself is thought to kill it. */
const ATTEMPTS_MAX = 4;

export interface JobPoolOptions {
  readonly threads: number;
  readonly workerPath: string;
  /** The disk that the workers write to, for clearing up behind one that died. */
  readonly fileSystem: FileSystem;
}

/**
 * A pool of worker threads. They start with the first job, since a start costs 30 ms and a database that is only read needs
 * none; they all start at once (min = max), since an idle worker costs nothing and a later start would.
 *
 * A job answers with data even when it fails, so a rejection says that its worker died: it was terminated, it ran out of
 * memory, or it ended itself. What it began is removed, and the job is run again: it reads only what does not change, and
 * makes files of the same names.
 */
export class JobPool {
  readonly #options: JobPoolOptions;
  #pool: Piscina<WorkerJob, JobReply> | undefined;
  #isClosed = false;
  #runningCount = 0;

  constructor(options: JobPoolOptions) {
    this.#options = options;
  }

  /** A job that comes now starts at once. */
  get hasFreeThread(): boolean {
    return this.#runningCount < this.#options.threads;
  }

  async run(job: WorkerJob): Promise<JobReply> {
    this.#runningCount++;
    try {
      return await this.#runToItsEnd(job);
    } finally {
      this.#runningCount--;
    }
  }

  async #runToItsEnd(job: WorkerJob): Promise<JobReply> {
    for (let attempt = 1; ; attempt++) {
      if (this.#isClosed) throw new StemeError('STEME_CLOSED', 'the job runner is closed');
      this.#pool ??= this.#start();
      try {
        return await this.#pool.run(job);
      } catch (cause) {
        await this.#removeOutputs(job);
        if (attempt === ATTEMPTS_MAX) throw giveUp(job, cause);
      }
    }
  }

  /** Takes no more jobs, and waits for those under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#pool?.close();
    this.#pool = undefined;
  }

  async #removeOutputs(job: WorkerJob): Promise<void> {
    for (const path of outputPathsOf(job)) await this.#options.fileSystem.remove(path);
  }

  #start(): Piscina<WorkerJob, JobReply> {
    const { threads, workerPath } = this.#options;
    const pool = new Piscina<WorkerJob, JobReply>({
      filename: workerPath,
      name: 'runInWorker',
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker: 1,
      // From the source tree the worker is TypeScript; the built package never takes this branch.
      ...(workerPath.endsWith('.ts') ? { execArgv: ['--import', 'tsx'] } : {}),
    });
    // A worker that dies while it has nothing to do has nothing to lose: the pool replaces it.
    pool.on('error', () => undefined);
    return pool;
  }
}

function giveUp(job: WorkerJob, cause: unknown): StemeError {
  const what = describeJob(job);
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
