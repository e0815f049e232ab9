import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PiscinaRunner } from '../../src/runner/piscina-runner.js';
import type { TableMetadata } from '../../src/table/table-metadata.js';
import { collectWorkers } from '../support/collect-workers.js';
import { compactionJob, flushJob, settingsWith } from '../support/job-bench.js';
import { settles } from '../support/settles.js';

let directory: string;
let runner: PiscinaRunner;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stemedb-'));
  runner = new PiscinaRunner(2, { workerUrl: new URL('./dying-worker.ts', import.meta.url) });
});

afterEach(async () => {
  await settles('the close', runner.close());
  await rm(directory, { recursive: true });
});

/** The next `count` jobs kill their worker: `exit` ends the thread, `throw` lets it fail outside of the job. */
async function killWorkers(count: number, how: 'exit' | 'throw'): Promise<void> {
  for (let i = 0; i < count; i++) await writeFile(join(directory, `kill-${how}-${i}`), '');
}

async function flush(number: number): Promise<readonly TableMetadata[]> {
  const job = flushJob(number, [['a', number, 'x']], settingsWith({ directory }));
  return (await settles('the flush', runner.run(job))).tables;
}

describe('a job whose worker dies', () => {
  it.each(['exit', 'throw'] as const)('by %s is run again, and what it began is overwritten', async (how) => {
    await killWorkers(1, how);
    const [table] = await flush(3);
    expect(await readdir(directory)).toEqual(['000003.sst']);
    expect(await readFile(join(directory, '000003.sst'))).toHaveLength(table.fileBytes);
  });

  it('leaves none of the files that the second run did not need', async () => {
    const tables = await flush(3);
    await killWorkers(2, 'exit');
    const job = compactionJob(tables, { settings: settingsWith({ directory }), numbers: [10, 11, 12] });
    const merged = await settles('the compaction', runner.run(job));
    expect(merged.tables.map(({ number }) => number)).toEqual([10]);
    expect(await readdir(directory)).toEqual(['000003.sst', '000010.sst']);
  });

  it('every time fails by its name, and leaves no file', async () => {
    await killWorkers(4, 'exit');
    await expect(flush(3)).rejects.toMatchObject({
      code: 'STEME_INTERNAL',
      message: expect.stringMatching(/flush to table 3 died 4 times.*exited with code: 7/),
    });
    expect(await readdir(directory)).toEqual([]);
  });

  it('and the worker in its place too, before that is ready, is run all the same', async () => {
    const workers = collectWorkers();
    await flush(3);
    for (const worker of [...workers]) await worker.terminate();
    const job = flush(4);
    for (const worker of [...workers]) await worker.terminate();
    expect(await job).toHaveLength(1);
  });

  it('every time does not take the pool with it', async () => {
    await killWorkers(4, 'throw');
    await expect(flush(3)).rejects.toMatchObject({ message: expect.stringContaining('out of luck') });
    expect(await flush(4)).toHaveLength(1);
  });
});
