import { expectFound, loadedKeys, openLoaded } from './prepare.js';
import { timeAsync } from './timed-loops.js';
import type { Meter, Workload, WorkloadContext, WorkloadFigures } from './workload.js';

const KEYS_PER_CALL = 100;

export const MULTIGET_WORKLOAD: Workload = {
  name: 'multiget',
  description: `getMany of ${KEYS_PER_CALL} loaded records a call, all alike likely; latency is that of a call`,
  isDurable: false,
  unit: 'keys/s',
  ratioGoal: 1.8,
  run: readMany,
};

async function readMany(context: WorkloadContext, meter: Meter): Promise<WorkloadFigures> {
  const engine = await openLoaded(context);
  const ring = loadedKeys(context);
  const calls = Array.from({ length: Math.floor(ring.length / KEYS_PER_CALL) }, () => ring.take(KEYS_PER_CALL));
  for (const keys of calls) expectAllFound(await engine.getMany(keys));
  let next = 0;
  meter.start();
  const timed = await timeAsync(
    { clientCount: 1, durationMs: context.durationMs, operationsPerSample: 1 },
    () => engine.getMany(calls[next++ % calls.length]),
    expectAllFound,
  );
  meter.stop();
  await engine.close();
  return { ...timed, operations: timed.operations * KEYS_PER_CALL };
}

function expectAllFound(values: readonly (Buffer | undefined)[]): void {
  if (values.length !== KEYS_PER_CALL) throw new Error(`${values.length} values for ${KEYS_PER_CALL} keys`);
  for (const value of values) expectFound(value);
}
