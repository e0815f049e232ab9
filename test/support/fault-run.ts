import { StemeError } from '../../src/base/errors.js';
import type { Timers } from '../../src/base/timers.js';
import { systemTimers } from '../../src/base/timers.js';
import type { BatchOperation, BulkLoadEntry, Database } from '../../src/engine/api.js';
import type { Options } from '../../src/engine/options.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { InlineRunner } from '../../src/jobs/inline-runner.js';
import { openForTest, openWith, testEnvironment } from '../../src/testing.js';
import type { Outcome } from './settles.js';
import { outcomeOf, settles } from './settles.js';
import { DIRECTORY, entriesOf, openOn } from './test-database.js';
import { WriteHistory } from './write-history.js';

/** Every read from disk is one that a fault can meet. */
const OPTIONS: Options = {
  memtableBytes: 4096,
  blockCacheBytes: 0,
  rowCacheBytes: 0,
  readMode: 'pread',
  walSync: 'fdatasync',
};
/** The same with every value in a blob file. */
export const BLOB_OPTIONS: Options = { ...OPTIONS, blobThreshold: 100 };
const CHECKPOINT = '/checkpoint';
/** How long a write waits for room. */
const DELAY_MS_MAX = 50;

/** The disk as the opening thread meets it, and as the workers do. */
export interface FaultDisks {
  readonly engine: FileSystem;
  readonly jobs: FileSystem;
}

export interface FaultRun {
  readonly history: WriteHistory;
  /** Of every call that failed. */
  readonly failures: readonly StemeError[];
  readonly warnings: readonly StemeError[];
  readonly openFailures: number;
  readonly readFailures: number;
  /** The database turned read-only. */
  readonly backgroundErrors: readonly string[];
  readonly resumeCount: number;
  /** A log was taken for torn: see docs/recovery.md for the one place where damage cannot be told apart. */
  readonly tornTails: number;
  /** What the checkpoint holds, if it was acknowledged. */
  readonly checkpoint: WriteHistory | undefined;
}

/** `STEME_BUSY`: a write that would have to wait for room on a full disk. */
const FAILURES = new Set(['STEME_IO', 'STEME_BACKGROUND', 'STEME_BUSY', 'STEME_CORRUPTION']);

/** A job that is tried again later is so soon. */
const hastyTimers: Timers = {
  after: (delayMs, callback) => systemTimers.after(delayMs / 20, callback),
  afterIdly: (delayMs, callback) => systemTimers.afterIdly(delayMs / 20, callback),
};

/**
 * Two lives of a database on a disk that fails somewhere: everything that touches files, a reopening in between. Everything must
 * come to an end, every failure must be typed, and no read may be wrong. A full disk has room again at the end: then the
 * database is resumed. Returns what was acknowledged, and what was met on the way.
 */
export async function runWithFault(disks: FaultDisks, options: Options = OPTIONS): Promise<FaultRun> {
  const run = new Run(disks, options);
  await run.life(0);
  await run.life(1);
  return run;
}

class Run implements FaultRun {
  readonly #disks: FaultDisks;
  readonly #options: Options;
  history = new WriteHistory();
  readonly failures: StemeError[] = [];
  readonly warnings: StemeError[] = [];
  readonly backgroundErrors: string[] = [];
  openFailures = 0;
  readFailures = 0;
  resumeCount = 0;
  tornTails = 0;
  checkpoint: WriteHistory | undefined;
  #writeCount = 0;

  constructor(disks: FaultDisks, options: Options) {
    this.#disks = disks;
    this.#options = options;
  }

