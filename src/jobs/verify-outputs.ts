import { CorruptionError } from '../base/errors.js';
import type { FileSystem } from '../fs/file-system.js';
import type { Job, JobFiles } from './job.js';
import { outputPathsOf } from './job-files.js';
import { runVerifyTable } from './verify-table-job.js';

/**
 * Reads back what a job has written, before anybody relies on it: all of each new table, and its values in new blob files. Reads
 * through the page cache, so it finds what went wrong on the way there, in memory for instance, and not what the disk does
 * to it later. Errors: STEME_CORRUPTION with the first thing that is wrong, and all files of the job are gone.
 */
export async function verifyOutputs(fileSystem: FileSystem, job: Job, { tables, blobs }: JobFiles): Promise<void> {
  const { directory } = job.settings;
  try {
    for (const table of tables) {
      const verification = {
        kind: 'verify-table',
        directory,
        table,
        metadata: table,
        blobs,
        readMode: 'pread',
      } as const;
      const [damage] = (await runVerifyTable(fileSystem, verification)).damages;
      if (damage !== undefined) throw new CorruptionError(damage);
    }
  } catch (error) {
    for (const path of outputPathsOf(job)) fileSystem.removeSync(path);
    throw error;
  }
}
