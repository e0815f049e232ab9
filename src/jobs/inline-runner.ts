import { errorFromData } from '../base/errors.js';
import type { FileSystem } from '../fs/file-system.js';
import type { JobReply, JobRunner, OutputOf, WorkerJob } from './job.js';
import { runJob } from './run-job.js';

/** The output of a reply, or its error thrown on this side of the thread boundary. */
export function unwrapReply<J extends WorkerJob>(reply: JobReply): OutputOf<J> {
  if ('error' in reply) throw errorFromData(reply.error);
  // A reply crosses threads as data: that it answers a job of this kind is the runner's word.
  return reply.output as OutputOf<J>;
}

/** Runs jobs on the calling thread, one turn later: for tests that need an injected file system, or the same order every time. */
export class InlineRunner implements JobRunner {
  readonly #fileSystem: FileSystem;

  constructor(fileSystem: FileSystem) {
    this.#fileSystem = fileSystem;
  }

  async run<J extends WorkerJob>(job: J): Promise<OutputOf<J>> {
    await Promise.resolve();
    return unwrapReply<J>(await runJob(this.#fileSystem, job));
  }

  async close(): Promise<void> {}
}
