import { errorToData } from '../base/errors.js';
import type { FileSystem } from '../fs/file-system.js';
import type { TableMetadata } from '../version/table-metadata.js';
import { runCompaction } from './compaction-job.js';
import { runFlush } from './flush-job.js';
import type { Job, JobReply } from './job.js';

/** Runs a job to its end and answers with data, never with a throw: a posted error would lose its class and code. */
export function runJob(fileSystem: FileSystem, job: Job): JobReply {
  const startedAtMs = performance.now();
  try {
    const tables = runKind(fileSystem, job);
    // The names must be durable before the manifest mentions them.
    fileSystem.syncDirectorySync(job.settings.directory);
    return { output: { tables, elapsedMs: performance.now() - startedAtMs } };
  } catch (error) {
    return { error: errorToData(error) };
  }
}

function runKind(fileSystem: FileSystem, job: Job): TableMetadata[] {
  switch (job.kind) {
    case 'flush':
      return runFlush(fileSystem, job);
    case 'compaction':
      return runCompaction(fileSystem, job);
  }
}
