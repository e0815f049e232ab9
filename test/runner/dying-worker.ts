/**
 * A job worker that dies in the middle of a job, once for every file named `kill-…` in the job's directory: it takes that file
 * away, leaves half a table for each output, and ends in the way that the name says.
 */
import fs from 'node:fs';
import { join } from 'node:path';
import { realFileSystem } from '../../src/fs/real-file-system.js';
import type { Job, JobReply } from '../../src/jobs/job.js';
import { outputPathsOf } from '../../src/jobs/job-files.js';
import { runJob } from '../../src/jobs/run-job.js';

export function runInWorker(job: Job): Promise<JobReply> {
  const { directory } = job.kind === 'verify-table' ? job : job.settings;
  const order = fs.readdirSync(directory).find((name) => name.startsWith('kill-'));
  if (order === undefined) return runJob(realFileSystem, job);
  fs.rmSync(join(directory, order));
  for (const path of outputPathsOf(job)) fs.writeFileSync(path, 'half a table');
  if (order.startsWith('kill-exit')) process.exit(7);
  return new Promise(() => setImmediate(failOutsideOfTheJob));
}

function failOutsideOfTheJob(): void {
  throw new Error('out of luck');
}
