/**
 * A process that writes batches with `sync: true`, reports each one acknowledged on standard output, and kills itself in
 * the middle of its work. Its one argument is a `WriterTask` as JSON.
 */
import { writeSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Options } from '../../src/engine/options.js';
import { open } from '../../src/index.js';
import { type BatchPlan, batchAt } from './batch-plan.js';

export interface WriterTask {
  readonly directory: string;
  readonly options: Options;
  readonly plan: BatchPlan;
  /** Batches on their way at the same time. */
  readonly writers: number;
  /** Flush after so many acknowledgements, so that a table and a new segment are there; 0 for never. */
  readonly flushAfter: number;
  /** The kill comes after so many acknowledgements, with the next batches on their way. */
  readonly acknowledgedMin: number;
}

/** One line of output. */
export interface Acknowledgement {
  readonly index: number;
  /** Bytes of log written by then. */
  readonly logBytes: number;
}

const STANDARD_OUTPUT = 1;

const task = JSON.parse(process.argv[2]) as WriterTask;
const db = await open(task.directory, task.options);
let nextIndex = 0;
let acknowledged = 0;

async function write(): Promise<void> {
  const index = nextIndex++;
  await db.batch(batchAt(task.plan, index), { sync: true });
  const report: Acknowledgement = { index, logBytes: db.stats().wal.writtenBytes };
  // Synchronously: nothing that was reported may be lost in a buffer of this process.
  writeSync(STANDARD_OUTPUT, `${JSON.stringify(report)}\n`);
  acknowledged++;
}

async function writeUntil(acknowledgedMin: number): Promise<void> {
  const writer = async (): Promise<void> => {
    while (acknowledged < acknowledgedMin) await write();
  };
  await Promise.all(Array.from({ length: task.writers }, writer));
}

if (task.flushAfter > 0) {
  await writeUntil(task.flushAfter);
  await db.flush();
}
await writeUntil(task.acknowledgedMin);
const onTheirWay = Array.from({ length: task.writers }, write);
await nextTurn();
process.kill(process.pid, 'SIGKILL');
await Promise.all(onTheirWay);
