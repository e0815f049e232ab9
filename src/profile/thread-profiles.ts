import type { FramePaths } from './frame.js';
import { PACKAGE_ROOT } from './package-root.js';
import type { ThreadProfile } from './process-profiler.js';
import type { StackProfile, ThreadStacks } from './stack-profile.js';
import { cpuThread, heapThread } from './v8-profile.js';

export interface ThreadProfilesOptions {
  readonly kind: 'cpu' | 'alloc';
  readonly title: string;
  readonly programRoot: string;
  /** Where the engine's files are that ran. Default: those of this package. */
  readonly engineRoots?: readonly string[];
  /** The engine's worker threads; others are left out. Default: all threads, the engine's being told by what ran in them. */
  readonly workerIds?: readonly number[];
  readonly operations?: number;
}

/** The profiles of threads as one profile of the process: the thread that took it first, then the workers. */
export function mergeThreads(profiles: readonly ThreadProfile[], options: ThreadProfilesOptions): StackProfile {
  const { kind, title, operations, workerIds, programRoot, engineRoots = [PACKAGE_ROOT] } = options;
  const paths: FramePaths = { engineRoots, programRoot };
  const own = profiles.filter(({ isOwn }) => isOwn).map((profile) => stacksOf('opening thread', profile, paths));
  const others = profiles.filter(({ isOwn, threadId }) => !isOwn && (workerIds?.includes(threadId) ?? true));
  const threads = others.sort((a, b) => a.threadId - b.threadId).map((profile) => stacksOf('', profile, paths));
  const isWorker = (thread: ThreadStacks): boolean => workerIds !== undefined || runsJobs(thread);
  const workers = threads.filter(isWorker).map((thread, i) => ({ ...thread, name: `worker ${i + 1}` }));
  const rest = threads
    .filter((thread) => !isWorker(thread) && thread.stacks.length > 0)
    .map((thread, i) => ({ ...thread, name: `other thread ${i + 1}` }));
  const unit = kind === 'cpu' ? 'us' : 'bytes';
  return { kind, unit, source: 'V8', title, operations, threads: [...own, ...workers, ...rest] };
}

function stacksOf(name: string, { cpu, heap }: ThreadProfile, paths: FramePaths): ThreadStacks {
  if (cpu !== undefined) return cpuThread(name, cpu, paths);
  return heap === undefined ? { name, stacks: [], waitingWeight: 0 } : heapThread(name, heap, paths);
}

/** Loaders of modules have threads too, and so may the program. */
function runsJobs({ stacks }: ThreadStacks): boolean {
  return stacks.some(({ frames }) => frames.some(({ origin, file }) => origin === 'engine' && JOB_MODULE.test(file)));
}

const JOB_MODULE = /^(?:workers|src\/jobs)\//;
