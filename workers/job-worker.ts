/** The envelope of a job in a worker thread: plain data in, plain data out, the real disk in between. */
import { setPriority } from 'node:os';
import { realFileSystem } from '../src/fs/real-file-system.js';
import type { JobReply, WorkerJob } from '../src/jobs/job.js';
import { runJob } from '../src/jobs/run-job.js';

/** Above 0 is less. At 5 a thread gets a quarter of a core that it shares with one at 0. */
const NICENESS = 5;

/**
 * Where threads have a priority each, compactions give way to the threads that somebody waits for. They are not starved: writers who
 * are too fast for them are held up, and leave them the processor.
 */
if (process.platform === 'linux') setPriority(NICENESS);

export function runInWorker(job: WorkerJob): Promise<JobReply> {
  return runJob(realFileSystem, job);
}
