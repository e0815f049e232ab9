import type { BenchEngine } from '../peers/bench-engine.js';
import { median, SampleSet } from '../support/samples.js';
import { userBytes } from './ingest.js';
import { checkSample, expectFound, openLoaded } from './prepare.js';
import { latencyFigures } from './timed-loops.js';
import type { Meter, Workload, WorkloadContext, WorkloadFigures } from './workload.js';

const CLEAN_OPENS = 5;
/** Where there are a million records: half of them, as many as the goal is about. */
const CRASHED_SHARE = 0.5;
/** So large that nothing is flushed of what the killed process wrote, for engines that can be told. */
const CRASHED_SETTINGS = { writeBufferBytes: 256 * 1024 * 1024 };

export const OPENING_WORKLOADS: readonly Workload[] = [
  {
    name: 'open-clean',
    description: `from the call of open to the first read, all closed before: the median of ${CLEAN_OPENS} opens`,
    isDurable: false,
    unit: 'ms',
    limits: [{ figure: 'openMsMedian', max: 20 }],
    run: openClean,
  },
  {
    name: 'open-after-crash',
    description:
      'from the call of open to the first read, after a kill with half the records acknowledged and unflushed',
    isDurable: false,
    unit: 'ms',
    ratioGoal: 5,
    ratioGoalPeer: 'classic-level',
    run: openAfterCrash,
  },
];

async function openClean(context: WorkloadContext, meter: Meter): Promise<WorkloadFigures> {
  const { records, recordCount } = context;
  const loaded = await openLoaded(context);
  await loaded.close();
  const key = records.key(recordCount - 1);
  const opensMs: number[] = [];
  let engine: BenchEngine | undefined;
  meter.start();
  for (let i = 0; i < CLEAN_OPENS; i++) {
    await engine?.close();
    const opened = await timeOpen(() => context.openEngine(), key);
    opensMs.push(opened.elapsedMs);
    engine = opened.engine;
  }
  meter.stop();
  await engine?.close();
  const samplesMs = new SampleSet(CLEAN_OPENS);
  for (const openMs of opensMs) samplesMs.add(openMs);
  return {
    operations: 1,
    elapsedMs: median(opensMs),
    latencyUs: latencyFigures(samplesMs),
    liveUserBytes: userBytes(records, recordCount),
    also: { openMsMedian: median(opensMs), openMsMax: samplesMs.max },
  };
}

async function openAfterCrash(context: WorkloadContext, meter: Meter): Promise<WorkloadFigures> {
  const { records, machine } = context;
  const recordCount = Math.ceil(context.recordCount * CRASHED_SHARE);
  await machine.writeElsewhere({ recordCount, settings: CRASHED_SETTINGS, end: 'killed' });
  // The last one written, which only the log holds.
  const key = records.key(recordCount - 1);
  meter.start();
  const { engine, elapsedMs } = await timeOpen(() => context.openEngine(CRASHED_SETTINGS), key);
  meter.stop();
  await checkSample(engine, records, recordCount);
  await engine.close();
  return { operations: 1, elapsedMs, liveUserBytes: userBytes(records, recordCount), also: { records: recordCount } };
}

async function timeOpen(
  open: () => Promise<BenchEngine>,
  key: Buffer,
): Promise<{ readonly engine: BenchEngine; readonly elapsedMs: number }> {
  const startMs = performance.now();
  const engine = await open();
  expectFound(await engine.get(key));
  return { engine, elapsedMs: performance.now() - startMs };
}
