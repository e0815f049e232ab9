import { errorToData } from '../base/errors.js';
import type { JobReply, OutputOf, WorkerJob } from './job.js';

/** Does the work of a job and answers with data, never with a throw: a posted error would lose its class and code. */
export async function replyOf<J extends WorkerJob>(work: () => Promise<OutputOf<J>>): Promise<JobReply> {
  try {
    return { output: await work() };
  } catch (error) {
    return { error: errorToData(error) };
  }
}
