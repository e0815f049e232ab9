/**
 * What a child can be killed in the middle of. It reports when it enters and leaves each of them. A phase to come (moving tables
 * between tiers, say) is a name here, a share below, and what makes it happen often in `crash-plan.ts`.
 */
export const CRASH_PHASES = [
  'opening',
  'recovery',
  'writing',
  'flush',
  'compaction',
  'checkpoint',
  'load',
  'closing',
] as const;
export type CrashPhase = (typeof CRASH_PHASES)[number];

/** Of so many cycles in all, those whose writer is to die in that phase. `recovery` follows a writer with a long log. */
export const WRITER_SHARES: Readonly<Record<Exclude<CrashPhase, 'recovery'>, number>> = {
  opening: 1,
  writing: 3,
  flush: 2,
  compaction: 3,
  checkpoint: 2,
  load: 2,
  closing: 2,
};

/** A process is in it at most once, so there is no second chance to kill it there. */
export function isPassedOnce(phase: CrashPhase): boolean {
  return phase === 'opening' || phase === 'recovery' || phase === 'writing' || phase === 'closing';
}

/** When to kill: in the so-many-eth run of a phase, after this fraction of the time that it usually takes. */
export interface KillAim {
  readonly phase: CrashPhase;
  /** From 1. */
  readonly occurrence: number;
  readonly fraction: number;
}

const USUAL_MS_AT_FIRST = 20;
const USUAL_MS_MAX = 400;

/** How long phases take here, learned on the way: the plan says where in a phase to kill, the machine says when that is. */
export class UsualTimes {
  /** Nobody leaves it before the end, so it is as long as we like: the work of one life. */
  readonly #usualMs = new Map<CrashPhase, number>([['writing', 250]]);

  delayMs({ phase, fraction }: KillAim): number {
    return fraction * (this.#usualMs.get(phase) ?? USUAL_MS_AT_FIRST);
  }

  /** A run of the phase came to its end. */
  learn(phase: CrashPhase, elapsedMs: number): void {
    const known = this.#usualMs.get(phase) ?? elapsedMs;
    this.#usualMs.set(phase, Math.min(USUAL_MS_MAX, 0.7 * known + 0.3 * elapsedMs));
  }

  /** Killed inside: it takes at least so long. */
  learnAtLeast(phase: CrashPhase, elapsedMs: number): void {
    if (phase !== 'writing' && elapsedMs > this.delayMs({ phase, occurrence: 1, fraction: 1 })) {
      this.learn(phase, elapsedMs);
    }
  }
}
