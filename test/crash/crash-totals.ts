import { formatCount, formatMs, formatTable } from '../../native-bench/support/text-table.js';
import type { CycleResult, Kill } from './crash-cycle.js';
import { CRASH_PHASES } from './crash-phase.js';

/** What many cycles come to. */
export class CrashTotals {
  readonly problems: string[] = [];
  cycles = 0;
  acknowledged = 0;
  #verified = 0;
  #wholeCheckpoints = 0;
  #absentCheckpoints = 0;
  #recoveryMsMax = 0;
  #livesMs = 0;
  #judgingMs = 0;
  readonly #kills: Kill[] = [];
  readonly findings: Record<string, number> = { lost: 0, invented: 0, torn: 0, gaps: 0 };

  /** `name` says which cycle it was. */
  add(name: string, result: CycleResult): void {
    this.cycles++;
    this.acknowledged += result.acknowledged;
    this.#verified += result.verifiedRecords;
    this.#wholeCheckpoints += result.wholeCheckpoints;
    this.#absentCheckpoints += result.absentCheckpoints;
    this.#recoveryMsMax = Math.max(this.#recoveryMsMax, result.recoveryMs);
    this.#livesMs += result.livesMs;
    this.#judgingMs += result.judgingMs;
    this.#kills.push(...result.kills);
    for (const kind of ['lost', 'invented', 'torn', 'gaps'] as const) {
      const sentences = result.verdict[kind];
      this.findings[kind] += sentences.length;
      this.problems.push(...sentences.map((sentence) => `${name}, ${kind}: ${sentence}`));
    }
    this.problems.push(...result.problems);
  }

  killTable(): string {
    return killTable(CRASH_PHASES, this.#kills);
  }

  shownFindings(): string {
    return shownFindings(this.findings);
  }

  summary(elapsedMs: number): string {
    const kills = this.#kills.length;
    const seconds = elapsedMs / 1000;
    return [
      `${formatCount(this.cycles)} cycles, ${formatCount(kills)} kills, ${(kills / seconds).toFixed(1)} kills a second`,
      `${formatCount(this.acknowledged)} acknowledged operations, ${formatCount(this.#verified)} records verified`,
      `checkpoints cut off: ${this.#wholeCheckpoints} whole, ${this.#absentCheckpoints} absent`,
      `recovery max ${formatMs(this.#recoveryMsMax)}; a cycle: ${formatMs(this.#livesMs / this.cycles)} of lives, ${formatMs(this.#judgingMs / this.cycles)} of judging`,
      this.shownFindings(),
    ].join('\n');
  }
}

/** Of each phase: kills that were aimed at it, those of them that hit it, and all that did. */
export function killTable<Phase extends string>(
  phases: readonly Phase[],
  kills: readonly { readonly aimed: Phase; readonly inside: ReadonlySet<Phase> }[],
): string {
  const rows = phases.map((phase) => {
    const aimed = kills.filter((kill) => kill.aimed === phase);
    const hits = aimed.filter(({ inside }) => inside.has(phase));
    const all = kills.filter(({ inside }) => inside.has(phase));
    return [phase, ...[aimed, hits, all].map(({ length }) => formatCount(length))];
  });
  return formatTable([['killed in', 'aimed at', 'hit', 'hit by all kills'], ...rows]);
}

export function shownFindings(findings: Readonly<Record<string, number>>): string {
  return Object.entries(findings)
    .map(([kind, count]) => `${kind} ${count}`)
    .join(', ');
}
