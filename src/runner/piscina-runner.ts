import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { StemeError } from '../base/errors.js';
import { unwrapReply } from '../jobs/inline-runner.js';
import type { Job, JobOutput, JobReply, JobRunner } from '../jobs/job.js';

const isSourceTree = import.meta.url.endsWith('.ts');
const workerUrl = new URL(`../../workers/job-worker.${isSourceTree ? 'ts' : 'js'}`, import.meta.url);

/**
 * Runs jobs in a pool of worker threads. The threads start with the first job, since a start costs 30 ms and a database that
 * is only read needs none; they all start at once (min = max), since an idle worker costs nothing and a later start would.
 */
export class PiscinaRunner implements JobRunner {
  readonly #threads: number;
  #pool: Piscina<Job, JobReply> | undefined;
  #isClosed = false;

  constructor(threads: number) {
    this.#threads = threads;
  }

  async run(job: Job): Promise<JobOutput> {
    if (this.#isClosed) throw new StemeError('STEME_CLOSED', 'the job runner is closed');
    this.#pool ??= this.#start();
    return unwrapReply(await this.#pool.run(job));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#pool?.close();
    this.#pool = undefined;
  }

  #start(): Piscina<Job, JobReply> {
    return new Piscina({
      filename: fileURLToPath(workerUrl),
      name: 'runInWorker',
      minThreads: this.#threads,
      maxThreads: this.#threads,
      concurrentTasksPerWorker: 1,
      // From the source tree the worker is TypeScript; the built package never takes this branch.
      ...(isSourceTree ? { execArgv: ['--import', 'tsx'] } : {}),
    });
  }
}
