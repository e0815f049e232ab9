import { BenchData, KEY_BYTES } from '../spine/bench-data.js';
import { ingest, slowestWindowShare, WINDOW_MS } from './ingest.js';
import { OverwrittenKeys, RandomKeys, RECORD_BYTES, TimeOrderedKeys } from './lsm-data.js';
import type { LsmEngine } from './lsm-engine.js';
import { settled, tableBytes, writtenBytes } from './process-io.js';

export const WORKLOAD_NAMES = ['random', 'time-ordered', 'overwrite'] as const;
export type WorkloadName = (typeof WORKLOAD_NAMES)[number];

/** Figures by name; units stand at the end of each name. */
export type Measurements = Record<string, number>;

export interface WorkloadContext {
  readonly directory: string;
  readonly recordCount: number;
  readonly seed: number;
  readonly engine: LsmEngine;
}

export const WORKLOADS: Record<WorkloadName, (context: WorkloadContext) => Promise<Measurements>> = {
  random: randomWorkload,
  'time-ordered': timeOrderedWorkload,
  overwrite: overwriteWorkload,
};

const MISSING_LOOKUPS = 1_000_000;
const OVERWRITES = 5;

/** Sustained random ingest, then scans and lookups of missing keys over what it left. */
async function randomWorkload({ engine, recordCount, seed, directory }: WorkloadContext): Promise<Measurements> {
  const data = new BenchData(seed);
  const { elapsedMs, windows, gapMsMax } = await ingest(engine, new RandomKeys(seed), data, recordCount);
  await settled();
  const measurements: Measurements = {
    randomIngestPerS: (recordCount / elapsedMs) * 1000,
    randomIngestS: elapsedMs / 1000,
    randomWindowPerSMin: windows.length === 0 ? Number.NaN : (Math.min(...windows) / WINDOW_MS) * 1000,
    randomWindowShareMin: slowestWindowShare(windows),
    randomGapMsMax: gapMsMax,
    randomWriteAmplification: writtenBytes() / (recordCount * RECORD_BYTES),
    randomTableBytes: tableBytes(directory),
    ...engine.counters(),
  };
  // Once to warm up, as a scan over cold files measures the disk.
  await engine.scan(false);
  for (const direction of ['Forward', 'Reverse'] as const) {
    const startMs = performance.now();
    const rows = await engine.scan(direction === 'Reverse');
    measurements[`scan${direction}PerS`] = (rows / (performance.now() - startMs)) * 1000;
    if (rows !== recordCount) throw new Error(`a scan found ${rows} of ${recordCount} records`);
  }
  return { ...measurements, ...missingFigures(engine, seed + recordCount) };
}

/** Lookups of keys that are not there; the reads that filters did not save, beyond those they let through by mistake. */
function missingFigures(engine: LsmEngine, seed: number): Measurements {
  if (engine.countPresent === undefined) return {};
  const keys = new BenchData(seed).keys(0, MISSING_LOOKUPS);
  const before = engine.counters();
  const views = Array.from({ length: MISSING_LOOKUPS }, (_, i) => keys.subarray(i * KEY_BYTES, (i + 1) * KEY_BYTES));
  const startMs = performance.now();
  const present = engine.countPresent(views);
  const elapsedMs = performance.now() - startMs;
  if (present > 0) throw new Error(`${present} keys are present that were never written`);
  const after = engine.counters();
  const blockReads = after.blockReads - before.blockReads;
  const falsePositives = after.filterFalsePositives - before.filterFalsePositives;
  return {
    missingPerS: (MISSING_LOOKUPS / elapsedMs) * 1000,
    missingFalsePositivesPer1000: (falsePositives / MISSING_LOOKUPS) * 1000,
    missingBlockReadsPer1000: (blockReads / MISSING_LOOKUPS) * 1000,
    missingExtraReadsPer1000: (Math.max(0, blockReads - falsePositives) / MISSING_LOOKUPS) * 1000,
  };
}

async function timeOrderedWorkload({ engine, recordCount, seed }: WorkloadContext): Promise<Measurements> {
  const { elapsedMs } = await ingest(engine, new TimeOrderedKeys(seed), new BenchData(seed), recordCount);
  await settled();
  return {
    orderedIngestPerS: (recordCount / elapsedMs) * 1000,
    orderedWriteAmplification: writtenBytes() / (recordCount * RECORD_BYTES),
    ...engine.counters(),
  };
}

/** Every key is written several times over; what lies on the disk once it has settled, over what one sorted run takes. */
async function overwriteWorkload({ engine, recordCount, seed, directory }: WorkloadContext): Promise<Measurements> {
  const source = new OverwrittenKeys(seed, recordCount / OVERWRITES);
  const { elapsedMs } = await ingest(engine, source, new BenchData(seed), recordCount);
  await settled();
  const settledBytes = tableBytes(directory);
  await engine.compact();
  await settled();
  return {
    overwritePerS: (recordCount / elapsedMs) * 1000,
    overwriteSpaceAmplification: settledBytes / tableBytes(directory),
    overwriteSettledBytes: settledBytes,
    ...engine.counters(),
  };
}
