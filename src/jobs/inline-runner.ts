import { errorFromData } from '../base/errors.js';
import type { FileSystem } from '../fs/file-system.js';
import type { Job, JobOutput, JobReply, JobRunner } from './job.js';
import { runJob } from './run-job.js';

/** The output of a reply, or its error thrown on this side of the thread boundary. */
export function unwrapReply(reply: JobReply): JobOutput {
  if ('error' in reply) throw errorFromData(reply.error);
  return reply.output;
}

/** Runs jobs on the calling thread, one turn later: for tests that need an injected file system, or the same order every time. */
export class InlineRunner implements JobRunner {
  readonly #fileSystem: FileSystem;

  constructor(fileSystem: FileSystem) {
    this.#fileSystem = fileSystem;
  }

  async run(job: Job): Promise<JobOutput> {
    await Promise.resolve();
    return unwrapReply(await runJob(this.#fileSystem, job));
  }

  async close(): Promise<void> {}
}
