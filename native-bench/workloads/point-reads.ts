import type { BenchEngine } from '../peers/bench-engine.js';
import type { KeyRing } from './key-choice.js';
import { expectFound, expectMissing, loadedKeys, missingKeys, openLoaded, openLoadedWith } from './prepare.js';
import { SPARSE_SAMPLING, timeAsync, timeSync } from './timed-loops.js';
import type { Meter, Workload, WorkloadContext, WorkloadFigures } from './workload.js';

/** Keys, and what a read of them must give. */
interface Target {
  readonly keys: (context: WorkloadContext) => KeyRing;
  readonly expect: (value: Buffer | undefined) => void;
}

const PRESENT: Target = { keys: loadedKeys, expect: expectFound };
const MISSING: Target = { keys: missingKeys, expect: expectMissing };

export const POINT_READ_WORKLOADS: readonly Workload[] = [
  {
    name: 'readrandom-sync',
    description: 'getSync of loaded records all alike likely, all read before',
    isDurable: false,
    unit: 'ops/s',
    ratioGoal: 1.5,
    run: (context, meter) => readSync(context, PRESENT, meter),
  },
  {
    name: 'readrandom',
    description: 'get of loaded records all alike likely, all read before, one at a time',
    isDurable: false,
    unit: 'ops/s',
    ratioGoal: 1.4,
    run: (context, meter) => readOneAtATime(context, PRESENT, meter),
  },
  {
    name: 'readmissing-sync',
    description: 'getSync of records that were never written',
    isDurable: false,
    unit: 'ops/s',
    ratioGoal: 2,
    run: (context, meter) => readSync(context, MISSING, meter),
  },
  {
    name: 'readmissing',
    description: 'get of records that were never written, one at a time',
    isDurable: false,
    unit: 'ops/s',
    ratioGoal: 2,
    run: (context, meter) => readOneAtATime(context, MISSING, meter),
  },
];

async function readSync(context: WorkloadContext, { keys, expect }: Target, meter: Meter): Promise<WorkloadFigures> {
  const engine = await openLoadedWith(context, 'getSync');
  const ring = keys(context);
  const read = (): void => expect(engine.getSync(ring.next()));
  for (let i = 0; i < ring.length; i++) read();
  meter.start();
  const timed = timeSync(context.durationMs, read);
  meter.stop();
  await engine.close();
  return timed;
}

async function readOneAtATime(context: WorkloadContext, target: Target, meter: Meter): Promise<WorkloadFigures> {
  const engine = await openLoaded(context);
  const ring = target.keys(context);
  await warmUp(engine, ring, target);
  meter.start();
  const timed = await timeAsync(
    { clientCount: 1, durationMs: context.durationMs, operationsPerSample: SPARSE_SAMPLING },
    () => engine.get(ring.next()),
    target.expect,
  );
  meter.stop();
  await engine.close();
  return timed;
}

/** Fills the caches and lets the compiler settle. */
async function warmUp(engine: BenchEngine, ring: KeyRing, { expect }: Target): Promise<void> {
  for (let i = 0; i < ring.length; i++) expect(await engine.get(ring.next()));
}
