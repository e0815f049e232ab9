import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { realFileSystem } from '../../src/fs/real-file-system.js';
import { JobPool } from '../../src/runner/job-pool.js';
import { flushJob, settingsWith } from '../support/job-bench.js';

/** As where the process may not open more files: what is there is not found. */
it('a worker that does not find its modules is no failure of ours, and says what to look at', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'stemedb-'));
  const workerPath = join(directory, 'worker.mjs');
  await writeFile(workerPath, "import 'a-package-that-is-not-there'; export const runInWorker = () => undefined;");
  const pool = new JobPool({ threads: 1, workerPath, fileSystem: realFileSystem });
  try {
    const failing = pool.run(flushJob(3, [], settingsWith({ directory })));
    await expect(failing).rejects.toMatchObject({
      code: 'STEME_IO',
      message: expect.stringMatching(/worker for the flush to table 3.*open more files/),
      cause: { code: 'ERR_MODULE_NOT_FOUND' },
    });
  } finally {
    await pool.close();
    await rm(directory, { recursive: true });
  }
});
