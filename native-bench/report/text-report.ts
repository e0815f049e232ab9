import { formatCount, formatTable } from '../support/text-table.js';
import { KEY_BYTES } from '../workloads/workload.js';
import { isMet } from './goals.js';
import type { ResultsFile } from './results-file.js';
import { summarize, type WorkloadSummary } from './summary.js';
import { goalRows, groupTables, limitRows } from './table-rows.js';

/** What misleads: it is said before anything else, and before the run. */
export function notesReport(notes: readonly string[]): string {
  return notes.map((note) => `Note: ${note}\n`).join('');
}

/** What the terminal shows of a run: the limits of the machine, the tables, the goals. */
export function textReport(results: ResultsFile): string {
  const summaries = summarize(results);
  return [
    heading(results).join('\n'),
    results.limits === undefined ? undefined : formatTable(limitRows(results.limits)),
    ...groupTables(summaries).map(({ title, speed, cost }) => {
      return `${title}\n\n${formatTable(speed)}\n\n${formatTable(cost)}`;
    }),
    goalsReport(summaries),
    failuresReport(results),
  ]
    .filter((part) => part !== undefined)
    .join('\n\n');
}

export function heading({ date, commit, machine, settings }: ResultsFile): string[] {
  const rounds = settings.rounds === 1 ? '1 round' : `${settings.rounds} rounds`;
  const memory = `${(machine.memoryBytes / 2 ** 30).toFixed(0)} GiB`;
  return [
    `${date.slice(0, 16).replace('T', ' ')} UTC, commit ${commit}, ${rounds}${settings.isQuick ? ', quick' : ''}`,
    `Node ${machine.node}, ${machine.platform}, ${machine.cores} cores of ${machine.cpu}, ${memory}, ${machine.fileSystem}`,
    `${formatCount(settings.recordCount)} records of ${KEY_BYTES} + ${settings.valueBytes} bytes, ${settings.durationMs / 1000} s where time decides, seed ${settings.seed}`,
  ];
}

function goalsReport(summaries: readonly WorkloadSummary[]): string | undefined {
  const judgements = summaries.flatMap((summary) => summary.judgements);
  if (judgements.length === 0) return undefined;
  const metCount = judgements.filter(isMet).length;
  return `Goals: ${metCount} of ${judgements.length} met\n\n${formatTable(goalRows(summaries))}`;
}

function failuresReport({ failures }: ResultsFile): string | undefined {
  if (failures.length === 0) return undefined;
  const lines = failures.map(
    ({ workload, engine, round, message }) => `${workload} ${engine} round ${round}: ${message}`,
  );
  return `FAILED: no figures of these\n\n${lines.join('\n')}`;
}
