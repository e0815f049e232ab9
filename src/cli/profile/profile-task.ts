/** How `steme profile` tells the program that it starts what to take: in a variable of its environment. */
import type { ThreadProfile } from '../../profile/process-profiler.js';

export const TASK_VARIABLE = 'STEME_PROFILE';

export interface ProfileTask {
  readonly kind: 'cpu' | 'alloc';
  /** Where the profiles of the threads go, as JSON. */
  readonly rawPath: string;
  /** From the start of the program; undefined: to its end. */
  readonly seconds?: number;
  /** As it was: the program's own children are not profiled. */
  readonly nodeOptions?: string;
}

export interface RawProfile {
  readonly threads: readonly ThreadProfile[];
}

/** There once all of the profile is. */
export function donePathOf(rawPath: string): string {
  return `${rawPath}.done`;
}
