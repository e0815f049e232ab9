import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KIB, MIB } from '../../src/base/limits.js';
import type { Options } from '../../src/engine/options.js';
import { open } from '../../src/index.js';
import { temporaryDirectory } from '../cli/cli-harness.js';
import { settles } from '../support/settles.js';
import { type BatchPlan, batchAt, countBatches } from './batch-plan.js';
import { expectNoLeftovers } from './expect-no-leftovers.js';
import type { LimitedStep, LimitedTask } from './limited-writer.js';
import { startSource } from './steme-process.js';

interface Limited {
  readonly steps: readonly LimitedStep[];
  readonly acknowledged: number;
}

/** Works under the limit, in a process of its own, until it ends by itself; `ulimit` is of the shell. */
async function runLimited(limit: string, task: LimitedTask): Promise<Limited> {
  const { outcome } = startSource('test/faults/limited-writer.ts', [JSON.stringify(task)], { limit });
  const { exitCode, stdout, stderr } = await outcome;
  const lines = stdout.split('\n').filter((line) => line !== '');
  const steps = lines.map((line) => JSON.parse(line) as LimitedStep);
  expect({ exitCode, hasSteps: steps.length > 0, stderr: steps.length > 0 ? '' : stderr }).toEqual({
    exitCode: 0,
    hasSteps: true,
    stderr: '',
  });
  return { steps, acknowledged: Math.max(...steps.map((step) => step.acknowledged)) };
}

/** Every refusal has a code of ours, a message for a person, and the system's reason or the failure that it led to. */
function expectTyped(steps: readonly LimitedStep[], systemCode: string): void {
  const errors = steps.flatMap(({ error }) => (error === undefined ? [] : [error]));
  for (const error of errors) expect(error.code).toMatch(/^STEME_(IO|BACKGROUND|BUSY|CLOSED)$/);
  const byLimit = errors.filter((error) => error.systemCode === systemCode);
  expect(byLimit, JSON.stringify(steps)).not.toEqual([]);
  for (const { message } of byLimit) expect(message).toContain(`(${systemCode})`);
}

/** Without the limit everything acknowledged is there, in whole batches; writes and jobs go on; no file is left over. */
async function expectSound(directory: string, plan: BatchPlan, acknowledged: number, options: Options): Promise<void> {
  const db = await settles('the open', open(directory, options));
  const found = await countBatches(db, plan);
  expect(found).toBeGreaterThanOrEqual(acknowledged);
  await db.batch(batchAt(plan, found));
  await settles('the flush', db.flush());
  await settles('the compaction', db.compact());
  expect(await countBatches(db, plan)).toBe(found + 1);
  await settles('the close', db.close());
  await expectNoLeftovers(directory);
}

async function taskFor(options: Options, plan: BatchPlan, batches: number): Promise<LimitedTask> {
  const directory = await temporaryDirectory();
  return { directory: join(directory, 'db'), checkpoint: join(directory, 'copy'), options, plan, batches };
}

// laws 1, 7
describe.skipIf(process.platform === 'win32')('a process whose files may not get large (ulimit -f)', () => {
  /** In bash, of 1 KiB. */
  const limitOf = (bytes: number): string => `-f ${bytes / KIB}`;
  const values: BatchPlan = { seed: 11, valueBytesMax: 3000 };

  it('makes no database where a segment of the log is too large, and none is in the way later', async () => {
    const task = await taskFor({}, values, 10);
    const { steps } = await runLimited(limitOf(512 * KIB), task);
    expect(steps).toMatchObject([{ step: 'open', error: { code: 'STEME_IO', systemCode: 'EFBIG' } }]);
    await expectSound(task.directory, values, 0, task.options);
  });

  it('is refused a record that the log cannot take, keeps what was acknowledged, and says why', async () => {
    // Each batch in sixteen has values of up to 900 KB.
    const plan = { seed: 12, valueBytesMax: 9000 };
    const task = await taskFor({ memtableBytes: 4 * KIB, blobThreshold: 0 }, plan, 200);
    const { steps, acknowledged } = await runLimited(limitOf(MIB), task);
    expectTyped(steps, 'EFBIG');
    await expectSound(task.directory, plan, acknowledged, {});
  });

  it('has compactions whose table is too large: writes go on, and nothing acknowledged is lost', async () => {
    const options: Options = { memtableBytes: MIB, tableBytes: 16 * MIB, blobThreshold: 0, compression: 'none' };
    const task = await taskFor(options, values, 600);
    const { steps, acknowledged } = await runLimited(limitOf(1.5 * MIB), task);
    expect(acknowledged).toBe(600);
    const compaction = steps.find(({ step }) => step === 'compact');
    expect(compaction).toMatchObject({ error: { code: 'STEME_IO', systemCode: 'EFBIG' } });
    expectTyped(steps, 'EFBIG');
    await expectSound(task.directory, values, acknowledged, options);
  });
});

// laws 1, 5, 7
describe.skipIf(process.platform === 'win32')('a process that may not open more files (ulimit -n)', () => {
  const plan: BatchPlan = { seed: 21, valueBytesMax: 2000 };
  // Each table that is read needs a descriptor, however it is read.
  const options: Options = { memtableBytes: 64 * KIB, tableBytes: 64 * KIB, blobThreshold: 0, readMode: 'pread' };

  it.each([0, 1, 2, 4, 8])('with %i left: what is refused says so, and nothing acknowledged is lost', async (left) => {
    const task = { ...(await taskFor(options, plan, 100)), descriptorsLeft: left };
    const { steps, acknowledged } = await runLimited('-n 256', task);
    expect(acknowledged).toBeGreaterThanOrEqual(100);
    expectTyped(steps, 'EMFILE');
    await expectSound(task.directory, plan, acknowledged, options);
  });
});
