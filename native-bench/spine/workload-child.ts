/** One engine and one workload in a process of their own, so that neither warms up or spoils the other. */
import { nextInstruction, report } from '../support/child-process.js';
import { asyncIngestWorkload } from './async-ingest.js';
import { BenchData } from './bench-data.js';
import type { BenchEngine, EngineName } from './bench-engine.js';
import { openClassicLevel } from './classic-level-engine.js';
import { durableIngestWorkload } from './durable-ingest.js';
import { memoryWorkload } from './memory-ingest.js';
import { pointReadsWorkload } from './point-reads.js';
import { openStemeDb } from './stemedb-engine.js';
import type { Workload, WorkloadName } from './workload.js';

export interface WorkloadTask {
  readonly engine: EngineName;
  readonly workload: WorkloadName;
  readonly directory: string;
  readonly seed: number;
  readonly recordCount: number;
  readonly durationMs: number;
}

const OPENERS: Record<EngineName, (directory: string) => Promise<BenchEngine>> = {
  stemedb: openStemeDb,
  'classic-level': openClassicLevel,
};

const WORKLOADS: Record<WorkloadName, Workload> = {
  'async-ingest': asyncIngestWorkload,
  'durable-ingest': durableIngestWorkload,
  'point-reads': pointReadsWorkload,
  memory: memoryWorkload,
};

const task = JSON.parse(await nextInstruction()) as WorkloadTask;
const measurements = await WORKLOADS[task.workload]({
  data: new BenchData(task.seed),
  openEngine: () => OPENERS[task.engine](task.directory),
  recordCount: task.recordCount,
  durationMs: task.durationMs,
});
report(JSON.stringify(measurements));
