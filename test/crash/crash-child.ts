/** The process that is killed: it opens the database and writes what the plan says until the end comes from outside. */
import { setTimeout as delay } from 'node:timers/promises';
import { nextInstruction, report as reportLine } from '../../native-bench/support/child-process.js';
import { loadEngine } from '../../native-bench/support/engine.js';
import { InFlight } from '../../native-bench/support/in-flight.js';
import type { BatchOperation, Database } from '../../src/engine/api.js';
import { keyOf, type PlannedRecord, type PlannedStep, type PlannedWrite, planSteps } from './crash-plan.js';
import { type CrashReport, type CrashTask, encodeReport } from './crash-protocol.js';
import { makeValue } from './crash-value.js';

const STEPS_IN_FLIGHT = 8;
/** Long enough that a write which was acknowledged too early is still missing when the kill comes. */
const EARLY_ACK_LEAD_MS = 5;

type Issue = (write: PlannedWrite) => Promise<void>;

function report(message: CrashReport): void {
  reportLine(encodeReport(message));
}

type PointOperation = Exclude<BatchOperation, { type: 'delRange' }>;

function toOperation({ kind, name }: PlannedRecord): PointOperation {
  const key = keyOf(name.keyId);
  return kind === 'put' ? { type: 'put', key, value: makeValue(name) } : { type: 'del', key };
}

function apply(db: Database, write: PlannedWrite): Promise<void> {
  const options = { sync: write.sync };
  const [first, ...others] = write.records.map(toOperation);
  if (others.length > 0) return db.batch([first, ...others], options);
  return first.type === 'put' ? db.put(first.key, first.value, options) : db.del(first.key, options);
}

async function applyAndAcknowledge(db: Database, write: PlannedWrite): Promise<void> {
  await apply(db, write);
  report({ kind: 'ack', index: write.index });
}

async function acknowledgeThenApply(db: Database, write: PlannedWrite): Promise<void> {
  report({ kind: 'ack', index: write.index });
  await delay(EARLY_ACK_LEAD_MS);
  await apply(db, write);
}

async function applyOneByOne(db: Database, write: PlannedWrite): Promise<void> {
  for (const record of write.records) await apply(db, { ...write, records: [record] });
  report({ kind: 'ack', index: write.index });
}

async function applyWithStowaway(db: Database, write: PlannedWrite): Promise<void> {
  const { name } = write.records[0];
  const stowaway = { ...name, write: name.write + 1_000_000 };
  await apply(db, { ...write, records: [{ kind: 'put', name: stowaway }] });
  await applyAndAcknowledge(db, write);
}

function issuerOf(db: Database, sabotage: CrashTask['sabotage']): Issue {
  switch (sabotage) {
    case 'early-ack':
      return (write) => acknowledgeThenApply(db, write);
    case 'split-batch':
      return (write) => applyOneByOne(db, write);
    case 'unannounced-write':
      return (write) => applyWithStowaway(db, write);
    case undefined:
      return (write) => applyAndAcknowledge(db, write);
  }
}

async function takeStep(db: Database, step: PlannedStep, issue: Issue): Promise<void> {
  if (step.kind !== 'write') return db[step.kind]();
  // Before anything of it is issued: what the kill leaves behind must have been announced.
  report({ kind: 'begin', first: step.writes[0].index, count: step.writes.length });
  await Promise.all(step.writes.map(issue));
}

async function writeForever(db: Database, task: CrashTask): Promise<never> {
  const issue = issuerOf(db, task.sabotage);
  const inFlight = new InFlight(STEPS_IN_FLIGHT);
  for (const step of planSteps(task.seed, task.cycle)) {
    await inFlight.add(takeStep(db, step, issue));
    if (step.isAwaited) await inFlight.drain();
  }
  throw new Error('the plan has an end');
}

async function main(): Promise<void> {
  const { open } = await loadEngine();
  const task = JSON.parse(await nextInstruction()) as CrashTask;
  report({ kind: 'opening' });
  const db = await open(task.directory, task.options);
  report({ kind: 'open' });
  if (task.mode === 'write') await writeForever(db, task);
  else await delay(60_000);
}

main().catch((error: unknown) => {
  report({ kind: 'failure', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  process.exitCode = 1;
  process.exit();
});
