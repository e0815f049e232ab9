/** From switches between threads to how long each stack waited. Pure. */

import { nativeFrame } from '../../src/profile/frame.js';
import { isWaiting } from '../../src/profile/phase.js';
import type { WeightedStack } from '../../src/profile/stack-profile.js';
import type { MeasuredWindow } from './flame-task.js';
import type { PerfEvent } from './perf-script.js';

const SWITCH = /prev_pid=(\d+).*prev_state=(\S+) ==> .*next_pid=(\d+)/;
const RUNNABLE = nativeFrame('(runnable: no processor was free)', 'kernel');

/** libc keeps no frame pointers: often its own function is all that is known of a stack. */
const POOL_WAIT = /uv_cond_wait|pthread_cond_wait|futex_abstimed_wait|BlockingPop|uv_sem_wait/;
const POOL_OR_LOOP_WAIT = new RegExp(`${POOL_WAIT.source}|epoll_p?wait`);

export class WaitingTimes {
  readonly #window: MeasuredWindow;
  readonly #leftAt = new Map<number, { readonly event: PerfEvent; readonly isRunnable: boolean }>();
  readonly stacksOfThread = new Map<number, WeightedStack[]>();
  readonly #threads: (threadId: number) => boolean;

  /** `isOfProcess`: which threads are looked at. */
  constructor(window: MeasuredWindow, isOfProcess: (threadId: number) => boolean) {
    this.#window = window;
    this.#threads = isOfProcess;
  }

  /** In the order of time. The stack of a switch is that of the thread that goes. */
  add(event: PerfEvent): void {
    const match = SWITCH.exec(event.trace);
    if (match === null) return;
    const [, left, state, entered] = match;
    this.#enter(Number(entered), event.atNs);
    if (this.#threads(Number(left))) {
      this.#leftAt.set(Number(left), { event, isRunnable: state.startsWith('R') });
    }
  }

  /** Threads that still wait have waited until the end. */
  finish(): void {
    for (const threadId of [...this.#leftAt.keys()]) this.#enter(threadId, this.#window.endNs);
  }

  #enter(threadId: number, atNs: number): void {
    const left = this.#leftAt.get(threadId);
    if (left === undefined) return;
    this.#leftAt.delete(threadId);
    const { startNs, endNs } = this.#window;
    const weight = (Math.min(atNs, endNs) - Math.max(left.event.atNs, startNs)) / 1000;
    if (weight <= 0 || hasNothingToDo(left.event)) return;
    const frames = left.isRunnable ? [...left.event.frames, RUNNABLE] : left.event.frames;
    const stacks = this.stacksOfThread.get(threadId);
    if (stacks === undefined) this.stacksOfThread.set(threadId, [{ frames, weight }]);
    else stacks.push({ frames, weight });
  }
}

/** A thread of a pool waits for its next task: nobody waits for it. */
function hasNothingToDo({ frames, processId, threadId }: PerfEvent): boolean {
  const lastJs = frames.findLastIndex(({ file }) => file !== '');
  if (lastJs >= 0) return isWaiting(frames.slice(0, lastJs + 1));
  const idle = processId === threadId ? POOL_WAIT : POOL_OR_LOOP_WAIT;
  return frames.some(({ name }) => idle.test(name));
}
