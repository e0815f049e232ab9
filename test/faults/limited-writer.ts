/**
 * A process that works under a limit of its system (`ulimit`) and says how each step of its work ended, one JSON a line on standard
 * output. Its one argument is a `LimitedTask` as JSON.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { StemeError, systemCodeOf } from '../../src/base/errors.js';
import type { Database } from '../../src/engine/api.js';
import type { Options } from '../../src/engine/options.js';
import { open } from '../../src/index.js';
import { type BatchPlan, batchAt, countBatches } from './batch-plan.js';

export interface LimitedTask {
  readonly directory: string;
  readonly checkpoint: string;
  readonly options: Options;
  readonly plan: BatchPlan;
  /** Written before the descriptors are taken away, and then again. */
  readonly batches: number;
  /** All other descriptors that the limit allows are taken; undefined: none is. */
  readonly descriptorsLeft?: number;
}

/** One line of output. */
export interface LimitedStep {
  readonly step: 'open' | 'write' | 'flush' | 'compact' | 'checkpoint' | 'read' | 'close';
  /** Batches that were acknowledged, from the first one on. */
  readonly acknowledged: number;
  readonly error?: {
    readonly code: string | undefined;
    readonly systemCode: string | undefined;
    readonly message: string;
  };
}

const STANDARD_OUTPUT = 1;

const task = JSON.parse(process.argv[2]) as LimitedTask;
let acknowledged = 0;

function report(step: LimitedStep['step'], error?: unknown): void {
  const line: LimitedStep = { step, acknowledged, ...(error !== undefined && { error: describe(error) }) };
  writeSync(STANDARD_OUTPUT, `${JSON.stringify(line)}\n`);
}

function describe(error: unknown): LimitedStep['error'] {
  const code = error instanceof StemeError ? error.code : undefined;
  return { code, systemCode: systemCodeOf(error), message: String(error) };
}

async function take(step: LimitedStep['step'], work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    report(step);
    return true;
  } catch (error) {
    report(step, error);
    return false;
  }
}

/** In order, so that what is acknowledged is a beginning of the plan. */
async function write(db: Database): Promise<void> {
  for (const end = acknowledged + task.batches; acknowledged < end; acknowledged++) {
    await db.batch(batchAt(task.plan, acknowledged), { sync: true, maxDelayMs: 3000 });
    // The first one again now and then: tables that do not overlap are never merged.
    if (acknowledged % 20 === 0) await db.batch(batchAt(task.plan, 0));
  }
}

function takeDescriptors(descriptorsLeft: number): void {
  const taken: number[] = [];
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'));
  } catch (error) {
    if (systemCodeOf(error) !== 'EMFILE') throw error;
  }
  for (const descriptor of taken.slice(0, descriptorsLeft)) closeSync(descriptor);
}

async function work(db: Database): Promise<void> {
  await take('write', () => write(db));
  await take('flush', () => db.flush());
  await take('compact', () => db.compact());
  await take('checkpoint', () => db.checkpoint(task.checkpoint));
  await take('read', () => countBatches(db, task.plan));
}

let opened: Database | undefined;
await take('open', async () => {
  opened = await open(task.directory, task.options);
});
if (opened !== undefined) {
  const db = opened;
  if (task.descriptorsLeft !== undefined) {
    await write(db);
    takeDescriptors(task.descriptorsLeft);
  }
  await work(db);
  await take('close', () => db.close());
}
// Descriptors that were taken, and workers that could not start, hold nothing up.
process.exit();
