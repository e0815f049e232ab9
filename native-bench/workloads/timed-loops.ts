import { SampleSet } from '../support/samples.js';
import type { LatencyFigures, WorkloadFigures } from './workload.js';

export type TimedFigures = Pick<WorkloadFigures, 'operations' | 'elapsedMs' | 'latencyUs'>;

/** A look at the clock takes a tenth of a microsecond; fast operations are timed one in so many, and the clock decides then too. */
export const SPARSE_SAMPLING = 64;

export function timeSync(durationMs: number, operation: () => void): TimedFigures {
  const latencyMs = new SampleSet();
  const startMs = performance.now();
  let operations = 0;
  let nowMs = startMs;
  while (nowMs - startMs < durationMs) {
    const beginMs = performance.now();
    operation();
    nowMs = performance.now();
    latencyMs.add(nowMs - beginMs);
    for (let i = 1; i < SPARSE_SAMPLING; i++) operation();
    operations += SPARSE_SAMPLING;
  }
  return { operations, elapsedMs: performance.now() - startMs, latencyUs: latencyFigures(latencyMs) };
}

export interface AsyncTiming {
  /** So many side by side, each waiting for its operation before the next one. */
  readonly clientCount: number;
  readonly durationMs: number;
  readonly operationsMax?: number;
  /** One operation in so many is timed. */
  readonly operationsPerSample: number;
}

/** `accept` throws on a result that is wrong. */
export async function timeAsync<Result>(
  { clientCount, durationMs, operationsMax = Number.POSITIVE_INFINITY, operationsPerSample }: AsyncTiming,
  operation: () => Promise<Result>,
  accept: (result: Result) => void,
): Promise<TimedFigures> {
  const latencyMs = new SampleSet();
  const startMs = performance.now();
  const endMs = startMs + durationMs;
  let operations = 0;
  let isOver = false;
  const runClient = async (): Promise<void> => {
    for (let own = 0; !isOver; own++) {
      const isSampled = own % operationsPerSample === 0;
      const beginMs = isSampled ? performance.now() : 0;
      if (++operations >= operationsMax) isOver = true;
      accept(await operation());
      if (!isSampled) continue;
      const nowMs = performance.now();
      latencyMs.add(nowMs - beginMs);
      if (nowMs >= endMs) isOver = true;
    }
  };
  const stopAll = (): void => {
    isOver = true;
  };
  await Promise.all(Array.from({ length: clientCount }, () => runClient().finally(stopAll)));
  return { operations, elapsedMs: performance.now() - startMs, latencyUs: latencyFigures(latencyMs) };
}

export function latencyFigures(samplesMs: SampleSet): LatencyFigures | undefined {
  if (samplesMs.count === 0) return undefined;
  return {
    p50: samplesMs.quantile(0.5) * 1000,
    p99: samplesMs.quantile(0.99) * 1000,
    p999: samplesMs.quantile(0.999) * 1000,
    max: samplesMs.max * 1000,
  };
}
