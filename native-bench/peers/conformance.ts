import { deepEqual, equal } from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Prng } from '../../src/base/prng.js';
import { KEY_BYTES } from '../workloads/workload.js';
import type { BenchEngine, OpenEngine, ScanOptions } from './bench-engine.js';

const RECORD_COUNT = 2500;
const WRITER_COUNT = 64;
/** Of the sizes that workloads write, and none; the large ones, of which there are few, are not in the page or block of their key. */
const VALUE_BYTES = [...new Array<number>(60).fill(100), 0, 1, 4096, 65_536];

/** What an adapter must do for its figures to mean anything, each part in a directory of its own. */
export const CHECKS: Readonly<Record<string, (open: OpenEngine, directory: string) => Promise<void>>> = {
  'an empty database': withEngine(checkEmpty),
  'point reads': withEngine(checkReads),
  overwrites: withEngine(checkOverwrites),
  'scans both ways': withEngine(checkScans),
  'values that are kept': withEngine(checkKeptValues),
  'durable writers': withEngine(checkDurableWriters),
  compaction: withEngine(checkCompaction),
  reopening: checkReopening,
};

export interface CheckFailure {
  readonly check: string;
  readonly error: Error;
}

/** Runs all checks on an engine in directories below `directory`. */
export async function conformanceFailures(open: OpenEngine, directory: string): Promise<readonly CheckFailure[]> {
  const failures: CheckFailure[] = [];
  for (const [check, run] of Object.entries(CHECKS)) {
    const own = join(directory, `${check.replaceAll(' ', '-')}.db`);
    try {
      await run(open, own);
    } catch (error) {
      failures.push({ check, error: error instanceof Error ? error : new Error(String(error)) });
    }
    rmSync(own, { recursive: true, force: true });
  }
  return failures;
}

function withEngine(check: (engine: BenchEngine) => Promise<void>) {
  return async (open: OpenEngine, directory: string): Promise<void> => {
    const engine = await open(directory);
    try {
      await check(engine);
    } finally {
      await engine.close();
    }
  };
}

type Row = readonly [key: Buffer, value: Buffer];

/** Random keys in the order in which they are written. */
class Records {
  readonly keys: Buffer;
  readonly values: Buffer[] = [];
  readonly count: number;

  constructor(count: number, seed: number) {
    const random = new Prng(seed);
    const bytes = randomBytes(random, 2 * Math.max(...VALUE_BYTES));
    this.count = count;
    this.keys = randomBytes(random, count * KEY_BYTES);
    for (let i = 0; i < count; i++) this.values.push(sliceOf(bytes, random));
  }

  key(index: number): Buffer {
    return this.keys.subarray(index * KEY_BYTES, (index + 1) * KEY_BYTES);
  }

  sortedRows(): Row[] {
    return this.values.map((value, i): Row => [this.key(i), value]).sort(([a], [b]) => a.compare(b));
  }
}

/** As long as one of the values, from anywhere in the bytes. */
function sliceOf(bytes: Buffer, random: Prng): Buffer {
  const length = VALUE_BYTES[random.below(VALUE_BYTES.length)];
  const start = random.below(bytes.length - length);
  return bytes.subarray(start, start + length);
}

function randomBytes(random: Prng, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let i = 0; i < length; i++) bytes[i] = random.below(256);
  return bytes;
}

async function rowsOf(engine: BenchEngine, options: ScanOptions): Promise<Row[]> {
  const rows: Row[] = [];
  const count = await engine.scan({ ...options, onRow: (key, value) => rows.push([key, value]) });
  equal(count, rows.length, 'the rows counted are those handed out');
  return rows;
}

/** Compares without printing megabytes. */
function equalRows(actual: readonly Row[], expected: readonly Row[], what: string): void {
  equal(actual.length, expected.length, `${what}: rows`);
  actual.forEach(([key, value], i) => {
    equal(key.toString('hex'), expected[i][0].toString('hex'), `${what}: key of row ${i}`);
    equalValue(value, expected[i][1], `${what}: row ${i}`);
  });
}

function equalValue(actual: Buffer | undefined, expected: Buffer, what: string): void {
  if (actual === undefined) throw new Error(`${what} is missing`);
  if (!Buffer.isBuffer(actual)) throw new Error(`${what} is no Buffer`);
  if (!actual.equals(expected))
    throw new Error(`${what} has another value: ${actual.length} bytes of ${expected.length}`);
}

async function checkEmpty(engine: BenchEngine): Promise<void> {
  const key = Buffer.alloc(KEY_BYTES, 7);
  equal(await engine.get(key), undefined);
  if (engine.getSync) equal(engine.getSync(key), undefined);
  deepEqual(await engine.getMany([key, key]), [undefined, undefined]);
  equal(await engine.scan({}), 0);
  equal(await engine.scan({ isReverse: true, from: key, rowsMax: 5 }), 0);
  await engine.makeDurable();
  equal(await engine.scan({}), 0);
}

async function checkReads(engine: BenchEngine): Promise<void> {
  const records = new Records(RECORD_COUNT, 1);
  await engine.writeBatch(records.keys, records.values);
  for (let i = 0; i < records.count; i++) {
    equalValue(await engine.get(records.key(i)), records.values[i], `record ${i}`);
    if (engine.getSync) equalValue(engine.getSync(records.key(i)), records.values[i], `record ${i}`);
  }
  const missing = new Records(100, 2);
  for (let i = 0; i < missing.count; i++) equal(await engine.get(missing.key(i)), undefined);
  await checkGetMany(engine, records, missing);
}

