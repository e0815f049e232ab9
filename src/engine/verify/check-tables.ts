import { basename, join } from 'node:path';
import { type Damage, StemeError } from '../../base/errors.js';
import { blobName, parseFileName, tableName } from '../../base/file-names.js';
import { inParallel } from '../../base/in-parallel.js';
import type { BlobMetadata } from '../../blob/blob-metadata.js';
import type { FileSystem } from '../../fs/file-system.js';
import type { JobRunner, TableVerdict, VerifyTableJob } from '../../jobs/job.js';
import type { TableMetadata } from '../../table/table-metadata.js';
import type { Version } from '../../version/version.js';
import { findingOf } from '../finding.js';
import type { VerifyFindings } from './verify-report.js';

export interface TableCheckOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly runner: JobRunner;
  /** Jobs at a time. */
  readonly threads: number;
  readonly readMode: 'mmap' | 'pread';
  /** The word of a JobControl. */
  readonly control: Int32Array;
  readonly findings: VerifyFindings;
  /** Reported already, once for all tables that refer to them. */
  readonly missingBlobs: ReadonlySet<string>;
  readonly onRead: (bytes: number) => void;
  readonly throwIfAborted: () => void;
}

export interface TableToCheck {
  readonly number: number;
  readonly fileBytes: number;
  readonly metadata?: TableMetadata;
  /** That it refers to. */
  readonly blobs?: readonly BlobMetadata[];
}

/** The tables of a version, as the manifest has them. */
export function tablesOfVersion(version: Version): Required<TableToCheck>[] {
  return version.tables().map((metadata) => {
    const { number, fileBytes } = metadata;
    return { number, fileBytes, metadata, blobs: version.blobsOf(metadata) };
  });
}

/** The tables in the directory, where no manifest says which of them are the database's. */
export async function tablesInDirectory(fileSystem: FileSystem, directory: string): Promise<TableToCheck[]> {
  const tables: TableToCheck[] = [];
  for (const name of await fileSystem.list(directory)) {
    const file = parseFileName(name);
    if (file?.kind !== 'table') continue;
    tables.push({ number: file.number, fileBytes: (await fileSystem.statBytes(join(directory, name))) ?? 0 });
  }
  return tables;
}

/** Checks that each blob file is there with its size; its values are checked by the tables that refer to them. Returns those that are not there. */
export async function checkBlobFiles(
  blobs: Iterable<BlobMetadata>,
  { fileSystem, directory, findings }: Pick<TableCheckOptions, 'fileSystem' | 'directory' | 'findings'>,
): Promise<Set<string>> {
  const missing = new Set<string>();
  for (const { number, fileBytes } of blobs) {
    const file = blobName(number);
    const foundBytes = await fileSystem.statBytes(join(directory, file));
    findings.blobs.files++;
    if (foundBytes === fileBytes) continue;
    const found = foundBytes === undefined ? 'no file' : `${foundBytes} bytes`;
    const offsetBytes = foundBytes === undefined ? undefined : Math.min(foundBytes, fileBytes);
    const problem = `expected a blob file of ${fileBytes} bytes, found ${found}`;
    findings.add({ file, kind: 'blob', offsetBytes, problem });
    if (foundBytes === undefined) missing.add(file);
  }
  return missing;
}

/** Checks every table, several at a time, each in a job. */
export async function checkTables(tables: readonly TableToCheck[], options: TableCheckOptions): Promise<void> {
  await inParallel(options.threads, tables, async (table) => {
    options.throwIfAborted();
    await checkTable(table, options);
  });
}

async function checkTable(table: TableToCheck, options: TableCheckOptions): Promise<void> {
  const { fileSystem, directory, runner, findings, onRead } = options;
  const file = tableName(table.number);
  findings.tables.files++;
  if (!(await fileSystem.exists(join(directory, file)))) {
    const problem = `expected a table of ${table.fileBytes} bytes, found no file`;
    findings.add({ file, kind: 'table', offsetBytes: undefined, problem });
    return;
  }
  try {
    const verdict = await runner.run(jobOf(table, options));
    takeVerdict(table, verdict, options);
    onRead(verdict.readBytes);
  } catch (error) {
    options.throwIfAborted();
    if (!(error instanceof StemeError) || (error.code !== 'STEME_IO' && error.code !== 'STEME_UNSUPPORTED'))
      throw error;
    findings.add({ file, kind: 'table', offsetBytes: undefined, problem: error.message });
  }
}

function jobOf({ number, fileBytes, metadata, blobs }: TableToCheck, options: TableCheckOptions): VerifyTableJob {
  const { directory, readMode, control } = options;
  return {
    kind: 'verify-table',
    directory,
    table: { number, fileBytes, globalSequence: metadata?.globalSequence ?? 0 },
    ...(metadata !== undefined && { metadata }),
    ...(blobs !== undefined && { blobs }),
    readMode,
    control,
  };
}

function takeVerdict(
  { fileBytes }: TableToCheck,
  verdict: TableVerdict,
  { findings, missingBlobs }: TableCheckOptions,
): void {
  findings.tables.bytes += fileBytes;
  findings.tables.entries += verdict.entryCount;
  for (const { valueCount, storedBytes } of verdict.blobs) {
    findings.blobs.bytes += storedBytes;
    findings.blobs.entries += valueCount;
  }
  for (const damage of verdict.damages) {
    if (!missingBlobs.has(basename(damage.file))) findings.add(findingOf(kindOf(damage), damage));
  }
  findings.omit(verdict.omittedCount);
}

/** A table is also damaged in what it refers to. */
function kindOf({ file }: Damage): 'table' | 'blob' {
  return file.endsWith('.blob') ? 'blob' : 'table';
}
