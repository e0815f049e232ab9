/** Which thread of the process is which, told from what its stacks have in them. Pure. */
import type { Frame } from '../../src/profile/frame.js';
import type { ThreadStacks, WeightedStack } from '../../src/profile/stack-profile.js';
import type { ThreadChoice } from './flame-options.js';

const JOB_MODULE = /^(?:workers|src\/jobs)\//;
/** `worker` is what libuv calls the function that its threads run. */
const LIBUV = /^worker$|^uv__(?:fs_work|work)/;
const V8_HELPER = /^v8::|PlatformWorkerThread|WorkerThreadsTaskRunner/;

/** Stacks by the number of their thread. Helpers of one kind are drawn as one thread: there are up to twenty of them. */
export function nameThreads(
  stacksOfThread: ReadonlyMap<number, readonly WeightedStack[]>,
  processId: number,
): ThreadStacks[] {
  const stacksOfName = new Map<string, WeightedStack[]>([['opening thread', []]]);
  let workers = 0;
  for (const [threadId, stacks] of [...stacksOfThread].sort(([a], [b]) => a - b)) {
    const kind = threadId === processId ? 'opening thread' : kindOf(stacks);
    const name = kind === 'worker' ? `worker ${++workers}` : kind;
    stacksOfName.set(name, [...(stacksOfName.get(name) ?? []), ...stacks]);
  }
  const threads = [...stacksOfName].map(([name, stacks]) => ({ name, stacks, waitingWeight: 0 }));
  return threads.sort((a, b) => rankOf(a.name) - rankOf(b.name));
}

function kindOf(stacks: readonly WeightedStack[]): string {
  const has = (test: (frame: Frame) => boolean): boolean => stacks.some(({ frames }) => frames.some(test));
  if (has(({ origin, file }) => origin === 'engine' && JOB_MODULE.test(file))) return 'worker';
  if (has(({ file }) => file !== '')) return 'other threads';
  if (has(({ name }) => V8_HELPER.test(name))) return 'V8 helpers';
  return has(({ origin, name }) => origin === 'native' && LIBUV.test(name)) ? 'libuv pool' : 'other threads';
}

function rankOf(name: string): number {
  const rank = ['opening thread', 'worker', 'libuv pool', 'V8 helpers', 'other threads'].findIndex((one) =>
    name.startsWith(one),
  );
  return rank < 0 ? 9 : rank;
}

/** `main` has the opening thread and what works for it; `workers` the threads that jobs run in. */
export function chooseThreads(threads: readonly ThreadStacks[], choice: ThreadChoice): ThreadStacks[] {
  return threads.filter(({ name, stacks }) => {
    if (stacks.length === 0) return false;
    if (choice === 'all') return true;
    return (choice === 'main') === !name.startsWith('worker') && (choice === 'workers' || name === 'opening thread');
  });
}
