import { AcknowledgedPace, slowestWindowShare } from './acknowledged-pace.js';
import { ingest, userBytes } from './ingest.js';
import { checkSample } from './prepare.js';
import type { Meter, Workload, WorkloadContext, WorkloadFigures } from './workload.js';

/** Of the records that other workloads take, and of the time: ten million and 90 s where these are one million and 5 s. */
const RECORDS_FACTOR = 10;
const DURATION_FACTOR = 18;
const DURATION_MS_MAX = 90_000;

export const SUSTAINED_WORKLOAD: Workload = {
  name: 'sustained',
  description: 'random ingest of ten times the records or for 90 s; written bytes count until the engine has settled',
  isDurable: false,
  unit: 'ops/s',
  ratioGoal: 1,
  limits: [
    { figure: 'windowShareMin', min: 0.6 },
    { figure: 'gapMsMax', max: 250 },
    { figure: 'writeAmplification', max: 3.8 },
    { figure: 'spaceAmplification', max: 0.7 },
  ],
  run: sustain,
};

async function sustain(context: WorkloadContext, meter: Meter): Promise<WorkloadFigures> {
  const { records, machine } = context;
  const engine = await context.openEngine();
  meter.start();
  const writtenBefore = machine.writtenBytes();
  const startMs = performance.now();
  const endMs = startMs + Math.min(DURATION_MS_MAX, DURATION_FACTOR * context.durationMs);
  const pace = new AcknowledgedPace(startMs);
  const timed = await ingest(engine, {
    records,
    recordCount: RECORDS_FACTOR * context.recordCount,
    isOver: () => performance.now() >= endMs,
    onAcknowledged: (count) => pace.acknowledge(count, performance.now()),
  });
  await machine.settle();
  meter.stop();
  const written = userBytes(records, timed.operations);
  const windows = pace.windows(startMs + timed.elapsedMs);
  const also = {
    windowShareMin: slowestWindowShare(windows),
    windowCount: windows.length,
    gapMsMax: pace.gapMsMax,
    writeAmplification: (machine.writtenBytes() - writtenBefore) / written,
    spaceAmplification: machine.storedBytes() / written,
  };
  await checkSample(engine, records, timed.operations);
  await engine.close();
  return { ...timed, writtenUserBytes: written, liveUserBytes: written, also };
}
