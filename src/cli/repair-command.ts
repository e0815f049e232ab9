import type { JsonBytes } from '../base/json-bytes.js';
import type { KeysBetween, RepairedFile, RepairReport } from '../engine/repair/repair-report.js';
import { byteProgressFor } from './byte-progress.js';
import type { CliEnvironment } from './cli-environment.js';
import { EXIT_DAMAGED, EXIT_OK } from './exit-codes.js';
import { Output } from './output.js';
import { printable } from './printable.js';
import { formatCount } from './units.js';

export interface RepairFlags {
  readonly db: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** Lines of one kind in the report for a person; the file has all of them. */
const LINES_MAX = 20;

/** `steme repair`. Returns the exit code. */
export async function repairCommand(flags: RepairFlags, environment: CliEnvironment): Promise<number> {
  const { dryRun = false, json = false } = flags;
  const progress = byteProgressFor(environment, json);
  const report = await environment
    .repairDatabase(flags.db, {
      dryRun,
      signal: environment.signal,
      onProgress: ({ bytes, totalBytes }) => progress.report(bytes, totalBytes),
    })
    .finally(() => progress.stop());
  await new Output(environment.stdout).write(json ? `${JSON.stringify(report)}\n` : formatRepair(report));
  return dryRun && report.isDamaged ? EXIT_DAMAGED : EXIT_OK;
}

function formatRepair(report: RepairReport): string {
  if (!report.isDamaged) return `${report.directory} is not damaged: nothing was changed\n`;
  const lines = [
    ...limited(report.files.filter(({ problems }) => problems.length > 0).flatMap(linesOfFile), report),
    ...limited(
      report.lostValues.map(({ key, valueBytes }) => `lost value of ${keyText(key)}, ${formatCount(valueBytes)} bytes`),
      report,
    ),
    ...report.sequenceGaps.map(({ first, last }) => `lost writes of the log: sequence ${first} to ${last}`),
    ...report.notes.map((note) => `note: ${note}`),
    summaryOf(report),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function limited(lines: readonly string[], { reportFile }: RepairReport): string[] {
  if (lines.length <= LINES_MAX) return [...lines];
  const where = reportFile === undefined ? 'with --json' : `in ${reportFile}`;
  return [...lines.slice(0, LINES_MAX), `… and ${lines.length - LINES_MAX} more lines; all of them are ${where}`];
}

function linesOfFile({ file, outcome, problems, keptEntries, lostEntries, kind, keys, spans }: RepairedFile): string[] {
  const hasCounts = kind === 'table' || (kind === 'quarantine' && outcome !== 'replaced');
  const counts = hasCounts ? `, ${formatCount(keptEntries)} entries kept, ${lostText(lostEntries)} lost` : '';
  const ranges = spans.length > 0 ? spans.map((span) => span.keys) : [keys];
  // Spans side by side have the same neighbours.
  const affected = new Set(ranges.flatMap((range) => (range === undefined ? [] : [rangeText(range)])));
  return [
    `${file}: ${outcome}${counts}`,
    ...problems.map((problem) => `  ${problem}`),
    ...[...affected].map((range) => `  affected: keys ${range}`),
  ];
}

function lostText(lostEntries: number | undefined): string {
  return lostEntries === undefined ? 'an unknown number' : formatCount(lostEntries);
}

function rangeText({ from, to }: KeysBetween): string {
  return `from ${from === undefined ? 'the first one' : keyText(from)} to ${to === undefined ? 'the last one' : keyText(to)}`;
}

function keyText(key: JsonBytes): string {
  return printable(typeof key === 'string' ? Buffer.from(key) : Buffer.from(key.base64, 'base64'));
}

function summaryOf({
  isDryRun,
  keptEntries,
  lostEntries,
  lostValueCount,
  salvagedLogRecords,
  reportFile,
}: RepairReport): string {
  const parts = [
    `${formatCount(keptEntries)} entries in tables`,
    `${formatCount(lostEntries)} known to be lost`,
    `${formatCount(lostValueCount)} values lost`,
    `${formatCount(salvagedLogRecords)} records of the log brought into tables`,
  ];
  const head = isDryRun ? 'damaged; a repair would come to' : 'repaired';
  const tail = reportFile === undefined ? '' : `; what is out of use is in lost/, the report in ${reportFile}`;
  return `${head}: ${parts.join(', ')}${tail}`;
}
