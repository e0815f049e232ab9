import { setImmediate as turn } from 'node:timers/promises';
import { pacedIngest, userBytes } from './ingest.js';
import { expectFound, loadedKeys, openLoaded } from './prepare.js';
import { SPARSE_SAMPLING, timeAsync } from './timed-loops.js';
import type { Meter, Workload, WorkloadContext, WorkloadFigures } from './workload.js';

const WRITES_PER_S = 20_000;
/** Reads that end within the same turn of the event loop would never let the writer have its own. */
const READS_PER_TURN = 128;

export const READ_WHILE_WRITING_WORKLOAD: Workload = {
  name: 'readwhilewriting',
  description: `get of loaded records one at a time, beside a writer of ${WRITES_PER_S.toLocaleString('en-US')} new records/s in small batches`,
  isDurable: false,
  unit: 'ops/s',
  ratioGoal: 2,
  limits: [{ figure: 'writtenPerS', min: 0.95 * WRITES_PER_S }],
  run: readWhileWriting,
};

async function readWhileWriting(context: WorkloadContext, meter: Meter): Promise<WorkloadFigures> {
  const { records, recordCount, durationMs } = context;
  const engine = await openLoaded(context);
  const ring = loadedKeys(context);
  for (let i = 0; i < ring.length; i++) expectFound(await engine.get(ring.next()));
  let isOver = false;
  let acknowledged = 0;
  let reads = 0;
  const get = (): Promise<Buffer | undefined> => engine.get(ring.next());
  meter.start();
  const writing = pacedIngest(engine, {
    records,
    first: recordCount,
    recordsPerS: WRITES_PER_S,
    batchRecordsMin: 1,
    isOver: () => isOver,
    onAcknowledged: (count) => {
      acknowledged += count;
    },
  });
  const reading = timeAsync(
    { clientCount: 1, durationMs, operationsPerSample: SPARSE_SAMPLING },
    () => (++reads % READS_PER_TURN === 0 ? turn().then(get) : get()),
    expectFound,
  ).finally(() => {
    isOver = true;
  });
  const acknowledgedByThen = reading.then(() => acknowledged);
  const [timed, written] = await Promise.all([reading, acknowledgedByThen, writing]);
  meter.stop();
  await engine.close();
  return {
    ...timed,
    writtenUserBytes: userBytes(records, acknowledged),
    liveUserBytes: userBytes(records, recordCount + acknowledged),
    also: { writtenPerS: (written / timed.elapsedMs) * 1000 },
  };
}
