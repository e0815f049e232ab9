/** The envelope of a job in a worker thread: plain data in, plain data out, the real disk in between. */
import { realFileSystem } from '../src/fs/real-file-system.js';
import type { JobReply, WorkerJob } from '../src/jobs/job.js';
import { runJob } from '../src/jobs/run-job.js';

export function runInWorker(job: WorkerJob): Promise<JobReply> {
  return runJob(realFileSystem, job);
}
