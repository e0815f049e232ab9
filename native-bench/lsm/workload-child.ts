/** One engine and one workload in a process of their own, so that neither warms up or spoils the other. */
import { nextInstruction, report } from '../support/child-process.js';
import { openClassicLevel } from './classic-level-engine.js';
import type { EngineName, LsmEngine } from './lsm-engine.js';
import { openRocksDbNative } from './rocksdb-native-engine.js';
import { openStemeDb } from './stemedb-engine.js';
import { WORKLOADS, type WorkloadName } from './workloads.js';

export interface WorkloadTask {
  readonly engine: EngineName;
  readonly workload: WorkloadName;
  readonly directory: string;
  readonly seed: number;
  readonly recordCount: number;
}

const OPENERS: Record<EngineName, (directory: string) => Promise<LsmEngine>> = {
  stemedb: openStemeDb,
  'classic-level': openClassicLevel,
  'rocksdb-native': openRocksDbNative,
};

const { engine: name, workload, directory, seed, recordCount } = JSON.parse(await nextInstruction()) as WorkloadTask;
const engine = await OPENERS[name](directory);
const measurements = await WORKLOADS[workload]({ directory, seed, recordCount, engine });
await engine.close();
report(JSON.stringify(measurements));
