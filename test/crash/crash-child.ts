/** The process that is killed: it opens the database and writes what the plan says until the end comes from outside. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { nextInstruction, report as reportLine } from '../../native-bench/support/child-process.js';
import { loadEngine } from '../../native-bench/support/engine.js';
import { InFlight } from '../../native-bench/support/in-flight.js';
import type { BatchOperation, Database } from '../../src/engine/api.js';
import type { CrashPhase } from './crash-phase.js';
import { keyOf, type PlannedRecord, type PlannedStep, type PlannedWrite, planSteps } from './crash-plan.js';
import { type CrashReport, type CrashTask, encodeReport } from './crash-protocol.js';
import { makeValue } from './crash-value.js';

const STEPS_IN_FLIGHT = 8;
/** Long enough that a write which was acknowledged too early is still missing when the kill comes. */
const EARLY_ACK_LEAD_MS = 5;
/** Long enough for the kill to fall between. */
const LOAD_HALVES_MS = 50;
/** Long enough for a later write to be acknowledged. */
const STALE_CHECKPOINT_MS = 20;
const WATCH_MS = 1;

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
    default:
      return (write) => applyAndAcknowledge(db, write);
  }
}

/** Half of it, and the other half a moment later. */
async function loadInHalves(db: Database, { records }: PlannedWrite): Promise<void> {
  const half = records.length >> 1;
  await db.bulkLoad(entriesOf(records.slice(0, half)));
  await delay(LOAD_HALVES_MS);
  await db.bulkLoad(entriesOf(records.slice(half)));
}

function entriesOf(records: readonly PlannedRecord[]): [string, Buffer][] {
  const entries = records.map(({ name }): [string, Buffer] => [keyOf(name.keyId), makeValue(name)]);
  return entries.sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Takes the steps of the plan, and says what it is doing. */
class Writer {
  readonly #db: Database;
  readonly #task: CrashTask;
  readonly #issue: Issue;
  readonly #inFlight = new InFlight(STEPS_IN_FLIGHT);
  #isClosing = false;

  constructor(db: Database, task: CrashTask) {
    this.#db = db;
    this.#task = task;
    this.#issue = issuerOf(db, task.sabotage);
  }

  /** Follows the plan to its close, or for ever. */
  async run(): Promise<void> {
    const { seed, cycle } = this.#task;
    const endWatch = watchJobs(this.#db);
    for (const step of planSteps(seed, cycle)) {
      if (step.kind === 'close') break;
      // Where it stands among the writes is known only if nothing else is on its way.
      if (step.kind === 'load') await this.#inFlight.drain();
      await this.#inFlight.add(this.#take(step).catch((error: unknown) => this.#tolerateClosed(error)));
      if (step.kind === 'load' || step.isAwaited) await this.#inFlight.drain();
    }
    endWatch();
    this.#isClosing = true;
    await during('closing', () => this.#db.close());
  }

  async #take(step: Exclude<PlannedStep, { kind: 'close' }>): Promise<void> {
    switch (step.kind) {
      case 'write':
        announce(step.writes);
        await Promise.all(step.writes.map(this.#issue));
        return;
      case 'load':
        announce(step.writes);
        await during('load', () => this.#load(step.writes[0]));
        return;
      case 'checkpoint':
        return this.#checkpoint(step.number);
      default:
        return this.#db[step.kind]();
    }
  }

  async #load(write: PlannedWrite): Promise<void> {
    if (this.#task.sabotage === 'split-load') await loadInHalves(this.#db, write);
    else await this.#db.bulkLoad(entriesOf(write.records));
    report({ kind: 'ack', index: write.index });
  }

  async #checkpoint(number: number): Promise<void> {
    const make = async (): Promise<unknown> => this.#db.checkpoint(join(this.#task.checkpoints, String(number)));
    const reportEnd = (): void => report({ kind: 'checkpoint-end', number });
    if (this.#task.sabotage === 'stale-checkpoint') {
      await make();
      const reportLate = (): void => {
        report({ kind: 'checkpoint-begin', number });
        reportEnd();
      };
      setTimeout(reportLate, STALE_CHECKPOINT_MS);
      return;
    }
    report({ kind: 'checkpoint-begin', number });
    await during('checkpoint', make);
    reportEnd();
  }

  /** A close ends the long calls, and turns away what waits to get in: that is as good as a kill. */
  #tolerateClosed(error: unknown): void {
    if (!this.#isClosing || !(error instanceof Error && 'code' in error && error.code === 'STEME_CLOSED')) throw error;
  }
}

/** Before anything of them is issued: what the kill leaves behind must have been announced. */
function announce(writes: readonly PlannedWrite[]): void {
  report({ kind: 'begin', first: writes[0].index, count: writes.length });
}

async function during<T>(phase: CrashPhase, work: () => Promise<T>): Promise<T> {
  report({ kind: 'enter', phase });
  const result = await work();
  report({ kind: 'leave', phase });
  return result;
}

/** Flushes and compactions come by themselves: looks at them all the time, and reports when they begin and end. */
function watchJobs(db: Database): () => void {
  const isActive = { flush: false, compaction: false };
  const note = (phase: 'flush' | 'compaction', isNowActive: boolean): void => {
    if (isActive[phase] === isNowActive) return;
    isActive[phase] = isNowActive;
    report({ kind: isNowActive ? 'enter' : 'leave', phase });
  };
  const timer = setInterval(() => {
    const { memtables, compactions } = db.stats();
    note('flush', memtables.sealedCount > 0);
    note('compaction', compactions.runningCount > 0);
  }, WATCH_MS);
  return () => clearInterval(timer);
}

async function main(): Promise<void> {
  const { open } = await loadEngine();
  const task = JSON.parse(await nextInstruction()) as CrashTask;
  const phase = task.mode === 'write' ? 'opening' : 'recovery';
  const db = await during(phase, () => open(task.directory, task.options));
  report({ kind: 'enter', phase: 'writing' });
  if (task.mode === 'write') await new Writer(db, task).run();
  // Until the kill.
  await delay(60_000);
}

main().catch((error: unknown) => {
  report({ kind: 'failure', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  process.exitCode = 1;
  process.exit();
});
