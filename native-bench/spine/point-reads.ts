import { setTimeout as delay } from 'node:timers/promises';
import { Prng } from '../../src/base/prng.js';
import { SampleSet } from '../support/samples.js';
import { ingestAsync } from './async-ingest.js';
import type { BenchData } from './bench-data.js';
import type { BenchEngine } from './bench-engine.js';
import type { Measurements, WorkloadContext } from './workload.js';

/** Spread over all blocks yet few enough that every block they are in fits the cache of either engine. */
const HOT_KEYS = 10_000;
const IN_FLIGHT = 16;
/** How often the clock is asked; between two looks the loop does nothing but read. */
const READS_PER_LOOK = 500;
const LATENCY_SAMPLES = 20_000;
/** Either engine may still flush and compact after the load, and would read slower meanwhile. */
const SETTLE_MS = 3000;

/** Reads of 1 M keys right after the load, after a reopen, and after a full compaction. */
export async function pointReadsWorkload(context: WorkloadContext): Promise<Measurements> {
  const { data, openEngine, recordCount } = context;
  const measured: Measurements = {};
  const hot = pickKeys(data, recordCount, Math.min(HOT_KEYS, recordCount));
  let engine = await openEngine();
  await ingestAsync(engine, data, recordCount);
  await delay(SETTLE_MS);
  Object.assign(measured, await measureReads(engine, hot, context, 'Loaded'));
  await engine.close();
  engine = await openEngine();
  Object.assign(measured, await measureReads(engine, hot, context, 'Reopened'));
  await engine.compact();
  Object.assign(measured, await measureReads(engine, hot, context, 'Compacted'));
  const everywhere = pickKeys(data, recordCount, recordCount / 5);
  measured.getSyncUniformPerS = rateOfSyncReads(engine, everywhere, context.durationMs / 5);
  await engine.close();
  return measured;
}

function pickKeys(data: BenchData, recordCount: number, count: number): Buffer[] {
  const random = new Prng(count);
  return Array.from({ length: count }, () => data.key(random.below(recordCount)));
}

async function measureReads(
  engine: BenchEngine,
  keys: readonly Buffer[],
  { durationMs }: WorkloadContext,
  state: string,
): Promise<Measurements> {
  // The warm-up pass: it fills the caches of both engines and lets the compiler settle.
  for (const key of keys) if (engine.getSync(key) === undefined) throw new Error('a loaded key is not there');
  const sliceMs = durationMs / 5;
  const latencyMs = new SampleSet();
  for (let i = 0; i < LATENCY_SAMPLES; i++) {
    const startMs = performance.now();
    engine.getSync(keys[i % keys.length]);
    latencyMs.add(performance.now() - startMs);
  }
  return {
    [`getSync${state}PerS`]: rateOfSyncReads(engine, keys, sliceMs),
    [`getSync${state}P50Us`]: latencyMs.quantile(0.5) * 1000,
    [`getSync${state}P99Us`]: latencyMs.quantile(0.99) * 1000,
    [`get${state}PerS`]: await rateOfReads(engine, keys, sliceMs, 1),
    [`get${IN_FLIGHT}${state}PerS`]: await rateOfReads(engine, keys, sliceMs, IN_FLIGHT),
  };
}

function rateOfSyncReads(engine: BenchEngine, keys: readonly Buffer[], durationMs: number): number {
  const startMs = performance.now();
  let reads = 0;
  let elapsedMs = 0;
  while (elapsedMs < durationMs) {
    for (let i = 0; i < READS_PER_LOOK; i++) engine.getSync(keys[reads++ % keys.length]);
    elapsedMs = performance.now() - startMs;
  }
  return (reads / elapsedMs) * 1000;
}

async function rateOfReads(
  engine: BenchEngine,
  keys: readonly Buffer[],
  durationMs: number,
  readerCount: number,
): Promise<number> {
  const startMs = performance.now();
  const endMs = startMs + durationMs;
  let reads = 0;
  const read = async (): Promise<void> => {
    while (performance.now() < endMs) {
      for (let i = 0; i < READS_PER_LOOK / IN_FLIGHT; i++) await engine.get(keys[reads++ % keys.length]);
    }
  };
  await Promise.all(Array.from({ length: readerCount }, read));
  return (reads / (performance.now() - startMs)) * 1000;
}
