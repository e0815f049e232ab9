import type { Finding } from '../engine/finding.js';
import type { VerifyReport } from '../engine/verify/verify-report.js';
import { byteProgressFor } from './byte-progress.js';
import type { CliEnvironment } from './cli-environment.js';
import { EXIT_DAMAGED, EXIT_OK } from './exit-codes.js';
import { Output } from './output.js';
import { formatTable } from './table-printer.js';
import { formatBytes, formatCount, formatMs } from './units.js';

export interface VerifyFlags {
  readonly db: string;
  readonly threads?: number;
  readonly json?: boolean;
}

/** `steme verify`. Returns the exit code. */
export async function verifyCommand(flags: VerifyFlags, environment: CliEnvironment): Promise<number> {
  const progress = byteProgressFor(environment, flags.json === true);
  const { signal } = environment;
  const onProgress = (at: { bytes: number; totalBytes: number }): void => progress.report(at.bytes, at.totalBytes);
  const report = await environment
    .verifyDatabase(flags.db, { signal, onProgress, threads: flags.threads })
    .finally(() => progress.stop());
  const text = flags.json === true ? `${JSON.stringify(report)}\n` : formatVerifyReport(report, flags.db);
  await new Output(environment.stdout).write(text);
  return report.isSound ? EXIT_OK : EXIT_DAMAGED;
}

const HEADER = ['', 'files', 'bytes', 'entries'];

function formatVerifyReport(report: VerifyReport, directory: string): string {
  const { manifest, log, tables, blobs, quarantine, findings, omittedFindings, notes } = report;
  const kinds = { manifest, log, tables, blobs, ...(quarantine.files > 0 && { quarantine }) };
  const rows = Object.entries(kinds).map(([name, { files, bytes, entries }]) => [
    name,
    formatCount(files),
    formatBytes(bytes),
    formatCount(entries),
  ]);
  const { tenants, segments } = quarantine;
  const counts =
    quarantine.files > 0 ? [`quarantine: tenants: ${formatCount(tenants)}, segments: ${formatCount(segments)}`] : [];
  const lines = [...counts, ...notes.map((note) => `note: ${describe(note)}`), ...findings.map(describe)];
  if (omittedFindings > 0) lines.push(`… and ${formatCount(omittedFindings)} more`);
  return [formatTable(HEADER, rows), ...lines.map((line) => `${line}\n`), `${verdictOf(report, directory)}\n`].join('');
}

function describe({ file, offsetBytes, problem }: Finding): string {
  return offsetBytes === undefined ? `${file}: ${problem}` : `${file} at byte ${offsetBytes}: ${problem}`;
}

function verdictOf(report: VerifyReport, directory: string): string {
  const { manifest, log, tables, blobs, quarantine, findings, omittedFindings, elapsedMs } = report;
  const bytes = manifest.bytes + log.bytes + tables.bytes + blobs.bytes + quarantine.bytes;
  const pace = `${formatBytes(bytes)} in ${formatMs(elapsedMs)}, ${formatBytes(Math.round((bytes * 1000) / Math.max(elapsedMs, 1)))}/s`;
  if (report.isSound) return `sound: ${pace}`;
  const count = findings.length + omittedFindings;
  return `DAMAGED in ${formatCount(count)} ${count === 1 ? 'place' : 'places'}: ${pace}\nnext: restore a backup, or keep a copy of the directory and run "steme repair --db ${directory}"`;
}
