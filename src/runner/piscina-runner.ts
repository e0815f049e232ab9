import { fileURLToPath } from 'node:url';
import { realFileSystem } from '../fs/real-file-system.js';
import { unwrapReply } from '../jobs/inline-runner.js';
import type { JobRunner, OutputOf, WorkerJob } from '../jobs/job.js';
import { JobPool } from './job-pool.js';

const isSourceTree = import.meta.url.endsWith('.ts');

function workerUrlOf(name: string): URL {
  return new URL(`../../workers/${name}.${isSourceTree ? 'ts' : 'js'}`, import.meta.url);
}

export interface PiscinaRunnerOptions {
  /** Whose `runInWorker` runs all jobs. Default: the workers of this package. */
  readonly workerUrl?: URL;
}

/**
 * Runs jobs in worker threads. A flush never waits behind a compaction, which can take minutes while writers stand still: of
 * two or more threads, one is kept for flushes. A single thread does everything in turn.
 *
 * The log is replayed by as many threads of its own, which go when it is over: a user waits for it, and the modules of all jobs
 * take most of a worker's start.
 */
export class PiscinaRunner implements JobRunner {
  readonly #flushes: JobPool;
  readonly #compactions: JobPool;
  readonly #replays: JobPool;
  #replaysEnded: Promise<void> | undefined;

  constructor(threads: number, { workerUrl }: PiscinaRunnerOptions = {}) {
    const options = { workerPath: fileURLToPath(workerUrl ?? workerUrlOf('job-worker')), fileSystem: realFileSystem };
    const replayWorkerPath = fileURLToPath(workerUrl ?? workerUrlOf('replay-worker'));
    this.#replays = new JobPool({ ...options, workerPath: replayWorkerPath, threads });
    this.#flushes = new JobPool({ ...options, threads: 1 });
    this.#compactions = threads === 1 ? this.#flushes : new JobPool({ ...options, threads: threads - 1 });
  }

  async run<J extends WorkerJob>(job: J): Promise<OutputOf<J>> {
    return unwrapReply<J>(await this.#poolFor(job.kind).run(job));
  }

  beginReplay(): void {
    this.#replays.begin();
  }

  endReplay(): void {
    this.#replaysEnded ??= this.#replays.close();
    // Whoever closes the runner waits for it, and sees what it came to.
    this.#replaysEnded.catch(() => undefined);
  }

  threadIds(): readonly number[] {
    const pools = new Set([this.#flushes, this.#compactions, this.#replays]);
    return [...pools].flatMap(({ threadIds }) => threadIds);
  }

  async close(): Promise<void> {
    this.endReplay();
    await Promise.all([this.#flushes.close(), this.#compactions.close(), this.#replaysEnded]);
  }

  #poolFor(kind: WorkerJob['kind']): JobPool {
    if (kind === 'replay') return this.#replays;
    return kind === 'flush' ? this.#flushes : this.#compactions;
  }
}
