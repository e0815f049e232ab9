/**
 * A job worker that dies in the middle of a job, once for every file named `kill-<how>-<when>-…` in the job's directory, which it
 * takes away. `how` is `exit`, which ends the thread, or `throw`, which fails outside of the job; `when` is `late`, when all is
 * written and only the answer is missing, the kind of a job to wait for (half a table for each output is left), or anything else
 * for the next job, whatever it is.
 */
import fs from 'node:fs';
import { join } from 'node:path';
import { realFileSystem } from '../../src/fs/real-file-system.js';
import type { JobReply, WorkerJob } from '../../src/jobs/job.js';
import { outputPathsOf } from '../../src/jobs/job-files.js';
import { runJob } from '../../src/jobs/run-job.js';

const JOB_KINDS: readonly string[] = ['flush', 'compaction', 'bulk-load'] satisfies WorkerJob['kind'][];

export async function runInWorker(job: WorkerJob): Promise<JobReply> {
  const { directory } = 'settings' in job ? job.settings : job;
  const order = fs.readdirSync(directory).find((name) => isFor(name, job));
  if (order === undefined) return runJob(realFileSystem, job);
  fs.rmSync(join(directory, order));
  const [, how, when] = order.split('-');
  if (when === 'late') await runJob(realFileSystem, job);
  else for (const path of outputPathsOf(job)) fs.writeFileSync(path, 'half a table');
  if (how === 'exit') process.exit(7);
  return new Promise(() => setImmediate(failOutsideOfTheJob));
}

function isFor(name: string, { kind }: WorkerJob): boolean {
  if (!name.startsWith('kill-')) return false;
  const wanted = JOB_KINDS.find((one) => name.includes(`-${one}-`));
  return wanted === undefined || wanted === kind;
}

function failOutsideOfTheJob(): void {
  throw new Error('out of luck');
}
