import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import type { BenchEngine } from '../peers/bench-engine.js';
import { InFlight } from '../support/in-flight.js';
import { SampleSet } from '../support/samples.js';
import { latencyFigures, type TimedFigures } from './timed-loops.js';
import { KEY_BYTES, type RecordSource } from './workload.js';

export const BATCH_RECORDS = 1000;
const BATCHES_IN_FLIGHT = 4;

export interface IngestPlan {
  readonly records: RecordSource;
  readonly recordCount: number;
  readonly batchRecords?: number;
  /** Default: true. */
  readonly isEndDurable?: boolean;
  /** Asked before each batch: stops early. */
  readonly isOver?: () => boolean;
  /** Called when a batch is acknowledged. */
  readonly onAcknowledged?: (records: number) => void;
}

/** Writes records in batches that do not wait for the disk, a few of them in flight, and waits for the disk at the end. */
export async function ingest(engine: BenchEngine, plan: IngestPlan): Promise<TimedFigures> {
  const { records, recordCount, batchRecords = BATCH_RECORDS, isEndDurable = true, isOver = () => false } = plan;
  const latencyMs = new SampleSet();
  const inFlight = new InFlight(BATCHES_IN_FLIGHT);
  const startMs = performance.now();
  let first = 0;
  while (first < recordCount && !isOver()) {
    const count = Math.min(batchRecords, recordCount - first);
    const beginMs = performance.now();
    const written = writeBatch(engine, records, first, count).then(() => {
      latencyMs.add(performance.now() - beginMs);
      plan.onAcknowledged?.(count);
    });
    await inFlight.add(written);
    first += count;
  }
  await inFlight.drain();
  if (isEndDurable) await engine.makeDurable();
  return { operations: first, elapsedMs: performance.now() - startMs, latencyUs: latencyFigures(latencyMs) };
}

function writeBatch(engine: BenchEngine, records: RecordSource, first: number, count: number): Promise<void> {
  const values = new Array<Buffer>(count);
  for (let i = 0; i < count; i++) values[i] = records.value(first + i);
  return engine.writeBatch(records.keys(first, count), values);
}

export interface PacedPlan {
  readonly records: RecordSource;
  /** The index of the first record. */
  readonly first: number;
  readonly recordsPerS: number;
  /** What is due waits until it is so many. */
  readonly batchRecordsMin: number;
  readonly isOver: () => boolean;
  readonly onAcknowledged: (records: number) => void;
}

/** Writes as many records as the clock allows and no more; one that fell behind catches up in larger batches. */
export async function pacedIngest(engine: BenchEngine, plan: PacedPlan): Promise<void> {
  const { records, first, recordsPerS, batchRecordsMin, isOver, onAcknowledged } = plan;
  const inFlight = new InFlight(BATCHES_IN_FLIGHT);
  const startMs = performance.now();
  let written = 0;
  while (!isOver()) {
    const dueByNow = Math.floor(((performance.now() - startMs) / 1000) * recordsPerS);
    const due = Math.min(dueByNow - written, BATCH_RECORDS);
    if (due < batchRecordsMin) {
      await delay(1);
      continue;
    }
    await inFlight.add(writeBatch(engine, records, first + written, due).then(() => onAcknowledged(due)));
    written += due;
    await turn();
  }
  await inFlight.drain();
}

export function userBytes(records: RecordSource, recordCount: number): number {
  return recordCount * (KEY_BYTES + records.valueBytes);
}
