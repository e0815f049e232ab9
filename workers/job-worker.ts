/** The envelope of a job in a worker thread: plain data in, plain data out, the real disk in between. */
import { getPriority, setPriority } from 'node:os';
import { realFileSystem } from '../src/fs/real-file-system.js';
import type { JobReply, WorkerJob } from '../src/jobs/job.js';
import { runJob } from '../src/jobs/run-job.js';

/** Of two threads that share a core, the one that is nicer by 5 gets a quarter of it. */
const NICER_BY = 5;
const NICENESS_MAX = 19;

/**
 * Where threads have a priority each, compactions give way to the threads that somebody waits for. They are not starved: writers who
 * are too fast for them are held up, and leave them the processor. Counted from where the process stands: to go the other way
 * takes rights.
 */
function giveWay(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(Math.min(getPriority() + NICER_BY, NICENESS_MAX));
  } catch {
    // Where even this is forbidden, a worker that gives way to nobody is better than none.
  }
}

giveWay();

export function runInWorker(job: WorkerJob): Promise<JobReply> {
  return runJob(realFileSystem, job);
}