  async life(index: number): Promise<void> {
    const db = (await this.#open()) ?? (await this.#open());
    if (db === undefined) return;
    await this.#adopt(db);
    for (let i = 0; i < 5; i++) await this.#write(db);
    await this.#note('a flush', db.flush());
    await this.#write(db);
    if (index === 0) await this.#checkpoint(db);
    await this.#note('the compaction', db.compact());
    await this.#load(db);
    await this.#write(db);
    await this.#readTwice(db);
    await this.#resume(db);
    await this.#write(db);
    await this.#readTwice(db);
    await this.#resume(db);
    const { backgroundError } = db.stats();
    if (backgroundError !== undefined) this.backgroundErrors.push(backgroundError);
    // A sync of the close may be the first to meet the fault.
    const { ackedCount } = this.history;
    const isClosed = await this.#note('the close', db.close());
    if (isClosed && backgroundError === undefined) this.history.acknowledgeFlush(ackedCount);
  }

  async #open(): Promise<Database | undefined> {
    const { engine, jobs } = this.#disks;
    const environment = testEnvironment(engine, {
      createRunner: () => new InlineRunner(jobs),
      timers: hastyTimers,
      onWarning: (warning) => this.warnings.push(warning),
    });
    const opened = await outcomeOf('the open', openWith(DIRECTORY, this.#options, environment));
    if (!('error' in opened)) return opened.value;
    this.openFailures++;
    this.failures.push(typedFailure('the open', opened));
    return undefined;
  }

  /** The state that the open found; from here on it is all that there has been. */
  async #adopt(db: Database): Promise<void> {
    const found = await this.#entries(db);
    if (found === undefined) return;
    const isTorn = db.stats().recovery.tornTail !== undefined;
    const bounds = this.history.bounds('kill');
    const count = this.history.matchingCount(found, bounds) ?? (isTorn ? this.#tornCount(found) : undefined);
    if (count === undefined) throw new Error(`a reopened database is in no state from ${bounds.floor} on`);
    this.history = this.history.cutTo(count);
  }

  #tornCount(found: ReadonlyMap<string, string>): number | undefined {
    this.tornTails++;
    return this.history.matchingCount(found, { floor: 0, ceiling: this.history.count });
  }

  async #write(db: Database): Promise<void> {
    const i = this.#writeCount++;
    const value = `${i}`.padEnd(700, 'v');
    const operations: BatchOperation[] = [`key ${i % 7}`, `tag ${i % 3}`].map((key) => ({ type: 'put', key, value }));
    const isDurable = i % 2 === 0;
    const count = this.history.add(operations);
    const ack = db.batch(operations, { sync: isDurable, maxDelayMs: DELAY_MS_MAX });
    if (await this.#noteWrite(`write ${i}`, ack)) this.history.acknowledge(count, isDurable);
  }

  async #load(db: Database): Promise<void> {
    const value = `load ${this.#writeCount}`.padEnd(300, 'v');
    const entries: BulkLoadEntry[] = ['key 2', 'load 1', 'load 2'].map((key) => [key, value]);
    const count = this.history.add(entries.map(([key]) => ({ type: 'put' as const, key, value })));
    if (await this.#noteWrite('a bulk load', db.bulkLoad(entries))) this.history.acknowledge(count, true);
  }

  async #checkpoint(db: Database): Promise<void> {
    const history = this.history.cutTo(this.history.ackedCount);
    if (await this.#note('the checkpoint', db.checkpoint(CHECKPOINT))) this.checkpoint = history;
  }

  /** On a disk that has room again: all that was acknowledged, and nothing else. */
  async #resume(db: Database): Promise<void> {
    if (db.stats().backgroundError === undefined) return;
    if (!(await this.#note('resume', db.resume()))) return;
    this.resumeCount++;
    this.history = this.history.cutTo(this.history.ackedCount);
  }

  /** The fault may meet the first look; the second must be right, or refused all the same. */
  async #readTwice(db: Database): Promise<void> {
    for (let look = 0; look < 2; look++) {
      const found = await this.#entries(db);
      if (found === undefined) continue;
      const bounds = this.history.bounds('kill');
      if (this.history.matchingCount(found, bounds) === undefined) {
        throw new Error(`reads show no state of the history from ${bounds.floor} on (${[...found.keys()]})`);
      }
      for (const [key, value] of found) this.#compare(key, value, db);
    }
  }

  #compare(key: string, value: string, db: Database): void {
    let found: string | undefined;
    try {
      found = db.getSync(key)?.toString();
    } catch (error) {
      this.readFailures++;
      this.failures.push(typedFailure('a get', { error }));
      return;
    }
    if (found !== value) throw new Error(`get and scan disagree on ${key}`);
  }

  async #entries(db: Database): Promise<ReadonlyMap<string, string> | undefined> {
    const outcome = await outcomeOf('a scan', entriesOf(db));
    if (!('error' in outcome)) return new Map(outcome.value);
    this.readFailures++;
    this.failures.push(typedFailure('a scan', outcome));
    return undefined;
  }

  /** Refused for good, or, with STEME_BACKGROUND, perhaps in the log all the same. */
  async #noteWrite(what: string, promise: Promise<unknown>): Promise<boolean> {
    const isDone = await this.#note(what, promise);
    if (!isDone && this.failures.at(-1)?.code !== 'STEME_BACKGROUND') this.history.takeBackLast();
    return isDone;
  }

  async #note(what: string, promise: Promise<unknown>): Promise<boolean> {
    const outcome = await outcomeOf(what, promise);
    if ('error' in outcome) this.failures.push(typedFailure(what, outcome));
    return !('error' in outcome);
  }
}

/** What a failure may look like to the caller: typed, with a code for a disk that refuses. */
function typedFailure(what: string, outcome: Outcome<unknown>): StemeError {
  const error = 'error' in outcome ? outcome.error : undefined;
  if (error instanceof StemeError && FAILURES.has(error.code)) return error;
  throw new Error(`${what} failed with ${error}`, { cause: error });
}

/** What the disk holds when it works again, as a state of the history. Undefined if it is none that may be. */
export async function recoveredCount(
  fileSystem: FileSystem,
  history: WriteHistory,
  crash: 'power loss' | 'kill',
): Promise<number | undefined> {
  await using db = await openOn(fileSystem, OPTIONS);
  const count = history.matchingCount(new Map(await entriesOf(db)), history.bounds(crash));
  // It is a database like any other again.
  await db.put('zz', 'works');
  await db.flush();
  return count;
}

/** Whether the checkpoint of a run, if it was acknowledged, is the database that it was made of. */
export async function isCheckpointWhole(fileSystem: FileSystem, run: FaultRun): Promise<boolean> {
  const { checkpoint } = run;
  if (checkpoint === undefined) return true;
  const db = await settles('the open of the checkpoint', openForTest(fileSystem, CHECKPOINT, OPTIONS));
  try {
    const found = new Map(await entriesOf(db));
    return checkpoint.matchingCount(found, checkpoint.bounds('power loss')) !== undefined;
  } finally {
    await settles('the close of the checkpoint', db.close());
  }
}
