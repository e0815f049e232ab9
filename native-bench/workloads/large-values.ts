import { ingest, userBytes } from './ingest.js';
import { checkSample } from './prepare.js';
import { RandomRecords } from './records.js';
import type { Meter, Workload, WorkloadContext, WorkloadFigures } from './workload.js';

const KIB = 1024;
/** A gigabyte where there are a million records. */
const BYTES_PER_RECORD = 1000;
const BATCH_BYTES = 1024 * KIB;
const RECORDS_MIN = 16;

export const LARGE_VALUE_WORKLOADS: readonly Workload[] = [4, 64].map((valueKib) => ({
  name: `values-${valueKib}k`,
  description: `values of ${valueKib} KiB written with random keys, ${BATCH_BYTES / KIB / valueKib} a batch; ends durable`,
  isDurable: false,
  unit: 'MB/s',
  ratioGoal: 1.2,
  run: (context, meter) => fillLarge(context, valueKib * KIB, meter),
}));

async function fillLarge(context: WorkloadContext, valueBytes: number, meter: Meter): Promise<WorkloadFigures> {
  const records = new RandomRecords(context.seed, valueBytes);
  const recordCount = Math.max(RECORDS_MIN, Math.floor((context.recordCount * BYTES_PER_RECORD) / valueBytes));
  const engine = await context.openEngine();
  meter.start();
  const timed = await ingest(engine, { records, recordCount, batchRecords: BATCH_BYTES / valueBytes });
  meter.stop();
  await checkSample(engine, records, recordCount);
  await engine.close();
  const written = userBytes(records, recordCount);
  return { ...timed, writtenUserBytes: written, liveUserBytes: written };
}
