import { basename } from 'node:path';
import { QUARANTINE_SOURCE_BYTES_MAX } from '../base/limits.js';
import type { Database } from '../engine/api.js';
import { checkTenant } from '../quarantine/tenant-directory.js';
import { type ByteSource, openFileSource, streamSource } from './byte-source.js';
import type { CliEnvironment } from './cli-environment.js';
import { EXIT_INTERRUPTED, EXIT_OK, EXIT_RECORDS_REJECTED } from './exit-codes.js';
import { refuseFieldsOfLines } from './field-flags.js';
import { type IngestResult, ingest } from './ingest.js';
import { formatSummary, type IngestSummary, summarize } from './ingest-summary.js';
import { Output } from './output.js';
import { type Progress, silentProgress, TerminalProgress } from './progress.js';
import { createRecordReader, type FormatName } from './record-reader/record-reader.js';
import { UsageError } from './usage-error.js';

export interface IngestFlags {
  readonly db: string;
  readonly format?: FormatName;
  readonly key?: string;
  readonly timestamp?: string;
  readonly source?: string;
  readonly tenant: string;
  readonly tenantField?: string;
  readonly batch: number;
  readonly sync: boolean;
  readonly strict?: boolean;
  readonly json?: boolean;
}

const STANDARD_INPUT = '-';
const STDIN_NOTE =
  'note: keys are stdin:LINE; the next ingest from standard input replaces them. Name it with --source.\n';

/** `steme ingest`. Returns the exit code. */
export async function ingestCommand(file: string, flags: IngestFlags, environment: CliEnvironment): Promise<number> {
  const format = flags.format ?? formatOfName(file);
  checkFlags(file, format, flags);
  // The source first: a name that was mistyped must not leave an empty database behind.
  const source = await openSource(file, environment);
  try {
    const database = await environment.openDatabase(flags.db);
    try {
      const summary = await ingestInto(database, source, format, file, flags, environment);
      await printSummary(summary, flags, environment);
      if (keysWillBeReused(file, flags)) environment.stderr.write(STDIN_NOTE);
      return exitCodeOf(summary, flags);
    } finally {
      await database.close();
    }
  } finally {
    await source.close();
  }
}

function formatOfName(file: string): FormatName {
  if (/\.(?:ndjson|jsonl)$/i.test(file)) return 'ndjson';
  return /\.csv$/i.test(file) ? 'csv' : 'lines';
}

function checkFlags(file: string, format: FormatName, flags: IngestFlags): void {
  const { key, timestamp, tenantField } = flags;
  refuseFieldsOfLines(format, { '--key': key, '--timestamp': timestamp, '--tenant-field': tenantField });
  if (file === '') throw new UsageError('the name of the file is empty');
  if (flags.source === '') throw new UsageError('--source is empty');
  if (Buffer.byteLength(flags.source ?? '') > QUARANTINE_SOURCE_BYTES_MAX) {
    throw new UsageError(`--source has at most ${QUARANTINE_SOURCE_BYTES_MAX} bytes in UTF-8`);
  }
  checkTenant(flags.tenant);
}

function openSource(file: string, environment: CliEnvironment): Promise<ByteSource> {
  if (file !== STANDARD_INPUT) return openFileSource(environment.fileSystem, file);
  return Promise.resolve(streamSource(environment.stdin, environment.signal));
}

async function ingestInto(
  database: Database,
  source: ByteSource,
  format: FormatName,
  file: string,
  flags: IngestFlags,
  environment: CliEnvironment,
): Promise<IngestSummary> {
  const { clock, signal } = environment;
  const sourceName = flags.source ?? (file === STANDARD_INPUT ? 'stdin' : basename(file));
  const keyRule = { sourceName, keyField: flags.key, timestampField: flags.timestamp };
  const requiredFields = [flags.key, flags.timestamp, flags.tenantField].filter((field) => field !== undefined);
  const reader = createRecordReader(format, { requiredFields });
  const progress = progressFor(source, flags, environment);
  const parts = { database, source, reader, progress, clock, signal };
  const plan = {
    keyRule,
    rejectionSource: { name: sourceName, format },
    tenantRule: { tenant: flags.tenant, tenantField: flags.tenantField },
    recordsPerBatch: flags.batch,
    sync: flags.sync,
  };
  const result = await ingest(parts, plan);
  // All is durable by now. In a table it needs no replay at the next open; an interrupted program does not wait for that.
  if (!result.interrupted && result.storedRecords > 0) await database.flush();
  return summarize(result, database.stats(), { source: sourceName, format });
}

function progressFor(source: ByteSource, flags: IngestFlags, environment: CliEnvironment): Progress {
  const { stderr, clock } = environment;
  if (flags.json === true || stderr.isTTY !== true) return silentProgress;
  return new TerminalProgress(stderr, clock, source.totalBytes);
}

function keysWillBeReused(file: string, flags: IngestFlags): boolean {
  const fromPosition = flags.key === undefined && flags.timestamp === undefined;
  return file === STANDARD_INPUT && fromPosition && flags.source === undefined && flags.json !== true;
}

async function printSummary(summary: IngestSummary, flags: IngestFlags, environment: CliEnvironment): Promise<void> {
  const output = new Output(environment.stdout);
  await output.write(flags.json === true ? `${JSON.stringify(summary)}\n` : formatSummary(summary));
}

function exitCodeOf(result: IngestResult, flags: IngestFlags): number {
  if (result.interrupted) return EXIT_INTERRUPTED;
  return flags.strict === true && result.rejectedRecords > 0 ? EXIT_RECORDS_REJECTED : EXIT_OK;
}
