import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import type { StemeError } from '../../src/base/errors.js';
import { KIB } from '../../src/base/limits.js';
import { Prng } from '../../src/base/prng.js';
import type { Database } from '../../src/engine/api.js';
import type { Options } from '../../src/engine/options.js';
import { realFileSystem } from '../../src/fs/real-file-system.js';
import { PiscinaRunner } from '../../src/runner/piscina-runner.js';
import { openWith, testEnvironment } from '../../src/testing.js';
import { temporaryDirectory } from '../cli/cli-harness.js';
import { collectWorkers } from '../support/collect-workers.js';
import { settles } from '../support/settles.js';
import { expectNoLeftovers } from './expect-no-leftovers.js';
import { entriesOf } from './scan.js';

const OPTIONS: Options = {
  memtableBytes: 64 * KIB,
  tableBytes: 64 * KIB,
  baseLevelBytes: 128 * KIB,
  // Large enough values go to blob files: they must not be left behind either.
  blobThreshold: KIB,
  threads: 2,
};
const ATTEMPTS = 4;

let directory: string;
let warnings: StemeError[];

beforeEach(async () => {
  directory = await temporaryDirectory();
  warnings = [];
});

function openWithWorkers(workerUrl: URL, options: Options = {}): Promise<Database> {
  const createRunner = ({ threads }: { threads: number }) => new PiscinaRunner(threads, { workerUrl });
  const onWarning = (warning: StemeError): number => warnings.push(warning);
  return openWith(directory, { ...OPTIONS, ...options }, testEnvironment(realFileSystem, { createRunner, onWarning }));
}

const openWithDyingWorkers = (options?: Options): Promise<Database> =>
  openWithWorkers(new URL('../runner/dying-worker.ts', import.meta.url), options);
const openWithGoodWorkers = (options?: Options): Promise<Database> =>
  openWithWorkers(new URL('../../workers/job-worker.ts', import.meta.url), options);

/** The next `count` jobs of this kind kill their worker. */
async function killWorkers(how: string, count = 1): Promise<void> {
  for (let i = 0; i < count; i++) await writeFile(join(directory, `kill-${how}-${i}`), '');
}

/** Of every third record so large that it goes to a blob file. */
function valueAt(index: number): Buffer {
  const prng = new Prng(index + 1);
  return Buffer.from(prng.fill(new Uint8Array(index % 3 === 0 ? 1500 : 200)));
}

const keyAt = (index: number): string => `key-${String((index * 7919) % 100_003).padStart(6, '0')}`;

async function putRecords(db: Database, first: number, end: number): Promise<void> {
  const indexes = Array.from({ length: end - first }, (_, offset) => first + offset);
  await Promise.all(indexes.map((index) => db.put(keyAt(index), valueAt(index))));
}

async function expectRecords(db: Database, count: number): Promise<void> {
  const expected = Array.from({ length: count }, (_, index): [string, Buffer] => [keyAt(index), valueAt(index)]);
  expected.sort(([a], [b]) => (a < b ? -1 : 1));
  const found = await entriesOf(db);
  expect(found.map(([key]) => key)).toEqual(expected.map(([key]) => key));
  const wrong = found.filter(([, value], place) => !value.equals(expected[place][1]));
  expect(wrong).toEqual([]);
}

async function closeAndExpectNoLeftovers(db: Database): Promise<void> {
  await settles('the compaction', db.compact());
  await settles('the close', db.close());
  await expectNoLeftovers(directory);
  expect((await readdir(directory)).filter((name) => name.startsWith('kill-'))).toEqual([]);
}

describe('a worker that dies in the middle of', () => {
  it.each([
    ['a flush', 'exit-flush'],
    ['a flush', 'throw-flush'],
    ['a flush whose files are whole', 'exit-late-flush'],
    ['a compaction', 'exit-compaction'],
    ['a compaction', 'throw-compaction'],
    ['a compaction whose files are whole', 'exit-late-compaction'],
  ])('%s (%s) costs nothing but the time to do it again', async (_, how) => {
    const db = await openWithDyingWorkers({ autoCompact: false });
    await killWorkers(how, 2);
    await putRecords(db, 0, 400);
    await settles('the flush', db.flush());
    await settles('the compaction', db.compact());
    await expectRecords(db, 400);
    expect(warnings).toEqual([]);
    await closeAndExpectNoLeftovers(db);
  });

  it('a bulk load writes its tables again', async () => {
    const db = await openWithDyingWorkers();
    await killWorkers('exit-bulk-load', 2);
    const entries = Array.from({ length: 400 }, (_, index): [string, Buffer] => [keyAt(index), valueAt(index)]);
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    await settles('the load', db.bulkLoad(entries));
    await expectRecords(db, 400);
    await closeAndExpectNoLeftovers(db);
  });
});

