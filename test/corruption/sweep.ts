import { join } from 'node:path';
import type { Prng } from '../../src/base/prng.js';
import { damageableFiles, type OtherDatabase, readWholeFile } from '../support/damage.js';
import { describeHarm } from '../support/damage-plan.js';
import { type CorruptionCase, FAILURES, OUTCOMES, type Outcome, runCase, type Verdict } from './corruption-case.js';
import { fileRegions } from './file-regions.js';
import { type KnownDatabase, SHAPES, type ShapeName } from './known-database.js';
import { unflushedRecords } from './log-records.js';
import { planSweep, type SweepSettings } from './sweep-plan.js';

export interface SweepCase extends CorruptionCase {
  readonly row: string;
}

/** Every case of one shape of database. */
export async function casesOf(shape: ShapeName, settings: SweepSettings, prng: Prng): Promise<SweepCase[]> {
  const known = await SHAPES[shape]('A');
  const records = await unflushedRecords(known);
  const otherDatabase = filesOf(await SHAPES[shape]('B'));
  const cases: SweepCase[] = [];
  for (const file of await damageableFiles(known.disk, known.directory)) {
    const regions = await fileRegions(known, file.name);
    // How a file is read is the same for the others.
    const readModes =
      file.kind === 'table' || file.kind === 'blob' ? (['mmap', 'pread'] as const) : (['mmap'] as const);
    for (const { row, harm } of planSweep(file, regions, settings, prng)) {
      for (const readMode of readModes) cases.push({ row, known, records, harm, readMode, otherDatabase });
    }
  }
  return cases;
}

/** The file of the same name: both were made by the same steps. */
function filesOf(other: KnownDatabase): OtherDatabase {
  return (file) => readWholeFile(other.disk, join(other.directory, file));
}

/** What came of all cases, by row and outcome. */
export class SweepReport {
  readonly rows = new Map<string, Map<Outcome, number>>();
  readonly placeless = new Map<string, number>();
  readonly failures: string[] = [];
  caseCount = 0;

  add({ row, known, harm, readMode }: SweepCase, { outcome, detail, placeless }: Verdict): void {
    this.caseCount++;
    const counts = this.rows.get(row) ?? new Map<Outcome, number>();
    this.rows.set(row, counts.set(outcome, (counts.get(outcome) ?? 0) + 1));
    for (const message of placeless) {
      const kind = `${row}: ${message.replaceAll(/\d+/g, 'N')}`;
      this.placeless.set(kind, (this.placeless.get(kind) ?? 0) + 1);
    }
    if (!FAILURES.includes(outcome)) return;
    this.failures.push(`${outcome}: ${known.name}, ${readMode}, ${describeHarm(harm)}: ${detail}`);
  }

  count(outcome: Outcome): number {
    return [...this.rows.values()].reduce((sum, counts) => sum + (counts.get(outcome) ?? 0), 0);
  }

  /** One row a line, first what was tried. */
  table(): string[][] {
    const names = OUTCOMES.filter((outcome) => !FAILURES.includes(outcome) || this.count(outcome) > 0);
    const line = (row: string, counts: (outcome: Outcome) => number): string[] => [
      row,
      String(OUTCOMES.reduce((sum, outcome) => sum + counts(outcome), 0)),
      ...names.map((outcome) => String(counts(outcome))),
    ];
    const rows = [...this.rows].sort(([a], [b]) => (a < b ? -1 : 1));
    return [
      ['file and harm', 'tried', ...names],
      ...rows.map(([row, counts]) => line(row, (outcome) => counts.get(outcome) ?? 0)),
      line('all', (outcome) => this.count(outcome)),
    ];
  }
}

export async function runSweep(
  cases: readonly SweepCase[],
  report: SweepReport,
  onCase: (next: SweepCase) => void = () => undefined,
): Promise<void> {
  for (const next of cases) {
    onCase(next);
    report.add(next, await runCase(next));
  }
}
