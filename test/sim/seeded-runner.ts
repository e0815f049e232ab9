import type { FileSystem } from '../../src/fs/file-system.js';
import { InlineRunner } from '../../src/jobs/inline-runner.js';
import type { JobRunner, OutputOf, WorkerJob } from '../../src/jobs/job.js';
import type { SeededScheduler } from './seeded-scheduler.js';

/** Told of every job at its start and of its output at its end. */
export interface JobWatch {
  started(job: WorkerJob): void;
  ended(job: WorkerJob, output: OutputOf<WorkerJob>): void;
}

/** Runs jobs on the calling thread, each after and before a seeded number of turns of everybody else. */
export class SeededRunner implements JobRunner {
  readonly #inner: InlineRunner;
  readonly #scheduler: SeededScheduler;
  readonly #watch: JobWatch | undefined;

  constructor(fileSystem: FileSystem, scheduler: SeededScheduler, watch: JobWatch | undefined) {
    this.#inner = new InlineRunner(fileSystem);
    this.#scheduler = scheduler;
    this.#watch = watch;
  }

  async run<J extends WorkerJob>(job: J): Promise<OutputOf<J>> {
    await this.#scheduler.holdLong(`${job.kind} starts`);
    this.#watch?.started(job);
    const output = await this.#inner.run(job);
    await this.#scheduler.holdLong(`${job.kind} ends`);
    this.#watch?.ended(job, output);
    // Measured with a real clock, and the engine decides by it.
    return { ...output, elapsedMs: 1 };
  }

  async close(): Promise<void> {}
}
