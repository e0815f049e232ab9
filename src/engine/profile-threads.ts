import { PROFILE_SECONDS_DEFAULT } from '../base/limits.js';
import type { Timers } from '../base/timers.js';
import type { JobRunner } from '../jobs/job.js';
import { profileSvg } from '../profile/flame-svg.js';
import { foldProfile, phaseShares } from '../profile/flame-tree.js';
import { ProcessProfiler } from '../profile/process-profiler.js';
import { encodeProfile } from '../profile/saved-profile.js';
import { type StackProfile, weightOf } from '../profile/stack-profile.js';
import { mergeThreads } from '../profile/thread-profiles.js';
import type { Profile, ProfileOptions } from './api.js';
import { throwIfEnded } from './long-calls.js';

/** `signal` is the caller's and that of the close in one. */
export async function profileThreads(
  runner: JobRunner,
  timers: Timers,
  { seconds = PROFILE_SECONDS_DEFAULT, kind = 'cpu' }: ProfileOptions,
  signal: AbortSignal,
): Promise<Profile> {
  throwIfEnded(signal);
  const profiler = await ProcessProfiler.start(kind);
  await untilOver(timers, seconds * 1000, signal);
  if (signal.aborted) profiler.close();
  throwIfEnded(signal);
  const workerIds = runner.threadIds?.() ?? [];
  const threads = await profiler.stop();
  const title = `StemeDB, ${seconds} s`;
  return new DatabaseProfile(mergeThreads(threads, { kind, title, programRoot: process.cwd(), workerIds }), kind);
}

/** Resolves after so long, or on abort. */
function untilOver(timers: Timers, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = timers.after(delayMs, end);
    signal.addEventListener('abort', end);
  });
}

class DatabaseProfile implements Profile {
  readonly kind: 'cpu' | 'alloc';
  readonly #profile: StackProfile;

  constructor(profile: StackProfile, kind: 'cpu' | 'alloc') {
    this.kind = kind;
    this.#profile = profile;
  }

  get unit(): 'us' | 'bytes' {
    return this.#profile.unit;
  }

  get threads(): Profile['threads'] {
    return this.#profile.threads.map(({ name, stacks, waitingWeight }) => ({
      name,
      weight: weightOf(stacks),
      waitingWeight,
    }));
  }

  get phases(): Profile['phases'] {
    return phaseShares(foldProfile(this.#profile)).map(({ phase, weight }) => ({ phase, weight }));
  }

  svg(): string {
    return profileSvg(this.#profile);
  }

  toJSON(): object {
    return encodeProfile(this.#profile);
  }
}
