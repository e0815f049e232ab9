import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { realFileSystem } from '../../src/fs/real-file-system.js';
import { JobPool } from '../../src/runner/job-pool.js';
import { workerArguments } from '../../src/runner/worker-arguments.js';
import { flushJob, settingsWith } from '../support/job-bench.js';

describe('the command line of a worker', () => {
  it('has none of what loads code of the application, in any spelling', () => {
    expect(workerArguments(['--import', 'tsx', '-r', './a.cjs', '--require=./b.cjs', '--loader', 'x'])).toEqual([]);
  });

  it('has what looks at every thread alike, with its values', () => {
    const looked = ['--cpu-prof', '--cpu-prof-dir', 'here', '--cpu-prof-interval=500', '--heap-prof-dir=there'];
    expect(workerArguments(['--import', 'tsx', ...looked, '--expose-gc', '--max-old-space-size=4096'])).toEqual(looked);
  });

  it('is one that a worker accepts', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'stemedb-'));
    const execArgv = workerArguments(['--enable-source-maps', '--cpu-prof', `--cpu-prof-dir=${directory}`]);
    const worker = new Worker('', { eval: true, execArgv });
    await new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject));
    await rm(directory, { recursive: true });
  });

  it('keeps a loader of the application out of the workers of a pool', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'stemedb-'));
    const workerPath = join(directory, 'worker.mjs');
    await writeFile(workerPath, 'export const runInWorker = () => process.execArgv;');
    const before = process.execArgv;
    process.execArgv = ['--import', 'data:text/javascript,throw new Error("loaded")', '--enable-source-maps'];
    const pool = new JobPool({ threads: 1, workerPath, fileSystem: realFileSystem });
    try {
      const reply: unknown = await pool.run(flushJob(3, [], settingsWith({ directory })));
      expect(reply).toEqual(['--enable-source-maps']);
    } finally {
      process.execArgv = before;
      await pool.close();
      await rm(directory, { recursive: true });
    }
  });
});
