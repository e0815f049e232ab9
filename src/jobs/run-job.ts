import type { FileSystem } from '../fs/file-system.js';
import { runBulkLoad } from './bulk-load-job.js';
import { runCompaction } from './compaction-job.js';
import { runFlush } from './flush-job.js';
import type { Job, JobFiles, JobOutput, JobReply, OutputOf, WorkerJob } from './job.js';
import { outputPathsOf } from './job-files.js';
import { replyOf } from './job-reply.js';
import { runReplay } from './replay-job.js';
import { verifyOutputs } from './verify-outputs.js';
import { runVerifyTable } from './verify-table-job.js';

/** Runs a job to its end, whatever that is. */
export function runJob(fileSystem: FileSystem, job: WorkerJob): Promise<JobReply> {
  return replyOf(() => runKind(fileSystem, job));
}

function runKind(fileSystem: FileSystem, job: WorkerJob): Promise<OutputOf<WorkerJob>> {
  if (job.kind === 'replay') return runReplay(fileSystem, job);
  if (job.kind === 'verify-table') return runVerifyTable(fileSystem, job);
  return makeFiles(fileSystem, job);
}

async function makeFiles(fileSystem: FileSystem, job: Job): Promise<JobOutput> {
  const startedAtMs = performance.now();
  const files = await writeFiles(fileSystem, job);
  if (job.settings.verifiesOutputs === true) await verifyOutputs(fileSystem, job, files);
  makeNamesDurable(fileSystem, job);
  const writtenBytes = fileBytesOf(files.tables) + fileBytesOf(files.blobs);
  return { ...files, writtenBytes, elapsedMs: performance.now() - startedAtMs };
}

function writeFiles(fileSystem: FileSystem, job: Job): Promise<JobFiles> {
  switch (job.kind) {
    case 'flush':
      return runFlush(fileSystem, job);
    case 'compaction':
      return runCompaction(fileSystem, job);
    case 'bulk-load':
      return runBulkLoad(fileSystem, job);
  }
}

/** The names must be durable before the manifest mentions them. Files without durable names are removed: nobody knows of them. */
function makeNamesDurable(fileSystem: FileSystem, job: Job): void {
  try {
    fileSystem.syncDirectorySync(job.settings.directory);
  } catch (error) {
    for (const path of outputPathsOf(job)) fileSystem.removeSync(path);
    throw error;
  }
}

function fileBytesOf(files: readonly { readonly fileBytes: number }[]): number {
  return files.reduce((sum, { fileBytes }) => sum + fileBytes, 0);
}
