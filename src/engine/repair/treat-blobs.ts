import { join } from 'node:path';
import { CorruptionError, StemeError } from '../../base/errors.js';
import { blobName } from '../../base/file-names.js';
import { BLOB_HEADER_BYTES, checkBlobHeader, encodeBlobHeader } from '../../blob/blob-format.js';
import type { BlobMetadata } from '../../blob/blob-metadata.js';
import type { TableMetadata } from '../../table/table-metadata.js';
import { copyFile } from '../copy-file.js';
import type { RepairContext } from './repair-context.js';
import type { RepairedFile } from './repair-report.js';
import { repairedFile } from './repaired-file.js';
import type { ValueCheck } from './value-check.js';

/** Of the copy of a blob file that is to take its place. */
const RESTORED_SUFFIX = '.restored';

export interface TreatedBlobs {
  readonly files: readonly RepairedFile[];
  /** What the manifest is to say of the blob files that tables refer to. */
  readonly blobs: readonly BlobMetadata[];
  readonly isDamaged: boolean;
}

/** The header of a blob file, found damaged. */
export interface DamagedHeader {
  readonly number: number;
  readonly problem: string;
}

/** Which of the blob files have a damaged header. Errors: STEME_UNSUPPORTED. */
export async function findDamagedHeaders(context: RepairContext, numbers: readonly number[]): Promise<DamagedHeader[]> {
  const damaged: DamagedHeader[] = [];
  for (const number of numbers) {
    const problem = await headerProblem(context, number);
    if (problem !== undefined) damaged.push({ number, problem });
  }
  return damaged;
}

async function headerProblem(context: RepairContext, number: number): Promise<string | undefined> {
  const name = blobName(number);
  try {
    const handle = await context.fileSystem.open(join(context.directory, name), 'read');
    try {
      const header = new Uint8Array(BLOB_HEADER_BYTES);
      checkBlobHeader(header.subarray(0, await handle.read(header, 0)), number, name);
      return undefined;
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof CorruptionError) return error.message;
    if (error instanceof StemeError && error.code === 'STEME_IO') return error.message;
    throw error;
  }
}

/**
 * Gives a blob file its header back, which is made of its number and of the id of the database that wrote it, undefined for a file
 * from before there was one in it; its values, which are where tables refer to, stay where they are. A copy takes its place by a rename, so a crash leaves the one or the other; the damaged file is kept in `lost/`.
 */
export async function restoreHeader(
  context: RepairContext,
  { number }: DamagedHeader,
  databaseId: number | undefined,
): Promise<void> {
  const { fileSystem, directory, isDryRun } = context;
  if (isDryRun) return;
  const name = blobName(number);
  const path = join(directory, name);
  await context.setAside.saveCopy(name);
  const copyPath = `${path}${RESTORED_SUFFIX}`;
  await copyFile(fileSystem, path, copyPath);
  const copy = await fileSystem.open(copyPath, 'update');
  try {
    await copy.write(encodeBlobHeader(number, databaseId), 0);
    await copy.datasync();
  } finally {
    await copy.close();
  }
  await fileSystem.rename(copyPath, path);
  await fileSystem.syncDirectory(directory);
}

/** What becomes of the blob files, given the tables that there will be and what was found while theirs were read. */
export async function treatBlobs(
  context: RepairContext,
  values: ValueCheck,
  fields: {
    readonly numbers: readonly number[];
    readonly known: ReadonlyMap<number, BlobMetadata>;
    readonly headers: readonly DamagedHeader[];
    readonly tables: readonly TableMetadata[];
    /** Whether all tables that there will be are known; in a dry run they are not. */
    readonly takesUnused: boolean;
    /** Without a sound manifest; with one, a file that it does not name is left over, and nobody's loss. */
    readonly isEveryFileOurs: boolean;
  },
): Promise<TreatedBlobs> {
  const uses = usesOf(fields.tables);
  const files: RepairedFile[] = [];
  const blobs: BlobMetadata[] = [];
  let isDamaged = false;
  const present = new Set(fields.numbers);
  for (const number of new Set([...fields.numbers, ...fields.known.keys(), ...values.damaged.keys()])) {
    const use = uses.get(number);
    const known = fields.known.get(number);
    const fileBytes = await context.fileSystem.statBytes(join(context.directory, blobName(number)));
    const problems = problemsOf(values, fields.headers, number, known, fileBytes);
    const isUnused = use === undefined && present.has(number) && fields.takesUnused;
    if (use !== undefined && fileBytes !== undefined) {
      blobs.push({ ...(known ?? { number, ...use }), fileBytes });
    } else if (isUnused && (fields.isEveryFileOurs || known !== undefined)) {
      context.setAside.addFile(blobName(number));
      if (problems.length === 0) problems.push('no table refers to it');
    } else if (known === undefined && problems.length === 0) {
      continue;
    }
    isDamaged ||= problems.length > 0;
    const outcome = fileBytes === undefined ? 'missing' : isUnused ? 'lost' : outcomeOf(problems, values, number);
    const keptEntries = use?.valueCount ?? 0;
    const lostEntries = values.damaged.get(number)?.lostCount ?? 0;
    files.push(repairedFile({ file: blobName(number), kind: 'blob', outcome, problems, keptEntries, lostEntries }));
  }
  return { files, blobs, isDamaged };
}

function outcomeOf(problems: readonly string[], values: ValueCheck, number: number): RepairedFile['outcome'] {
  if (problems.length === 0) return 'kept';
  return values.damaged.has(number) ? 'salvaged' : 'rebuilt';
}

function problemsOf(
  values: ValueCheck,
  headers: readonly DamagedHeader[],
  number: number,
  known: BlobMetadata | undefined,
  fileBytes: number | undefined,
): string[] {
  const problems = headers.filter((header) => header.number === number).map(({ problem }) => problem);
  if (known !== undefined && fileBytes === undefined) problems.push('it is not there');
  else if (known !== undefined && fileBytes !== known.fileBytes) {
    problems.push(`it has ${fileBytes} bytes, the manifest says ${known.fileBytes}`);
  }
  const tally = values.damaged.get(number);
  if (tally !== undefined)
    problems.push(`${tally.lostCount} values cannot be read, the first of them: ${tally.problem}`);
  return problems;
}

function usesOf(tables: readonly TableMetadata[]): Map<number, { valueCount: number; valueBytes: number }> {
  const uses = new Map<number, { valueCount: number; valueBytes: number }>();
  for (const { number, valueCount, valueBytes } of tables.flatMap(({ blobUses }) => blobUses)) {
    const sum = uses.get(number) ?? { valueCount: 0, valueBytes: 0 };
    uses.set(number, { valueCount: sum.valueCount + valueCount, valueBytes: sum.valueBytes + valueBytes });
  }
  return uses;
}
