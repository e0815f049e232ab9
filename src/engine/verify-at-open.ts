import { CorruptionError } from '../base/errors.js';
import { inParallel } from '../base/in-parallel.js';
import type { JobRunner } from '../jobs/job.js';
import type { Version } from '../version/version.js';
import { tablesOfVersion } from './verify/check-tables.js';

export interface VerifyAtOpenOptions {
  readonly directory: string;
  readonly version: Version;
  readonly runner: JobRunner;
  /** Jobs at a time. */
  readonly threads: number;
}

/** Reads every table, and every value in a blob file that it refers to. Errors: STEME_CORRUPTION for the first damage, STEME_IO. */
export async function verifyAtOpen(options: VerifyAtOpenOptions): Promise<void> {
  const { directory, version, runner, threads } = options;
  await inParallel(threads, tablesOfVersion(version), async ({ metadata, blobs }) => {
    // A mapping would stay for a while, and a file that was cut would end the process.
    const job = { kind: 'verify-table', directory, table: metadata, metadata, blobs, readMode: 'pread' } as const;
    const [damage] = (await runner.run(job)).damages;
    if (damage !== undefined) throw new CorruptionError(damage);
  });
}
