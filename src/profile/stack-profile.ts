/** A profile of a process: how much of what each stack of each thread took. */
import type { Frame } from './frame.js';

/**
 * | kind | weight |
 * | --- | --- |
 * | `cpu` | time on a processor (perf), or time at all while not idle (V8's profiler) |
 * | `alloc` | bytes allocated in the heap of JavaScript |
 * | `off-cpu` | time that a thread waited |
 * | `io` | time that file operations took, or their bytes |
 */
export const PROFILE_KINDS = ['cpu', 'alloc', 'off-cpu', 'io'] as const;
export type ProfileKind = (typeof PROFILE_KINDS)[number];

export type WeightUnit = 'us' | 'bytes';

export interface WeightedStack {
  /** From the outermost to the innermost. */
  readonly frames: readonly Frame[];
  readonly weight: number;
}

export interface ThreadStacks {
  /** `opening thread`, `worker 1`, `libuv pool`. */
  readonly name: string;
  readonly stacks: readonly WeightedStack[];
  /** Of a thread that is sampled while it waits: how much of it that was. In the unit of the weights. */
  readonly waitingWeight: number;
}

export interface StackProfile {
  readonly kind: ProfileKind;
  readonly unit: WeightUnit;
  /** How the stacks were taken: `perf`, `V8`. */
  readonly source: string;
  readonly title: string;
  /** What was done meanwhile, to compare profiles of different length by. */
  readonly operations?: number;
  readonly threads: readonly ThreadStacks[];
}

export function weightOf(stacks: readonly WeightedStack[]): number {
  return stacks.reduce((sum, { weight }) => sum + weight, 0);
}

export function totalWeight({ threads }: StackProfile): number {
  return threads.reduce((sum, { stacks }) => sum + weightOf(stacks), 0);
}
