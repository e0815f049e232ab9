import { Prng } from '../../src/base/prng.js';
import type { BenchEngine } from '../peers/bench-engine.js';
import { ingest } from './ingest.js';
import { KeyRing, UniformChoice } from './key-choice.js';
import { MissingIdiomError } from './missing-idiom.js';
import type { RecordSource, WorkloadContext } from './workload.js';

const CHECKED_RECORDS = 100;

/** The engine with all records in it, whose background work is over. */
export async function openLoaded(context: WorkloadContext): Promise<BenchEngine> {
  const engine = await context.openEngine();
  await load(engine, context);
  return engine;
}

/** The same, and what of the engine is asked for: without it there is nothing to load for. */
export async function openLoadedWith<Idiom extends 'getSync' | 'scanByRow'>(
  context: WorkloadContext,
  idiom: Idiom,
): Promise<BenchEngine & Required<Pick<BenchEngine, Idiom>>> {
  const engine = await context.openEngine();
  if (!hasIdiom(engine, idiom)) {
    await engine.close();
    throw new MissingIdiomError(idiom);
  }
  await load(engine, context);
  return engine;
}

function hasIdiom<Idiom extends 'getSync' | 'scanByRow'>(
  engine: BenchEngine,
  idiom: Idiom,
): engine is BenchEngine & Required<Pick<BenchEngine, Idiom>> {
  return engine[idiom] !== undefined;
}

async function load(engine: BenchEngine, { records, recordCount, machine }: WorkloadContext): Promise<void> {
  await ingest(engine, { records, recordCount });
  await machine.settle();
  await checkSample(engine, records, recordCount);
}

/** Some records, everywhere among the first `recordCount`, hold what was written. */
export async function checkSample(engine: BenchEngine, records: RecordSource, recordCount: number): Promise<void> {
  const random = new Prng(recordCount);
  for (let i = 0; i < CHECKED_RECORDS; i++) {
    const index = random.below(recordCount);
    const value = await engine.get(records.key(index));
    if (value?.equals(records.value(index)) !== true) throw new Error(`record ${index} is not what was written`);
  }
}

/** Keys of records that are there, all alike likely. */
export function loadedKeys({ records, recordCount, seed }: WorkloadContext): KeyRing {
  return KeyRing.over(records, new UniformChoice(new Prng(seed), 0, recordCount), recordCount);
}

/** Keys of records that were never written: the indexes after the last one. */
export function missingKeys({ records, recordCount, seed }: WorkloadContext): KeyRing {
  return KeyRing.over(records, new UniformChoice(new Prng(seed), recordCount, recordCount), recordCount);
}

export function expectFound(value: unknown): void {
  if (value === undefined) throw new Error('a written record is not there');
}

export function expectMissing(value: Buffer | undefined): void {
  if (value !== undefined) throw new Error('a record is there that was never written');
}
