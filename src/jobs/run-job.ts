import { join } from 'node:path';
import { errorToData } from '../base/errors.js';
import { tableName } from '../base/file-names.js';
import type { FileSystem } from '../fs/file-system.js';
import type { TableMetadata } from '../table/table-metadata.js';
import { runCompaction } from './compaction-job.js';
import { runFlush } from './flush-job.js';
import type { Job, JobReply } from './job.js';

/** Runs a job to its end and answers with data, never with a throw: a posted error would lose its class and code. */
export async function runJob(fileSystem: FileSystem, job: Job): Promise<JobReply> {
  const startedAtMs = performance.now();
  try {
    const tables = await runKind(fileSystem, job);
    makeNamesDurable(fileSystem, job, tables);
    const writtenBytes = tables.reduce((sum, table) => sum + table.fileBytes, 0);
    const readBytes = job.kind === 'compaction' ? job.inputs.reduce((sum, table) => sum + table.fileBytes, 0) : 0;
    return { output: { tables, blobs: [], readBytes, writtenBytes, elapsedMs: performance.now() - startedAtMs } };
  } catch (error) {
    return { error: errorToData(error) };
  }
}

/** The names must be durable before the manifest mentions them. Tables without durable names are removed: nobody knows of them. */
function makeNamesDurable(fileSystem: FileSystem, { settings }: Job, tables: readonly TableMetadata[]): void {
  const { directory } = settings;
  try {
    fileSystem.syncDirectorySync(directory);
  } catch (error) {
    for (const { number } of tables) fileSystem.removeSync(join(directory, tableName(number)));
    throw error;
  }
}

function runKind(fileSystem: FileSystem, job: Job): Promise<TableMetadata[]> {
  switch (job.kind) {
    case 'flush':
      return runFlush(fileSystem, job);
    case 'compaction':
      return runCompaction(fileSystem, job);
  }
}
