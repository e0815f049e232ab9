import { userBytes } from './ingest.js';
import { keysAhead } from './keys-ahead.js';
import { checkSample } from './prepare.js';
import { timeAsync } from './timed-loops.js';
import type { Meter, Workload, WorkloadContext, WorkloadFigures } from './workload.js';

const WRITER_COUNTS = [1, 8, 64, 512];
const RATIO_GOALS: ReadonlyMap<number, number> = new Map([
  [1, 1.5],
  [64, 1.5],
]);

export const FILLSYNC_WORKLOADS: readonly Workload[] = WRITER_COUNTS.map((writerCount) => ({
  name: `fillsync-${writerCount}`,
  description: `single records with random keys, ${writerCount === 1 ? 'one writer' : `${writerCount} writers`}, each durable before the next`,
  isDurable: true,
  unit: 'ops/s',
  ratioGoal: RATIO_GOALS.get(writerCount),
  run: (context, meter) => fillDurably(context, writerCount, meter),
}));

async function fillDurably(context: WorkloadContext, writerCount: number, meter: Meter): Promise<WorkloadFigures> {
  const { records, durationMs } = context;
  const engine = await context.openEngine();
  const nextKey = keysAhead(records);
  let written = 0;
  meter.start();
  const timed = await timeAsync(
    { clientCount: writerCount, durationMs, operationsPerSample: 1 },
    () => engine.putDurable(nextKey(), records.value(written++)),
    () => undefined,
  );
  meter.stop();
  await checkSample(engine, records, written);
  await engine.close();
  const bytes = userBytes(records, written);
  return { ...timed, writtenUserBytes: bytes, liveUserBytes: bytes };
}
