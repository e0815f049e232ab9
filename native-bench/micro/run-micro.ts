import { Bench } from 'tinybench';
import type { Micro, MicroContext, MicroTask } from './micro.js';
import { MicroUnavailable } from './micro.js';
import type { MicroFigures, MicroResult } from './micro-result.js';

export interface MicroTimes {
  /** A micro is measured for so long, and for some samples at least. */
  readonly timeMs: number;
  readonly warmupMs: number;
}

const SAMPLES_MIN = 32;
const WARMUP_SAMPLES_MIN = 8;
const NS_PER_MS = 1e6;

/** The last sums of all micros: they are used, so they have to be computed. */
const used = new Float64Array(1);

export async function runMicro(micro: Micro, context: MicroContext, times: MicroTimes): Promise<MicroResult> {
  const { name } = micro;
  let task: MicroTask | undefined;
  try {
    task = await micro.prepare(context);
    return { name, figures: await measure(name, task, times) };
  } catch (error) {
    if (error instanceof MicroUnavailable) return { name, unavailableBecause: error.message };
    throw error;
  } finally {
    await task?.close?.();
  }
}

/** Runs it once, for whoever wants to see that it still works. */
export async function tryMicro(micro: Micro, context: MicroContext): Promise<number | undefined> {
  let task: MicroTask | undefined;
  try {
    task = await micro.prepare(context);
    task.beforeRun?.();
    return await task.run();
  } catch (error) {
    if (error instanceof MicroUnavailable) return undefined;
    throw error;
  } finally {
    await task?.close?.();
  }
}

async function measure(name: string, task: MicroTask, times: MicroTimes): Promise<MicroFigures> {
  const bench = new Bench({
    time: times.timeMs,
    warmupTime: times.warmupMs,
    iterations: SAMPLES_MIN,
    warmupIterations: WARMUP_SAMPLES_MIN,
    throws: true,
  });
  const beforeEach = (): void => task.beforeRun?.();
  if (task.isAsync === true) {
    bench.add(name, async () => keep(await task.run()), { async: true, beforeEach });
    await bench.run();
  } else {
    bench.add(name, () => keep(task.run() as number), { async: false, beforeEach });
    bench.runSync();
  }
  return figuresOf(bench, task.operations);
}

function keep(sum: number): void {
  used[0] = sum;
}

/** tinybench counts milliseconds a sample. */
function figuresOf(bench: Bench, operations: number): MicroFigures {
  const { result } = bench.tasks[0];
  if (result.state !== 'completed') throw new Error(`${bench.tasks[0].name} ended as ${result.state}`);
  const { p50, p99, mean, rme, samplesCount } = result.latency;
  const toNs = (ms: number): number => rounded((ms * NS_PER_MS) / operations);
  return {
    p50Ns: toNs(p50),
    p99Ns: toNs(p99),
    meanNs: toNs(mean),
    marginPercent: rounded(rme),
    sampleCount: samplesCount,
  };
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
