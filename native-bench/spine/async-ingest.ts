import { EventLoopDelay } from '../support/event-loop-delay.js';
import { InFlight } from '../support/in-flight.js';
import type { BenchData } from './bench-data.js';
import type { BenchEngine } from './bench-engine.js';
import type { Measurements, WorkloadContext } from './workload.js';

const BATCH_RECORDS = 1000;
const BATCHES_IN_FLIGHT = 4;

/** Writes all records in batches that do not wait for the disk; the end is durable. */
export async function ingestAsync(engine: BenchEngine, data: BenchData, recordCount: number): Promise<void> {
  const inFlight = new InFlight(BATCHES_IN_FLIGHT);
  for (let first = 0; first < recordCount; first += BATCH_RECORDS) {
    const count = Math.min(BATCH_RECORDS, recordCount - first);
    const values = new Array<Buffer>(count);
    for (let i = 0; i < count; i++) values[i] = data.value(first + i);
    await inFlight.add(engine.writeBatch(data.keys(first, count), values));
  }
  await inFlight.drain();
  await engine.makeDurable();
}

/** The time runs from the first batch to durability. Making the records costs both engines the same and is in it. */
export async function asyncIngestWorkload({ data, openEngine, recordCount }: WorkloadContext): Promise<Measurements> {
  const engine = await openEngine();
  const delay = new EventLoopDelay();
  delay.start();
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  await ingestAsync(engine, data, recordCount);
  const elapsedMs = performance.now() - startMs;
  const cpu = process.cpuUsage(cpuBefore);
  delay.stop();
  const counters = engine.counters();
  await engine.close();
  return {
    asyncIngestPerS: (recordCount / elapsedMs) * 1000,
    asyncIngestCpuUs: (cpu.user + cpu.system) / recordCount,
    asyncIngestEventLoopP99Ms: delay.p99Ms,
    asyncIngestEventLoopMaxMs: delay.maxMs,
    ...counters,
  };
}
