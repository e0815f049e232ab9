import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { Arena } from '../../src/memtable/arena.js';
import { Memtable } from '../../src/memtable/memtable.js';
import type { ReaderReport, ReaderTask } from './fixtures/reader-protocol.js';
import { isReaderReport, ROUNDS_CELL, STOP_CELL, VISIBLE_CELL } from './fixtures/reader-protocol.js';
import { SeededHistory } from './fixtures/seeded-records.js';
import { insertRecord } from './memtable-model.js';

const SEED = 20;
const READERS = 2;
const BATCH_RECORDS = 100;

interface Run {
  readonly recordCount: number;
  /** Inserts go on unhindered for this many records, then wait until every reader has ended a round. */
  readonly burstRecords: number;
  /** Breaks law 2 on purpose: a batch is visible first, and inserted when the readers have had a look. */
  readonly isCanary: boolean;
}

/** The report of a reader thread; an error in it rejects. */
async function reportOf(worker: Worker): Promise<ReaderReport> {
  // `once` rejects on the worker's 'error'.
  const [message]: unknown[] = await once(worker, 'message');
  if (!isReaderReport(message)) throw new TypeError('a reader answered with something else than its report');
  return message;
}

async function run(options: Run): Promise<readonly ReaderReport[]> {
  const memtable = new Memtable(Arena.create(64 * 1024 * 1024));
  const control = new SharedArrayBuffer(4 * (ROUNDS_CELL + READERS));
  const cells = new Int32Array(control);
  const workers = Array.from({ length: READERS }, (_, reader) => {
    const { recordCount } = options;
    const workerData: ReaderTask = { share: memtable.share(), control, reader, seed: SEED, recordCount };
    return new Worker(new URL('./fixtures/start-reader.mjs', import.meta.url), { workerData });
  });
  const abort = new AbortController();
  try {
    const reports = Promise.all(workers.map(reportOf));
    // A reader that dies ends the test; without the race the writer would wait for its rounds.
    await Promise.race([writeHistory(memtable, cells, options, abort.signal), reports]);
    Atomics.store(cells, STOP_CELL, 1);
    return await reports;
  } finally {
    abort.abort();
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

async function writeHistory(memtable: Memtable, cells: Int32Array, options: Run, signal: AbortSignal): Promise<void> {
  const { recordCount, burstRecords, isCanary } = options;
  const history = new SeededHistory(SEED, recordCount);
  // Until the readers run.
  await nextRounds(cells, 1, signal);
  for (let first = 1; first <= recordCount; first += BATCH_RECORDS) {
    const last = Math.min(first + BATCH_RECORDS - 1, recordCount);
    if (isCanary) {
      Atomics.store(cells, VISIBLE_CELL, last);
      // One round may have begun before; the second saw the promise without the records.
      await nextRounds(cells, 2, signal);
    }
    for (let sequence = first; sequence <= last; sequence++) {
      insertRecord(memtable, { ...history.record(sequence), sequence });
    }
    Atomics.store(cells, VISIBLE_CELL, last);
    if (last % burstRecords === 0) await nextRounds(cells, 1, signal);
  }
}

/** Until every reader has ended `count` more rounds, or the test is over. */
async function nextRounds(cells: Int32Array, count: number, signal: AbortSignal): Promise<void> {
  const rounds = (reader: number): number => Atomics.load(cells, ROUNDS_CELL + reader);
  const wanted = Array.from({ length: READERS }, (_, reader) => rounds(reader) + count);
  while (!signal.aborted && wanted.some((target, reader) => rounds(reader) < target)) await sleep(1);
}

describe('a memtable read by other threads while this one inserts', () => {
  it('shows every reader exactly the records that are visible, in order', { timeout: 60_000 }, async () => {
    const reports = await run({ recordCount: 200_000, burstRecords: 10_000, isCanary: false });
    expect(reports.flatMap(({ violations }) => violations)).toEqual([]);
    for (const { overlappedRounds, recordsChecked } of reports) {
      expect(overlappedRounds).toBeGreaterThan(0);
      expect(recordsChecked).toBeGreaterThan(10_000);
    }
  });

  it('is caught by the readers when records become visible before they are inserted', { timeout: 60_000 }, async () => {
    const reports = await run({ recordCount: 500, burstRecords: 500, isCanary: true });
    for (const { violations } of reports) expect(violations.join('\n')).toMatch(/is not found|misses it|records at/);
  });
});
