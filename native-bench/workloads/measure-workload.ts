import type { BenchEngine, OpenEngine } from '../peers/bench-engine.js';
import { ProcessMeter } from './process-meter.js';
import { RandomRecords } from './records.js';
import type { Machine, Workload } from './workload.js';
import type { WorkloadResult, WorkloadTask } from './workload-result.js';

/** Runs one workload in this process and takes what the process used meanwhile. */
export async function measureWorkload(
  workload: Workload,
  task: WorkloadTask,
  openEngine: OpenEngine,
  machine: Machine,
): Promise<WorkloadResult> {
  const { directory, recordCount, valueBytes, durationMs, seed } = task;
  const processMeter = new ProcessMeter();
  let engine: BenchEngine | undefined;
  let counters: Readonly<Record<string, number>> = {};
  const context = {
    directory,
    openEngine: async (settings?: Parameters<OpenEngine>[1]) => {
      engine = await openEngine(directory, settings);
      return engine;
    },
    records: new RandomRecords(seed, valueBytes),
    recordCount,
    durationMs,
    seed,
    machine,
  };
  const meter = {
    start: () => processMeter.start(),
    stop: () => {
      processMeter.stop();
      counters = engine?.counters() ?? {};
    },
  };
  const figures = await workload.run(context, meter);
  return { figures, process: { ...processMeter.figures, storedBytes: machine.storedBytes() }, counters };
}
