import { emptyWorkDirectory, removeWorkDirectory } from '../support/work-directory.js';
import { runWorkload } from '../workloads/run-workload.js';
import type { Build } from './builds.js';
import type { Measure } from './compare-builds.js';
import { undoOnExit } from './on-exit.js';
import { type Sample, type Side, sampleOf } from './sample.js';
import type { SuiteEntry } from './suite.js';

/** As in all benchmarks of this project, so that figures can be set beside those of others. */
const ENVIRONMENT = { UV_THREADPOOL_SIZE: '16' };

/** The harness is always that of this tree: both builds are measured by one yardstick. */
export function measureOn(builds: Readonly<Record<Side, Build>>): Measure {
  return (side, entry, seed) => measureBuild(builds[side], entry, seed);
}

export async function measureBuild({ engineModule }: Build, entry: SuiteEntry, seed: number): Promise<Sample> {
  const directory = emptyWorkDirectory(`bench-regress-${process.pid}.db`);
  const remove = undoOnExit(() => removeWorkDirectory(directory));
  try {
    const task = { engine: 'stemedb', ...entry, directory, seed } as const;
    const sample = sampleOf(await runWorkload(task, { engineModule, environment: ENVIRONMENT }));
    if (!(sample.operations > 0)) throw new Error(`${entry.workload} reported no operation`);
    return sample;
  } finally {
    remove();
  }
}
