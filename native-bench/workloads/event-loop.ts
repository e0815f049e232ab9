import type { BenchEngine } from '../peers/bench-engine.js';
import { BATCH_RECORDS, pacedIngest, userBytes } from './ingest.js';
import { checkSample } from './prepare.js';
import type { Meter, RecordSource, Workload, WorkloadContext, WorkloadFigures } from './workload.js';

const RECORDS_PER_S_MAX = 400_000;
const WARM_UP_SHARE = 0.2;

export const EVENT_LOOP_WORKLOAD: Workload = {
  name: 'eventloop',
  description: `event-loop delay while ${RECORDS_PER_S_MAX.toLocaleString('en-US')} random records/s at most are written in batches of ${BATCH_RECORDS}`,
  isDurable: false,
  unit: 'ops/s',
  limits: [
    { figure: 'eventLoopDelayMsP99', max: 3 },
    { figure: 'eventLoopDelayMsMax', max: 7 },
    { figure: 'ingestedPerS', min: 0.95 * RECORDS_PER_S_MAX },
  ],
  run: ingestPaced,
};

async function ingestPaced(context: WorkloadContext, meter: Meter): Promise<WorkloadFigures> {
  const { records, durationMs } = context;
  const engine = await context.openEngine();
  // The first batches run through code that is not compiled yet, whoever's it is.
  const warmUp = await ingestFor(engine, records, 0, WARM_UP_SHARE * durationMs);
  meter.start();
  const startMs = performance.now();
  const operations = await ingestFor(engine, records, warmUp, durationMs);
  const elapsedMs = performance.now() - startMs;
  meter.stop();
  await engine.makeDurable();
  await checkSample(engine, records, warmUp + operations);
  await engine.close();
  return {
    operations,
    elapsedMs,
    writtenUserBytes: userBytes(records, operations),
    liveUserBytes: userBytes(records, warmUp + operations),
    also: { ingestedPerS: (operations / elapsedMs) * 1000 },
  };
}

/** Returns how many records were acknowledged. */
async function ingestFor(
  engine: BenchEngine,
  records: RecordSource,
  first: number,
  durationMs: number,
): Promise<number> {
  let acknowledged = 0;
  const endMs = performance.now() + durationMs;
  await pacedIngest(engine, {
    records,
    first,
    recordsPerS: RECORDS_PER_S_MAX,
    batchRecordsMin: BATCH_RECORDS,
    // One batch at least, however short the run.
    isOver: () => acknowledged > 0 && performance.now() >= endMs,
    onAcknowledged: (count) => {
      acknowledged += count;
    },
  });
  return acknowledged;
}
