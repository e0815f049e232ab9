import { fileURLToPath } from 'node:url';
import { realFileSystem } from '../fs/real-file-system.js';
import { unwrapReply } from '../jobs/inline-runner.js';
import type { JobRunner, OutputOf, WorkerJob } from '../jobs/job.js';
import { JobPool } from './job-pool.js';

const isSourceTree = import.meta.url.endsWith('.ts');
const WORKER_URL = new URL(`../../workers/job-worker.${isSourceTree ? 'ts' : 'js'}`, import.meta.url);

export interface PiscinaRunnerOptions {
  /** Whose `runInWorker` runs the jobs. Default: the worker of this package. */
  readonly workerUrl?: URL;
}

/**
 * Runs jobs in worker threads. A flush never waits behind a compaction, which can take minutes while writers stand still: of
 * two or more threads, one is kept for flushes. A single thread does everything in turn. The log is replayed by all of them: there
 * is little else to do then.
 */
export class PiscinaRunner implements JobRunner {
  readonly #flushes: JobPool;
  readonly #compactions: JobPool;

  constructor(threads: number, { workerUrl = WORKER_URL }: PiscinaRunnerOptions = {}) {
    const options = { workerPath: fileURLToPath(workerUrl), fileSystem: realFileSystem };
    this.#flushes = new JobPool({ ...options, threads: 1 });
    this.#compactions = threads === 1 ? this.#flushes : new JobPool({ ...options, threads: threads - 1 });
  }

  async run<J extends WorkerJob>(job: J): Promise<OutputOf<J>> {
    return unwrapReply<J>(await this.#poolFor(job.kind).run(job));
  }

  threadIds(): readonly number[] {
    const { threadIds } = this.#flushes;
    return this.#compactions === this.#flushes ? threadIds : [...threadIds, ...this.#compactions.threadIds];
  }

  #poolFor(kind: WorkerJob['kind']): JobPool {
    if (kind === 'flush') return this.#flushes;
    const isBusy = kind === 'replay' && !this.#compactions.hasFreeThread && this.#flushes.hasFreeThread;
    return isBusy ? this.#flushes : this.#compactions;
  }

  async close(): Promise<void> {
    await Promise.all([this.#flushes.close(), this.#compactions.close()]);
  }
}
