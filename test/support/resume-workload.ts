import { StemeError } from '../../src/base/errors.js';
import { Prng } from '../../src/base/prng.js';
import type { BulkLoadEntry, Database, Snapshot } from '../../src/engine/api.js';
import type { Options } from '../../src/engine/options.js';
import type { FaultRule } from '../../src/fs/faulty-file-system.js';
import { FaultyFileSystem } from '../../src/fs/faulty-file-system.js';
import type { FileOperation } from '../../src/fs/file-operation.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { interceptFileSystem } from '../../src/fs/intercepted-file-system.js';
import { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import type { Crash } from './crash-workload.js';
import { checkCrash, drawOperations, KEYS, optionsOf, write } from './crash-workload.js';
import { outcomeOf, settles } from './settles.js';
import { entriesOf, openOn } from './test-database.js';
import { WriteHistory } from './write-history.js';

/** Where a full disk ends a database; elsewhere it goes on by itself, a second later. */
const LOG_OR_MANIFEST = /\.log$|MANIFEST|CURRENT/;
const ATTEMPTS_MAX = 100;

export interface ResumeRunReport {
  readonly resumeCount: number;
  readonly refusedCount: number;
  readonly crashCount: number;
}

/** A moment with what it shows, to be looked at again later. */
interface View {
  readonly snapshot: Snapshot;
  readonly entries: readonly [string, string][];
}

function drawRules(prng: Prng): FaultRule[] {
  return Array.from({ length: 4 }, () => ({
    kind: prng.pick(['write', 'write', 'open', 'rename'] as const),
    path: LOG_OR_MANIFEST,
    nth: 4 + prng.below(80),
    times: 1 + prng.below(4),
    error: prng.pick(['ENOSPC', 'EDQUOT']),
    effect: prng.pick(['fail', 'short-write'] as const),
  }));
}

/** A seeded run on a disk that is full now and then; each time the database is resumed and goes on. Crashes all the way. */
class ResumeWorkload {
  readonly #prng: Prng;
  readonly #disk = new MemoryFileSystem();
  readonly #fileSystem: FileSystem;
  readonly #options: Options;
  #history = new WriteHistory();
  #inFlight: Promise<void>[] = [];
  #failures: unknown[] = [];
  #view: View | undefined;
  /** Crashes are drawn only while the database goes on after a failure. */
  #isResuming = false;
  readonly crashes: Crash[] = [];
  resumeCount = 0;
  refusedCount = 0;

  constructor(prng: Prng) {
    this.#prng = prng;
    this.#options = optionsOf(prng);
    const announce = (operation: FileOperation): undefined => this.#mayCrash(operation);
    this.#fileSystem = new FaultyFileSystem(interceptFileSystem(this.#disk, announce, announce), drawRules(prng));
  }

  async run(stepCount: number): Promise<void> {
    let db = await this.#open();
    for (let step = 0; step < stepCount; step++) {
      const dice = this.#prng.below(100);
      if (dice < 70) this.#write(db);
      else if (dice < 80) await this.#settle();
      else if (dice < 88) await this.#note('a flush', db.flush());
      else if (dice < 91) await this.#note('a compaction', db.compact());
      else if (dice < 95) await this.#load(db);
      else if (dice < 98) await this.#look(db);
      else {
        await this.#close(db);
        db = await this.#open();
      }
      if (db.stats().backgroundError !== undefined) await this.#resume(db);
    }
    await this.#close(db);
  }

  async #open(): Promise<Database> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const opened = await outcomeOf('the open', openOn(this.#fileSystem, this.#options));
      if ('error' in opened) continue;
      // A close that found no room has left it open which of the refused writes are there.
      const count = this.#history.matchingCount(new Map(await entriesOf(opened.value)), this.#history.bounds('kill'));
      if (count === undefined) throw new Error('what was reopened is no state of the history');
      this.#history = this.#history.cutTo(count);
      return opened.value;
    }
    throw new Error('the database cannot be opened');
  }

  #write(db: Database): void {
    const operations = drawOperations(this.#prng, `${this.#history.count}:`);
    const count = this.#history.add(operations);
    const sync = this.#prng.chance(0.5);
    const noted = outcomeOf('a write', write(db, operations, { sync })).then((outcome) => {
      if ('error' in outcome) this.#failures.push(outcome.error);
      else this.#history.acknowledge(count, sync);
    });
    this.#inFlight.push(noted);
  }

  async #load(db: Database): Promise<void> {
    await this.#settle();
    const first = this.#prng.below(KEYS.length - 5);
    const entries: BulkLoadEntry[] = KEYS.slice(first, first + 5).map((key) => [key, `load ${this.#history.count}`]);
    const count = this.#history.add(entries.map(([key, value]) => ({ type: 'put' as const, key, value })));
    if (await this.#note('a bulk load', db.bulkLoad(entries))) this.#history.acknowledge(count, true);
  }

  /** Keeps a view of this moment, in the place of the one before. */
  async #look(db: Database): Promise<void> {
    await this.#settle();
    await this.#checkPresent(db);
    await this.#checkView(db);
    this.#view?.snapshot.close();
    const snapshot = db.snapshot();
    this.#view = { snapshot, entries: await entriesOf(db, { snapshot }) };
  }

  /** With nothing in flight, readers see what was acknowledged and nothing else. */
  async #checkPresent(db: Database): Promise<void> {
    const { ackedCount } = this.#history;
    const found = new Map(await entriesOf(db));
    if (this.#history.matchingCount(found, { floor: ackedCount, ceiling: ackedCount }) === undefined) {
      throw new Error('readers see something else than what was acknowledged');
    }
  }

  async #checkView(db: Database): Promise<void> {
    if (this.#view === undefined) return;
    const { snapshot, entries } = this.#view;
    const found = await entriesOf(db, { snapshot });
    if (JSON.stringify(found) !== JSON.stringify(entries)) throw new Error('a snapshot shows something else now');
  }

  async #note(what: string, promise: Promise<unknown>): Promise<boolean> {
    const outcome = await outcomeOf(what, promise);
    if ('error' in outcome) this.#failures.push(outcome.error);
    return !('error' in outcome);
  }

  async #settle(): Promise<void> {
    await settles('writes in flight', Promise.all(this.#inFlight));
    this.#inFlight = [];
  }

  async #resume(db: Database): Promise<void> {
    await this.#settle();
    for (const error of this.#failures.splice(0)) {
      this.refusedCount++;
      if (error instanceof StemeError && error.code === 'STEME_BACKGROUND') continue;
      throw new Error(`refused with ${error}`, { cause: error });
    }
    this.#isResuming = true;
    await this.#resumeAtLast(db);
    this.#isResuming = false;
    this.resumeCount++;
    // From here on nothing that was refused has ever been, and all that was acknowledged is safe.
    this.#history = this.#history.cutTo(this.#history.ackedCount);
    this.#crash('kill', 'after it was resumed');
    this.#crash('power loss', 'after it was resumed');
    await this.#checkPresent(db);
    await this.#checkView(db);
  }

  async #resumeAtLast(db: Database): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const outcome = await outcomeOf('resume', db.resume());
      if (!('error' in outcome)) return;
    }
    throw new Error('the database cannot be resumed');
  }

  async #close(db: Database): Promise<void> {
    const { count } = this.#history;
    this.#view = undefined;
    const isClosed = await this.#note('the close', db.close());
    await this.#settle();
    if (isClosed && this.#failures.length === 0) this.#history.acknowledge(count, true);
    this.#failures = [];
  }

  #mayCrash({ kind, path }: FileOperation): undefined {
    if (!this.#isResuming || !this.#prng.chance(0.2)) return;
    this.#crash(this.#prng.pick(['kill', 'power loss'] as const), `at ${kind} ${path}, while it was resumed`);
  }

  #crash(kind: Crash['kind'], moment: string): void {
    const disk = kind === 'kill' ? this.#disk.clone() : this.#disk.crashClone(this.#prng.nextUint32());
    this.crashes.push({ kind, disk, history: this.#history, bounds: this.#history.bounds(kind), moment });
  }
}

/** One run, and a check of what each of its crashes has left. Throws where anything is lost, invented or wrong. */
export async function runResumes(seed: number): Promise<ResumeRunReport> {
  const prng = new Prng(seed);
  const workload = new ResumeWorkload(prng);
  await workload.run(120);
  const { crashes, resumeCount, refusedCount } = workload;
  for (const crash of crashes) await checkCrash(crash, prng);
  return { resumeCount, refusedCount, crashCount: crashes.length };
}
