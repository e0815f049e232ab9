/**
 * The envelope of a replay. It is apart from the others because a user waits for it: to load the modules of all jobs takes most of a
 * worker's start.
 */
import { realFileSystem } from '../src/fs/real-file-system.js';
import type { JobReply, ReplayJob } from '../src/jobs/job.js';
import { replyOf } from '../src/jobs/job-reply.js';
import { runReplay } from '../src/jobs/replay-job.js';

export function runInWorker(job: ReplayJob): Promise<JobReply> {
  return replyOf(() => runReplay(realFileSystem, job));
}
