import { join } from 'node:path';
import { blobName, tableName } from '../base/file-names.js';
import type { WorkerJob } from './job.js';

/** Every file that a job may have begun. All of them are its own: nobody knows of them before it has answered. */
export function outputPathsOf(job: WorkerJob): string[] {
  if (job.kind === 'replay' || job.kind === 'verify-table') return [];
  const tables = job.kind === 'flush' ? [job.number] : job.numbers;
  const names = [...tables.map(tableName), ...(job.blobs?.numbers ?? []).map(blobName)];
  return names.map((name) => join(job.settings.directory, name));
}
