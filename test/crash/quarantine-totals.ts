import { formatCount } from '../../native-bench/support/text-table.js';
import { killTable, shownFindings } from './crash-totals.js';
import type { QuarantineCycleResult } from './quarantine-cycle.js';
import { QUARANTINE_PHASES } from './quarantine-phase.js';

const FINDINGS = ['lost', 'invented', 'doubled', 'torn'] as const;

/** What many lives with the quarantine come to. */
export class QuarantineTotals {
  readonly problems: string[] = [];
  cycles = 0;
  acknowledged = 0;
  #replayed = 0;
  #verified = 0;
  readonly #kills: Pick<QuarantineCycleResult, 'aimed' | 'inside'>[] = [];
  readonly findings: Record<string, number> = { lost: 0, invented: 0, doubled: 0, torn: 0 };

  /** `name` says which cycle it was. */
  add(name: string, result: QuarantineCycleResult): void {
    this.cycles++;
    this.acknowledged += result.acknowledged;
    this.#replayed += result.replayed;
    this.#verified += result.verified;
    this.#kills.push(result);
    for (const kind of FINDINGS) {
      const sentences = result.verdict[kind];
      this.findings[kind] += sentences.length;
      this.problems.push(...sentences.map((sentence) => `${name}, ${kind}: ${sentence}`));
    }
    this.problems.push(...result.problems);
  }

  killTable(): string {
    return killTable(QUARANTINE_PHASES, this.#kills);
  }

  shownFindings(): string {
    return shownFindings(this.findings);
  }

  summary(elapsedMs: number): string {
    const seconds = elapsedMs / 1000;
    return [
      `quarantine: ${formatCount(this.cycles)} kills, ${(this.cycles / seconds).toFixed(1)} kills a second`,
      `${formatCount(this.acknowledged)} acknowledged entries, ${formatCount(this.#replayed)} replayed, ${formatCount(this.#verified)} entries and records verified`,
      this.shownFindings(),
    ].join('\n');
  }
}
