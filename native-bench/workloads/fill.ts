import { BATCH_RECORDS, ingest, userBytes } from './ingest.js';
import { checkSample, openLoaded } from './prepare.js';
import { OverwrittenRecords, TimeOrderedRecords } from './records.js';
import type { Meter, RecordSource, Workload, WorkloadContext, WorkloadFigures } from './workload.js';

export const FILL_WORKLOADS: readonly Workload[] = [
  {
    name: 'fillseq',
    description: `records written in batches of ${BATCH_RECORDS}, keys in order of time; ends durable`,
    isDurable: false,
    unit: 'ops/s',
    ratioGoal: 1.5,
    run: (context, meter) => fill(context, new TimeOrderedRecords(context.seed, context.records.valueBytes), meter),
  },
  {
    name: 'fillrandom',
    description: `records written in batches of ${BATCH_RECORDS}, random keys; ends durable`,
    isDurable: false,
    unit: 'ops/s',
    ratioGoal: 2,
    run: (context, meter) => fill(context, context.records, meter),
  },
  {
    name: 'overwrite',
    description: `records written over loaded ones in batches of ${BATCH_RECORDS}, random keys; ends durable`,
    isDurable: false,
    unit: 'ops/s',
    run: overwrite,
  },
];

async function fill(context: WorkloadContext, records: RecordSource, meter: Meter): Promise<WorkloadFigures> {
  const { recordCount } = context;
  const engine = await context.openEngine();
  meter.start();
  const timed = await ingest(engine, { records, recordCount });
  meter.stop();
  await checkSample(engine, records, recordCount);
  await engine.close();
  const written = userBytes(records, recordCount);
  return { ...timed, writtenUserBytes: written, liveUserBytes: written };
}

async function overwrite(context: WorkloadContext, meter: Meter): Promise<WorkloadFigures> {
  const { recordCount, seed } = context;
  const records = new OverwrittenRecords(seed, context.records.valueBytes, recordCount);
  const engine = await openLoaded(context);
  meter.start();
  const timed = await ingest(engine, { records, recordCount });
  meter.stop();
  await engine.close();
  const written = userBytes(records, recordCount);
  return { ...timed, writtenUserBytes: written, liveUserBytes: written };
}
