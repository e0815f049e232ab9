import { Prng } from '../../src/base/prng.js';
import type { BatchOperation, Database, EntryIterator, Snapshot } from '../../src/engine/api.js';
import type { Options } from '../../src/engine/options.js';
import type { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import type { OutputOf, WorkerJob } from '../../src/jobs/job.js';
import { valueAt, type WriteHistory } from '../support/write-history.js';
import { type CheckpointRecord, type CrashPoint, CrashRecorder } from './crash-recorder.js';
import type { QuarantineHistory } from './quarantine-history.js';
import { QuarantineLife } from './quarantine-life.js';
import {
  boundsOf,
  checkRange,
  checkScans,
  contentsOf,
  describeContents,
  entriesWithin,
  expectEntries,
} from './reading.js';
import type { SimulatedWorld } from './simulated-world.js';
import { ALL_KEYS, CONDITION_KEYS, keyAt, type Step, type StepOf, valueText } from './step.js';
import { batchOperation, ttlOf, writeOne } from './step-writes.js';
import { codeOf, Violation, violationOf } from './violation.js';

interface OpenSnapshot {
  readonly snapshot: Snapshot;
  readonly contents: ReadonlyMap<string, string>;
}

interface OpenIterator {
  readonly iterator: EntryIterator;
  readonly rest: readonly [string, string][];
}

export interface LifePlan {
  readonly disk: MemoryFileSystem;
  readonly history: WriteHistory;
  readonly quarantine: QuarantineHistory;
  readonly options: Options;
  readonly steps: readonly Step[];
  readonly seed: number;
  /** Of what decides what a crash takes, so much is crashed at. */
  readonly crashChance: number;
}

/** One life of a database on a disk: opened, worked with, closed, and crashed in clones of its disk all the while. */
export class Life {
  readonly history: WriteHistory;
  readonly quarantine: QuarantineHistory;
  readonly checkpoints: CheckpointRecord[] = [];
  readonly #world: SimulatedWorld;
  readonly #plan: LifePlan;
  readonly #recorder: CrashRecorder;
  readonly #quarantineLife: QuarantineLife;
  readonly #inFlight = new Set<Promise<void>>();
  /** Flushes and compactions that nobody waits for. */
  readonly #background = new Set<Promise<void>>();
  readonly #snapshots = new Map<number, OpenSnapshot>();
  readonly #iterators = new Map<number, OpenIterator>();
  /** What was visible when a flush job started. */
  readonly #visibleAtStart = new Map<WorkerJob, number>();
  #options: Options;
  /** Only while it may be used. */
  #db: Database | undefined;
  #problem: Violation | undefined;
  operationCount = 0;
  isOpening = false;

  constructor(world: SimulatedWorld, plan: LifePlan) {
    this.#world = world;
    this.#plan = plan;
    this.#options = plan.options;
    this.history = plan.history;
    this.quarantine = plan.quarantine;
    this.#quarantineLife = new QuarantineLife({
      world,
      history: plan.quarantine,
      follow: (what, work) => this.#followWork(what, work),
      isOpen: () => this.#db !== undefined,
    });
    this.#recorder = new CrashRecorder(world, plan.disk, new Prng(plan.seed ^ 0x2545f491), this, plan.crashChance);
  }

  /** For whoever takes them out one by one. */
  get crashes(): CrashPoint[] {
    return this.#recorder.crashes;
  }

  get quarantinedCount(): number {
    return this.#quarantineLife.appendedCount;
  }

  get replayedCount(): number {
    return this.#quarantineLife.replayedCount;
  }

  async run(): Promise<void> {
    try {
      await this.#open();
      for (const step of this.#plan.steps) {
        this.#world.trace.add(`step ${step.id}`);
        await this.#execute(step);
        this.#throwProblem();
      }
      await this.#close();
    } finally {
      this.#recorder.stop();
    }
  }

  /** Reads everything at this moment and holds it against the history: from now on what was seen must stay (law 2). */
  look(): Map<string, string> | undefined {
    const db = this.#db;
    if (db === undefined) return undefined;
    const contents = contentsOf(db);
    this.operationCount += ALL_KEYS.length;
    const bounds = this.history.bounds('kill');
    const count = this.history.matchingCount(contents, bounds, this.#world.nowMs);
    if (count === undefined) {
      const range = `${bounds.floor} to ${bounds.ceiling}`;
      this.#problem ??= new Violation(`a reader sees no state after ${range} writes: ${describeContents(contents)}`);
    } else {
      this.history.noteVisible(count);
    }
    this.#quarantineLife.look(db);
    return contents;
  }

  async #open(): Promise<void> {
    const watch = {
      started: (job: WorkerJob) => this.#noteJobStart(job),
      ended: (job: WorkerJob, output: OutputOf<WorkerJob>) => this.#checkJobEnd(job, output),
    };
    this.isOpening = true;
    this.#db = await this.#world.open(this.#recorder.fileSystem, this.#options, watch);
    this.isOpening = false;
    // What recovery found is synced before anybody reads it (law 2).
    this.history.acknowledge(this.history.count, true);
    this.#lookClosely();
    await this.#quarantineLife.inspect(this.#db);
  }

  async #close(): Promise<void> {
    const db = this.#openDb();
    for (const { snapshot } of this.#snapshots.values()) snapshot.close();
    this.#snapshots.clear();
    this.#iterators.clear();
    const { count } = this.history;
    this.#db = undefined;
    await this.#world.settles('the close', db.close());
    await this.#settleAll();
    this.history.acknowledge(count, true);
    this.#throwProblem();
  }

  #openDb(): Database {
    if (this.#db === undefined) throw new Violation('the workload has no open database');
    return this.#db;
  }

  #execute(step: Step): Promise<void> | void {
    const db = this.#openDb();
    switch (step.kind) {
      case 'write':
        return this.#write(db, step);
      case 'putIfAbsent':
      case 'compareAndSet':
        return this.#writeIf(db, step);
      case 'transaction':
        return this.#transact(db, step);
      case 'bulkLoad':
        return this.#bulkLoad(db, step);
      case 'read': {
        const contents = this.#lookClosely();
        return checkRange(db, step.range, contents);
      }
      case 'snapshot':
        return this.#useSnapshot(db, step.slot);
      case 'iterator':
        return this.#useIterator(db, step);
      case 'sync':
        return this.#sync(db);
      case 'flush':
        return this.#work(db.flush(), step.isAwaited);
      case 'compact':
        return this.#work(db.compact(), step.isAwaited);
      case 'checkpoint':
        return this.#checkpoint(db, step.id);
      case 'settle':
        return this.#settleWrites();
      case 'goOn':
        return this.#world.goOn(step.count);
      case 'advance':
        return this.#world.time.advance(step.ms);
      case 'reopen':
        return this.#reopen(step.options);
      default:
        return this.#quarantineLife.execute(db, step.id, step);
    }
  }

  #write(db: Database, { id, operations, sync }: StepOf<'write'>): void {
    const batch = operations.map((operation, part) => batchOperation(operation, id, part));
    const count = this.history.add(batch, { wantsSync: sync, atMs: this.#world.nowMs });
    this.operationCount += batch.length;
    const [first] = batch;
    this.#follow(count, sync, batch.length > 1 ? db.batch(batch, { sync }) : writeOne(db, first, sync));
  }

  #follow(count: number, isDurable: boolean, ack: Promise<void>): void {
    const noted = ack
      .then(() => {
        this.#world.trace.add(`acknowledged ${count}`);
        this.history.acknowledge(count, isDurable);
      })
      .catch((error: unknown) => {
        this.#problem ??= violationOf(`write ${count} was refused`, error);
      })
      .finally(() => this.#inFlight.delete(noted));
    this.#inFlight.add(noted);
  }

  /** What comes of it is known beforehand: it sees every write before it. */
  #writeIf(db: Database, step: StepOf<'putIfAbsent' | 'compareAndSet'>): void {
    const atMs = this.#world.nowMs;
    const key = CONDITION_KEYS[step.conditionKey];
    const value = valueText(step.id, 0, 20);
    const stored = valueAt(this.history.state(), key, atMs);
    const isPutIfAbsent = step.kind === 'putIfAbsent';
    const expected =
      isPutIfAbsent || step.expects === 'absent' ? undefined : step.expects === 'right' ? stored : 'wrong';
    const operations: BatchOperation[] = [{ type: 'put', key, value }];
    const { sync } = step;
    // What writes nothing makes nothing durable.
    const isMet = stored === expected;
    const count = this.history.add(operations, { wantsSync: sync && isMet, atMs, condition: { key, expected } });
    this.operationCount++;
    const isDone = isPutIfAbsent
      ? db.putIfAbsent(key, value, { sync })
      : db.compareAndSet(key, expected, value, { sync });
    const ack = isDone.then((isWritten) => {
      if (isWritten !== isMet) throw new Violation(`a conditional write of ${key} was decided wrongly`);
      // Nothing was written: what it was decided by can be seen, and that is all.
      if (!isWritten) this.history.noteVisible(count);
    });
    this.#follow(count, sync && isMet, ack);
  }

  /** Nobody else writes meanwhile but its rival, so that its place in the history is known. */
  async #transact(db: Database, { id, operations, readKey, isRivalled, sync }: StepOf<'transaction'>): Promise<void> {
    const batch = operations.map((operation, part) => batchOperation(operation, id, part));
    // Else one of them may be what it meets as a conflict.
    await this.#settleWrites();
    let count = 0;
    const done = db.transaction(
      (transaction) => {
        const key = keyAt(readKey);
        transaction.getSync(key);
        for (const operation of batch) {
          if (operation.type === 'put') transaction.put(operation.key, operation.value, ttlOf(operation));
          else if (operation.type === 'del') transaction.del(operation.key);
          else transaction.deleteRange(operation.gte, operation.lt);
        }
        if (isRivalled) {
          this.#write(db, { id, kind: 'write', operations: [{ type: 'put', key: readKey, valueBytes: 30 }], sync });
        } else {
          count = this.history.add(batch, { wantsSync: sync, atMs: this.#world.nowMs });
        }
      },
      { sync },
    );
    this.operationCount += batch.length;
    if (isRivalled) {
      await this.#world.settles('a transaction', expectConflict(done));
      return;
    }
    await this.#world.settles('a transaction', done);
    this.history.acknowledge(count, sync);
  }

  /** Nobody writes meanwhile: else its place among the writes is not known. */
  async #bulkLoad(db: Database, { id, keys, valueBytes }: StepOf<'bulkLoad'>): Promise<void> {
    const entries = keys.map((key, part): [string, string] => [keyAt(key), valueText(id, part, valueBytes)]);
    const count = this.history.add(
      entries.map(([key, value]) => ({ type: 'put', key, value })),
      { wantsSync: true, atMs: this.#world.nowMs },
    );
    this.operationCount += entries.length;
    await this.#world.settles('a bulk load', db.bulkLoad(entries));
    if (entries.length > 0) this.history.acknowledge(count, true);
  }

  #useSnapshot(db: Database, slot: number): void {
    const open = this.#snapshots.get(slot);
    if (open === undefined) {
      const contents = this.look();
      if (contents !== undefined) this.#snapshots.set(slot, { snapshot: db.snapshot(), contents });
      return;
    }
    this.#snapshots.delete(slot);
    const contents = contentsOf(db, open.snapshot);
    open.snapshot.close();
    const entries = entriesWithin(contents, undefined).map(([key, value]): [Buffer, Buffer] => [
      Buffer.from(key),
      Buffer.from(value),
    ]);
    expectEntries('a snapshot, read later,', entries, entriesWithin(open.contents, undefined));
  }

  #useIterator(db: Database, { slot, range }: StepOf<'iterator'>): void {
    const open = this.#iterators.get(slot);
    if (open === undefined) {
      const contents = this.look();
      if (contents === undefined) return;
      const iterator = db.iterator(boundsOf(range));
      const expected = entriesWithin(contents, range);
      expectEntries('an iterator', iterator.nextvSync(2), expected.slice(0, 2));
      this.#iterators.set(slot, { iterator, rest: expected.slice(2) });
      return;
    }
    this.#iterators.delete(slot);
    expectEntries('an iterator, read on later,', open.iterator.nextvSync(ALL_KEYS.length), open.rest);
    void open.iterator.close();
  }

  async #sync(db: Database): Promise<void> {
    const { count } = this.history;
    await this.#world.settles('sync()', db.sync());
    this.history.acknowledge(count, true);
  }

  #work(work: Promise<void>, isAwaited: boolean): Promise<void> | void {
    const { ackedCount } = this.history;
    const noted = work
      .then(() => this.history.acknowledgeFlush(ackedCount))
      .catch((error: unknown) => {
        // The close came first.
        if (this.#db !== undefined || codeOf(error) !== 'STEME_CLOSED') {
          this.#problem ??= violationOf('a flush or compaction failed', error);
        }
      })
      .finally(() => this.#background.delete(noted));
    this.#background.add(noted);
    if (isAwaited) return this.#world.settles('a flush or compaction', noted);
  }

  #followWork(what: string, work: Promise<void>): Promise<void> {
    const noted = work
      .catch((error: unknown) => {
        this.#problem ??= violationOf(`${what} failed`, error);
      })
      .finally(() => this.#background.delete(noted));
    this.#background.add(noted);
    return noted;
  }

  async #checkpoint(db: Database, id: number): Promise<void> {
    const checkpoint = { directory: `/data/checkpoint-${id}`, floor: this.history.ackedCount, isDone: false };
    this.checkpoints.push(checkpoint);
    await this.#world.settles('a checkpoint', db.checkpoint(checkpoint.directory));
    checkpoint.isDone = true;
  }

  async #reopen(options: Options): Promise<void> {
    await this.#close();
    this.#options = options;
    await this.#open();
  }

  async #settleWrites(): Promise<void> {
    await this.#world.settles('writes in flight', Promise.all(this.#inFlight));
  }

  async #settleAll(): Promise<void> {
    await this.#settleWrites();
    await this.#world.settles('work in the background', Promise.all(this.#background));
  }

  #lookClosely(): Map<string, string> {
    const db = this.#openDb();
    const contents = this.look() ?? new Map<string, string>();
    this.#throwProblem();
    checkScans(db, contents);
    return contents;
  }

  #noteJobStart(job: WorkerJob): void {
    if (job.kind !== 'flush' || this.#db === undefined) return;
    this.#visibleAtStart.set(job, this.#db.stats().sequence.visible);
  }

  /** Law 7: what is not safe in the log is not flushed, since it may yet fail there. */
  #checkJobEnd(job: WorkerJob, output: OutputOf<WorkerJob>): void {
    const visible = this.#visibleAtStart.get(job);
    if (visible === undefined || !('tables' in output)) return;
    this.#visibleAtStart.delete(job);
    const unsafe = output.tables.find(({ largestSequence }) => largestSequence > visible);
    if (unsafe === undefined) return;
    const what = `sequence ${unsafe.largestSequence} was flushed when only ${visible} was safe in the log`;
    this.#problem ??= new Violation(what);
  }

  #throwProblem(): void {
    if (this.#problem !== undefined) throw this.#problem;
    if (this.#world.warning !== undefined) throw violationOf('the engine warns', this.#world.warning);
  }
}

async function expectConflict(done: Promise<unknown>): Promise<void> {
  try {
    await done;
  } catch (error) {
    if (codeOf(error) === 'STEME_CONFLICT') return;
    throw error;
  }
  throw new Violation('a transaction was written though another write had changed what it read');
}
