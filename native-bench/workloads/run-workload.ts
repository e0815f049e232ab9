import { startChild } from '../support/child-process.js';
import { MissingIdiomError } from './missing-idiom.js';
import type { WorkloadResult, WorkloadTask } from './workload-result.js';

/** classic-level commits no more batches at a time than libuv has threads, of which there are four by default. All engines get these. */
const LIBUV_THREADS = 16;

export interface RunOptions {
  /** Another build's `index.js` (support/engine.ts). */
  readonly engineModule?: string;
  readonly nodeArguments?: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
}

/** The one line of the child. */
export type ChildReport = { readonly result: WorkloadResult } | { readonly missingIdiom: string };

/** Runs a workload in a fresh process. Throws a MissingIdiomError if the engine cannot do what it measures. */
export async function runWorkload(task: WorkloadTask, options: RunOptions = {}): Promise<WorkloadResult> {
  const { engineModule, nodeArguments, environment } = options;
  let reported: ChildReport | undefined;
  const child = startChild(new URL('./workload-child.ts', import.meta.url), {
    nodeArguments,
    environment: {
      UV_THREADPOOL_SIZE: String(LIBUV_THREADS),
      ...(engineModule === undefined ? {} : { STEMEDB_ENGINE: engineModule }),
      ...environment,
    },
    onReport: (line) => {
      reported = JSON.parse(line) as ChildReport;
    },
  });
  child.process.stdin?.end(`${JSON.stringify(task)}\n`);
  const { code, signal } = await child.ended;
  return resultOf(reported, task, signal ?? `code ${code}`);
}

function resultOf(reported: ChildReport | undefined, { workload, engine }: WorkloadTask, end: string): WorkloadResult {
  if (reported === undefined) throw new Error(`${workload} on ${engine} ended with ${end}`);
  if ('missingIdiom' in reported) throw new MissingIdiomError(reported.missingIdiom, engine);
  return reported.result;
}
