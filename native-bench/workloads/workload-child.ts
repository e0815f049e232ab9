/** One engine and one workload in a process of their own, so that neither warms up or spoils the other. */
import { openEngineOf } from '../peers/open-engine.js';
import { nextInstruction, report } from '../support/child-process.js';
import { loadEngine } from '../support/engine.js';
import { workloadNamed } from './all-workloads.js';
import { measureWorkload } from './measure-workload.js';
import { MissingIdiomError } from './missing-idiom.js';
import type { ChildReport } from './run-workload.js';
import { thisMachine } from './this-machine.js';
import type { WorkloadTask } from './workload-result.js';

const task = JSON.parse(await nextInstruction()) as WorkloadTask;
report(JSON.stringify(await run()));

async function run(): Promise<ChildReport> {
  const openEngine = await openEngineOf(task.engine);
  // The peers are in memory by now. Ours would be read from its files by the first open, which may be what is timed.
  if (task.engine === 'stemedb') await loadEngine();
  try {
    return { result: await measureWorkload(workloadNamed(task.workload), task, openEngine, thisMachine(task)) };
  } catch (error) {
    if (error instanceof MissingIdiomError) return { missingIdiom: error.idiom };
    throw error;
  }
}
