import { userBytes } from './ingest.js';
import { expectFound, loadedKeys, openLoaded } from './prepare.js';
import { timeAsync } from './timed-loops.js';
import type { Meter, Workload, WorkloadContext, WorkloadFigures } from './workload.js';
import { SCAN_ROWS_MAX, YcsbClient, type YcsbMix } from './ycsb-client.js';

const CLIENT_COUNT = 64;
const OPERATIONS_PER_SAMPLE = 16;

interface YcsbWorkload {
  readonly letter: string;
  readonly mix: YcsbMix;
  readonly summary: string;
  readonly ratioGoal: number;
}

/** The six core workloads as published (Cooper et al., "Benchmarking cloud serving systems with YCSB"). */
const CORE_WORKLOADS: readonly YcsbWorkload[] = [
  { letter: 'a', mix: { updates: 0.5, keys: 'zipf' }, summary: 'half reads, half updates; zipf', ratioGoal: 3 },
  { letter: 'b', mix: { updates: 0.05, keys: 'zipf' }, summary: '95 % reads, 5 % updates; zipf', ratioGoal: 2 },
  { letter: 'c', mix: { keys: 'zipf' }, summary: 'reads; zipf', ratioGoal: 1.8 },
  {
    letter: 'd',
    mix: { inserts: 0.05, keys: 'latest' },
    summary: '95 % reads of late ones, 5 % inserts',
    ratioGoal: 1.7,
  },
  {
    letter: 'e',
    mix: { inserts: 0.05, scans: 0.95, keys: 'zipf' },
    summary: `95 % scans of 1 to ${SCAN_ROWS_MAX} rows, 5 % inserts; zipf`,
    ratioGoal: 3,
  },
  {
    letter: 'f',
    mix: { readModifyWrites: 0.5, keys: 'zipf' },
    summary: 'half reads, half read-modify-write; zipf',
    ratioGoal: 3,
  },
];

export const YCSB_WORKLOADS: readonly Workload[] = CORE_WORKLOADS.map(({ letter, mix, summary, ratioGoal }) => {
  const isDurable = letter !== 'c';
  return {
    name: `ycsb-${letter}`,
    description: `${summary}; ${CLIENT_COUNT} clients${isDurable ? ', every write durable' : ''}`,
    isDurable,
    unit: 'ops/s',
    ratioGoal,
    run: (context, meter) => runMix(context, mix, meter),
  };
});

async function runMix(context: WorkloadContext, mix: YcsbMix, meter: Meter): Promise<WorkloadFigures> {
  const { records, recordCount, seed, durationMs } = context;
  const engine = await openLoaded(context);
  const warmUp = loadedKeys(context);
  for (let i = 0; i < warmUp.length; i++) expectFound(await engine.get(warmUp.next()));
  const client = new YcsbClient({ engine, records, recordCount, seed }, mix);
  meter.start();
  const timed = await timeAsync(
    { clientCount: CLIENT_COUNT, durationMs, operationsPerSample: OPERATIONS_PER_SAMPLE },
    () => client.next(),
    expectFound,
  );
  meter.stop();
  await engine.close();
  return {
    ...timed,
    writtenUserBytes: userBytes(records, client.writes),
    liveUserBytes: userBytes(records, client.recordCount),
  };
}
