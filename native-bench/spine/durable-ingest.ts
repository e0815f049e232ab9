import { EventLoopDelay } from '../support/event-loop-delay.js';
import { SampleSet } from '../support/samples.js';
import { KEY_BYTES } from './bench-data.js';
import type { Measurements, WorkloadContext } from './workload.js';

const WRITER_COUNT = 64;
const KEYS_AHEAD = 1024;

/** 64 writers side by side, each waiting until its record is safe on disk before it writes the next one. */
export async function durableIngestWorkload(context: WorkloadContext): Promise<Measurements> {
  const { data, openEngine, durationMs } = context;
  const engine = await openEngine();
  const ackMs = new SampleSet();
  const delay = new EventLoopDelay();
  let next = 0;
  let keys = data.keys(0, KEYS_AHEAD);
  const takeKey = (): Buffer => {
    const place = next % KEYS_AHEAD;
    if (place === 0 && next > 0) keys = data.keys(next, KEYS_AHEAD);
    next++;
    return keys.subarray(place * KEY_BYTES, (place + 1) * KEY_BYTES);
  };
  delay.start();
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  const endMs = startMs + durationMs;
  const write = async (): Promise<void> => {
    for (let beginMs = startMs; beginMs < endMs; ) {
      await engine.putDurable(takeKey(), data.value(next));
      const nowMs = performance.now();
      ackMs.add(nowMs - beginMs);
      beginMs = nowMs;
    }
  };
  await Promise.all(Array.from({ length: WRITER_COUNT }, write));
  const elapsedMs = performance.now() - startMs;
  const cpu = process.cpuUsage(cpuBefore);
  delay.stop();
  const counters = engine.counters();
  await engine.close();
  return {
    durableIngestPerS: (next / elapsedMs) * 1000,
    durableIngestCpuUs: (cpu.user + cpu.system) / next,
    durableAckP50Ms: ackMs.quantile(0.5),
    durableAckP99Ms: ackMs.quantile(0.99),
    durableIngestEventLoopP99Ms: delay.p99Ms,
    ...counters,
  };
}
