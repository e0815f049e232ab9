import { Prng } from '../../src/base/prng.js';
import { KeyRing, UniformChoice } from './key-choice.js';
import { checkSample, expectFound } from './prepare.js';
import { timeAsync } from './timed-loops.js';
import type { Meter, Workload, WorkloadContext, WorkloadFigures } from './workload.js';

const READS_IN_FLIGHT = 16;
/** One read in so many records: with more of them, most would find what earlier ones have brought in. */
const RECORDS_PER_READ = 10;
/** A slow disk ends it too. */
const DURATION_FACTOR = 6;

export const COLD_READ_WORKLOAD: Workload = {
  name: 'readrandom-cold',
  description: `get of a tenth of the records, ${READS_IN_FLIGHT} in flight, nothing of them in memory at the start`,
  isDurable: false,
  unit: 'ops/s',
  ratioGoal: 1,
  run: readCold,
};

/** Another process has written: what this one has mapped or cached, the kernel could not drop. */
async function readCold(context: WorkloadContext, meter: Meter): Promise<WorkloadFigures> {
  const { records, recordCount, seed, machine } = context;
  await machine.writeElsewhere({ recordCount, end: 'closed' });
  const readCount = Math.ceil(recordCount / RECORDS_PER_READ);
  const ring = new KeyRing(records, new UniformChoice(new Prng(seed), 0, recordCount), readCount);
  const isCold = machine.dropPageCache();
  const engine = await context.openEngine();
  meter.start();
  const timed = await timeAsync(
    {
      clientCount: READS_IN_FLIGHT,
      durationMs: DURATION_FACTOR * context.durationMs,
      operationsMax: readCount,
      operationsPerSample: 1,
    },
    () => engine.get(ring.next()),
    expectFound,
  );
  meter.stop();
  await checkSample(engine, records, recordCount);
  await engine.close();
  return { ...timed, also: { isColdKept: isCold ? 1 : 0 } };
}
