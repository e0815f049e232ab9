import { StemeError } from '../../src/base/errors.js';
import type { Database } from '../../src/engine/api.js';
import type { Options } from '../../src/engine/options.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import type { Outcome } from './settles.js';
import { outcomeOf } from './settles.js';
import { entriesOf, openOn } from './test-database.js';
import { WriteHistory } from './write-history.js';

const OPTIONS: Options = { memtableBytes: 4096 };
/** The same with every value in a blob file. */
export const BLOB_OPTIONS: Options = { ...OPTIONS, blobThreshold: 100 };
const WRITE_COUNT = 9;

export interface FaultRun {
  readonly history: WriteHistory;
  readonly failures: readonly StemeError[];
  readonly isOpened: boolean;
}

/** The last one is a write that would have to wait for room on a full disk. */
const FAILURES = new Set(['STEME_IO', 'STEME_BACKGROUND', 'STEME_BUSY']);
/** How long a write waits for room. */
const DELAY_MS_MAX = 50;

/** What a failure may look like to the caller: typed, with a code for a disk that refuses. */
function typedFailure(what: string, { error }: { readonly error: unknown }): StemeError {
  if (error instanceof StemeError && FAILURES.has(error.code)) return error;
  throw new Error(`${what} failed with ${error}`, { cause: error });
}

/**
 * Opens, writes batches, flushes, compacts and closes on a disk that fails somewhere. Everything must come to an end, and
 * every failure must be typed. Reads must go on to the last. Returns what was acknowledged.
 */
export async function runWithFault(fileSystem: FileSystem, options = OPTIONS): Promise<FaultRun> {
  const history = new WriteHistory();
  const failures: StemeError[] = [];
  const note = (what: string, outcome: Outcome<unknown>): boolean => {
    if ('error' in outcome) failures.push(typedFailure(what, outcome));
    return !('error' in outcome);
  };
  const opened = await outcomeOf('the open', openOn(fileSystem, options));
  if (!note('the open', opened) || 'error' in opened) return { history, failures, isOpened: false };
  const db = opened.value;
  for (let i = 0; i < WRITE_COUNT; i++) {
    await writeOne(db, i, history, note);
    if (i === 5) note('a flush', await outcomeOf('a flush', db.flush()));
  }
  note('the compaction', await outcomeOf('the compaction', db.compact()));
  await writeOne(db, WRITE_COUNT, history, note);
  await checkReads(db, history);
  // A sync of the close may be the first to meet the fault.
  note('the close', await outcomeOf('the close', db.close()));
  return { history, failures, isOpened: true };
}

async function writeOne(
  db: Database,
  i: number,
  history: WriteHistory,
  note: (what: string, outcome: Outcome<unknown>) => boolean,
): Promise<void> {
  const value = `${i}`.padEnd(700, 'v');
  const operations = [`key ${i % 7}`, `tag ${i % 3}`].map((key) => ({ type: 'put' as const, key, value }));
  const count = history.add(operations);
  const outcome = await outcomeOf(`write ${i}`, db.batch(operations, { sync: i % 2 === 0, maxDelayMs: DELAY_MS_MAX }));
  if (note(`write ${i}`, outcome)) history.acknowledge(count, i % 2 === 0);
}

/** What is visible is a state of this history with all that was acknowledged in it, whatever failed. */
async function checkReads(db: Database, history: WriteHistory): Promise<void> {
  const found = new Map(await entriesOf(db));
  const count = history.matchingCount(found, history.bounds('kill'));
  if (count === undefined) throw new Error(`reads show no state of the history (${[...found.keys()]})`);
  for (const [key, value] of found) {
    if (db.getSync(key)?.toString() !== value) throw new Error(`get and scan disagree on ${key}`);
  }
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