describe('a worker that dies of the same job every time', () => {
  it('of a flush: the database is read-only with what it acknowledged, and another open finds all of it', async () => {
    const db = await openWithDyingWorkers();
    await killWorkers('exit-flush', ATTEMPTS);
    await putRecords(db, 0, 50);
    const flush = settles('the flush', db.flush());
    await expect(flush).rejects.toMatchObject({ code: 'STEME_BACKGROUND', cause: { code: 'STEME_INTERNAL' } });
    await expect(db.put('more', 'x')).rejects.toMatchObject({ code: 'STEME_BACKGROUND' });
    await expectRecords(db, 50);
    await settles('the close', db.close());
    expect((await readdir(directory)).filter((name) => /\.(sst|blob)$/.test(name))).toEqual([]);

    const reopened = await openWithGoodWorkers();
    await expectRecords(reopened, 50);
    await putRecords(reopened, 50, 400);
    await expectRecords(reopened, 400);
    await closeAndExpectNoLeftovers(reopened);
  });

  it('of a compaction that was asked for: the call fails by its name, and the next one succeeds', async () => {
    const db = await openWithDyingWorkers({ autoCompact: false });
    await putRecords(db, 0, 200);
    await db.flush();
    await killWorkers('exit-compaction', ATTEMPTS);
    const compaction = settles('the compaction', db.compact());
    await expect(compaction).rejects.toMatchObject({ code: 'STEME_INTERNAL', message: /compaction .* died 4 times/ });
    await putRecords(db, 200, 300);
    await expectRecords(db, 300);
    await closeAndExpectNoLeftovers(db);
  });

  it('of a compaction of its own: it warns, writes go on, and after a pause it is made', async () => {
    const db = await openWithDyingWorkers();
    await killWorkers('exit-compaction', ATTEMPTS);
    let written = 0;
    while (db.stats().compactions.count === 0) {
      await settles('some writes', putRecords(db, written, written + 50));
      written += 50;
      await db.flush();
      // Enough for a compaction to be due.
      if (written >= 1000) await delay(20);
      if (written >= 1000) await settles('the compaction of its own', untilCompacted(db));
    }
    const died = warnings.filter(({ message }) => message.includes('died 4 times'));
    expect(died).toMatchObject([{ code: 'STEME_IO', cause: { code: 'STEME_INTERNAL' } }]);
    await expectRecords(db, written);
    await closeAndExpectNoLeftovers(db);
  });
});

async function untilCompacted(db: Database): Promise<void> {
  while (db.stats().compactions.count === 0) await delay(5);
}

// law 12: whatever a worker leaves behind is nobody's until its answer is in the manifest.
describe('worker threads that are terminated', () => {
  it.each([1, 2])('again and again while jobs run (seed %i) lose nothing and leave nothing', async (seed) => {
    const workers = collectWorkers();
    const prng = new Prng(seed);
    const db = await openWithGoodWorkers();
    let written = 0;
    let kills = 0;
    const jobsDone = (): number => db.stats().flushes.count + db.stats().compactions.count;
    for (let round = 0; round < 6; round++) {
      const doneBefore = jobsDone();
      let isKilled = false;
      // One kill a round, and a job that gets done after it: a job that meets four kills is given up.
      while (!isKilled || jobsDone() <= doneBefore) {
        await settles('some writes', putRecords(db, written, written + 60));
        written += 60;
        const { memtables, compactions } = db.stats();
        if (isKilled || memtables.sealedCount + compactions.runningCount === 0) continue;
        await delay(prng.below(10));
        kills += workers.size;
        for (const worker of [...workers]) await worker.terminate();
        isKilled = true;
      }
    }
    expect(kills).toBeGreaterThan(0);
    await settles('the flush', db.flush());
    await expectRecords(db, written);
    await closeAndExpectNoLeftovers(db);
    await using reopened = await openWithGoodWorkers();
    await expectRecords(reopened, written);
  });
});
