import type { BenchEngine, ScanOptions } from '../peers/bench-engine.js';
import { openLoaded, openLoadedWith } from './prepare.js';
import type { Meter, Workload, WorkloadContext, WorkloadFigures } from './workload.js';

export const SCAN_WORKLOADS: readonly Workload[] = [
  {
    name: 'readseq',
    description: 'keys and values of all records handed out in order, as many at a time as is fastest',
    isDurable: false,
    unit: 'rows/s',
    ratioGoal: 3,
    run: (context, meter) => scanBatched(context, {}, meter),
  },
  {
    name: 'readreverse',
    description: 'keys and values of all records handed out backwards, as many at a time as is fastest',
    isDurable: false,
    unit: 'rows/s',
    ratioGoal: 2.5,
    run: (context, meter) => scanBatched(context, { isReverse: true }, meter),
  },
  {
    name: 'readseq-rows',
    description: 'keys and values of all records by `for await`, row by row',
    isDurable: false,
    unit: 'rows/s',
    ratioGoal: 3,
    run: scanByRow,
  },
];

async function scanBatched(context: WorkloadContext, options: ScanOptions, meter: Meter): Promise<WorkloadFigures> {
  const engine = await openLoaded(context);
  return await timeScans(context, engine, () => engine.scan(options), meter);
}

async function scanByRow(context: WorkloadContext, meter: Meter): Promise<WorkloadFigures> {
  const engine = await openLoadedWith(context, 'scanByRow');
  return await timeScans(context, engine, () => engine.scanByRow(), meter);
}

/** The first scan warms up and is not timed: over cold files it would measure the disk. */
async function timeScans(
  { recordCount, durationMs }: WorkloadContext,
  engine: BenchEngine,
  scan: () => Promise<number>,
  meter: Meter,
): Promise<WorkloadFigures> {
  const scanWhole = async (): Promise<void> => {
    const rows = await scan();
    if (rows !== recordCount) throw new Error(`a scan found ${rows} of ${recordCount} records`);
  };
  await scanWhole();
  meter.start();
  const startMs = performance.now();
  let operations = 0;
  let elapsedMs = 0;
  while (elapsedMs < durationMs) {
    await scanWhole();
    operations += recordCount;
    elapsedMs = performance.now() - startMs;
  }
  meter.stop();
  await engine.close();
  return { operations, elapsedMs };
}