/** Found and missing ones by turns, one of them twice. */
async function checkGetMany(engine: BenchEngine, records: Records, missing: Records): Promise<void> {
  const keys = Array.from({ length: 100 }, (_, i) => (i % 3 === 2 ? missing.key(i) : records.key(99 - i)));
  const values = await engine.getMany([...keys, keys[0]]);
  equal(values.length, 101);
  values.slice(0, 100).forEach((value, i) => {
    if (i % 3 === 2) equal(value, undefined);
    else equalValue(value, records.values[99 - i], `key ${i} of many`);
  });
  equalValue(values[100], records.values[99], 'the key asked for again');
}

async function checkOverwrites(engine: BenchEngine): Promise<void> {
  const old = new Records(RECORD_COUNT, 3);
  await engine.writeBatch(old.keys, old.values);
  const values = new Records(RECORD_COUNT, 4).values;
  await engine.writeBatch(old.keys, values);
  await engine.put(old.key(5), Buffer.from('put'));
  await engine.putDurable(old.key(6), Buffer.from('durable'));
  equalValue(await engine.get(old.key(5)), Buffer.from('put'), 'a put over a batch');
  equalValue(await engine.get(old.key(6)), Buffer.from('durable'), 'a durable put over a batch');
  for (let i = 7; i < old.count; i++) equalValue(await engine.get(old.key(i)), values[i], `record ${i}`);
  equal(await engine.scan({}), old.count);
}

async function checkScans(engine: BenchEngine): Promise<void> {
  const records = new Records(RECORD_COUNT, 5);
  await engine.writeBatch(records.keys, records.values);
  const up = records.sortedRows();
  for (const rows of [up, up.toReversed()]) {
    const isReverse = rows !== up;
    const way = isReverse ? 'backwards' : 'forwards';
    equalRows(await rowsOf(engine, { isReverse }), rows, way);
    for (const rowsMax of [1, 50, 999, 1000, 1001, RECORD_COUNT]) {
      equalRows(await rowsOf(engine, { isReverse, rowsMax }), rows.slice(0, rowsMax), `${rowsMax} ${way}`);
    }
    for (const at of [0, 1, 1234, RECORD_COUNT - 1]) {
      const from = rows[at][0];
      equalRows(await rowsOf(engine, { isReverse, from }), rows.slice(at), `${way} from row ${at}`);
      equalRows(
        await rowsOf(engine, { isReverse, from, rowsMax: 50 }),
        rows.slice(at, at + 50),
        `50 ${way} from row ${at}`,
      );
    }
    await checkScanFromBetween(engine, rows, isReverse);
  }
  if (engine.scanByRow) equal(await engine.scanByRow(), RECORD_COUNT);
}

/** From keys that are not there: before all, between two, after all. */
async function checkScanFromBetween(engine: BenchEngine, rows: readonly Row[], isReverse: boolean): Promise<void> {
  const random = new Prng(6);
  const betweens = Array.from({ length: 20 }, () => randomBytes(random, KEY_BYTES));
  for (const from of [...betweens, Buffer.alloc(KEY_BYTES), Buffer.alloc(KEY_BYTES, 0xff)]) {
    const expected = rows.filter(([key]) => (isReverse ? key.compare(from) <= 0 : key.compare(from) >= 0));
    equalRows(
      await rowsOf(engine, { isReverse, from, rowsMax: 7 }),
      expected.slice(0, 7),
      `from ${from.toString('hex')}`,
    );
  }
}

/** What was handed out stays as it is, whatever is read and written after it. */
async function checkKeptValues(engine: BenchEngine): Promise<void> {
  const records = new Records(RECORD_COUNT, 8);
  await engine.writeBatch(records.keys, records.values);
  const kept = await rowsOf(engine, {});
  const gets: (Buffer | undefined)[] = [];
  for (let i = 0; i < records.count; i++)
    gets.push(engine.getSync?.(records.key(i)) ?? (await engine.get(records.key(i))));
  await engine.writeBatch(records.keys, new Records(RECORD_COUNT, 9).values);
  await engine.scan({ isReverse: true });
  equalRows(kept, records.sortedRows(), 'kept rows');
  gets.forEach((value, i) => {
    equalValue(value, records.values[i], `kept value ${i}`);
  });
}

async function checkDurableWriters(engine: BenchEngine): Promise<void> {
  const records = new Records(WRITER_COUNT * 4, 10);
  let next = 0;
  const write = async (): Promise<void> => {
    while (next < records.count) {
      const index = next++;
      await engine.putDurable(records.key(index), records.values[index]);
      equalValue(await engine.get(records.key(index)), records.values[index], `acknowledged record ${index}`);
    }
  };
  await Promise.all(Array.from({ length: WRITER_COUNT }, write));
  equalRows(await rowsOf(engine, {}), records.sortedRows(), 'all durable records');
}

async function checkCompaction(engine: BenchEngine): Promise<void> {
  const records = new Records(RECORD_COUNT, 11);
  await engine.writeBatch(records.keys, records.values);
  await engine.makeDurable();
  await engine.compact();
  equalRows(await rowsOf(engine, {}), records.sortedRows(), 'compacted rows');
  for (const [name, value] of Object.entries(engine.counters())) equal(typeof value, 'number', name);
}

async function checkReopening(open: OpenEngine, directory: string): Promise<void> {
  const records = new Records(RECORD_COUNT, 12);
  const first = await open(directory);
  await first.writeBatch(records.keys, records.values);
  await first.makeDurable();
  await first.close();
  await withEngine(async (engine) => {
    equalRows(await rowsOf(engine, {}), records.sortedRows(), 'reopened rows');
    await engine.putDurable(records.key(0), Buffer.from('again'));
  })(open, directory);
  await withEngine(async (engine) => {
    equalValue(await engine.get(records.key(0)), Buffer.from('again'), 'the record written after the reopening');
    equal(await engine.scan({}), records.count);
  })(open, directory);
}
