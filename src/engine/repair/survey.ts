import { join } from 'node:path';
import { logName, manifestName, parseFileName } from '../../base/file-names.js';
import type { FileSystem } from '../../fs/file-system.js';
import { readLogHeader } from '../../log/log-header.js';
import { decodeManifestHeader, manifestIdentity } from '../../version/manifest-header.js';
import type { ManifestState } from '../../version/manifest-state.js';
import { findDatabaseId } from '../../wal/wal-segment-id.js';
import type { Finding } from '../finding.js';
import { prefixOrDamage, readCurrentOrFind, readPrefix } from '../manifest-search.js';

/** No database counts this far: a file with such a number is not ours. */
const FOREIGN_NUMBER_MIN = 2 ** 48;

/** The numbers of the files of each kind, ascending. */
export interface FileNumbers {
  readonly manifests: readonly number[];
  readonly tables: readonly number[];
  readonly blobs: readonly number[];
  readonly logs: readonly number[];
  /** Above those of all files. */
  readonly next: number;
}

/** What a directory says of itself before its tables and its log are read. */
export interface Survey {
  readonly files: FileNumbers;
  /** The manifest, if it is whole and says which files are live. */
  readonly state: ManifestState | undefined;
  /** Else what an intact part of a manifest said at some time: not which tables are live, but what they are. */
  readonly hint: ManifestState | undefined;
  /** Undefined where nothing tells: the log cannot be read then. */
  readonly databaseId: number | undefined;
  readonly findings: readonly Finding[];
}

export function numbersOf(names: readonly string[]): FileNumbers {
  const numbers = { manifest: [] as number[], table: [] as number[], blob: [] as number[], log: [] as number[] };
  let next = 1;
  for (const name of names) {
    const file = parseFileName(name);
    if (file === undefined || !('number' in file) || file.number >= FOREIGN_NUMBER_MIN) continue;
    next = Math.max(next, file.number + 1);
    if (file.kind !== 'recycled') numbers[file.kind].push(file.number);
  }
  const ascending = (list: number[]): number[] => list.sort((a, b) => a - b);
  return {
    manifests: ascending(numbers.manifest),
    tables: ascending(numbers.table),
    blobs: ascending(numbers.blob),
    logs: ascending(numbers.log),
    next,
  };
}

/** Reads CURRENT, the manifests and what else names the database. Errors: STEME_UNSUPPORTED, STEME_IO. */
export async function surveyDirectory(
  fileSystem: FileSystem,
  directory: string,
  names: readonly string[],
): Promise<Survey> {
  const files = numbersOf(names);
  const findings: Finding[] = [];
  const named = await readCurrentOrFind(fileSystem, directory, findings);
  const newest = files.manifests.at(-1);
  const number = named ?? newest;
  const read = number === undefined ? undefined : await readPrefix(fileSystem, directory, number, findings);
  const isSound = read?.state !== undefined && read.damage === undefined;
  const isLive = isSound && (named !== undefined || isNewest(read.state, files));
  if (isSound && !isLive) {
    const problem = 'it does not know of all tables that are there: it is not the newest one that there was';
    findings.push({ file: manifestName(number ?? 0), kind: 'manifest', offsetBytes: undefined, problem });
  }
  const hint = isLive ? undefined : (read?.state ?? (await olderHint(fileSystem, directory, files, number)));
  const databaseId = read?.state?.databaseId ?? hint?.databaseId ?? (await searchId(fileSystem, directory, files));
  return { files, state: isLive ? read.state : undefined, hint, databaseId, findings };
}

/** Where CURRENT does not tell, a manifest is believed if no table is there that it could not know of. */
function isNewest(state: ManifestState, { tables }: FileNumbers): boolean {
  return tables.every((number) => number < state.nextFileNumber);
}

async function olderHint(
  fileSystem: FileSystem,
  directory: string,
  { manifests }: FileNumbers,
  triedNumber: number | undefined,
): Promise<ManifestState | undefined> {
  for (const number of manifests.toReversed()) {
    if (number === triedNumber) continue;
    const { state } = await prefixOrDamage(fileSystem, directory, number);
    if (state !== undefined) return state;
  }
  return undefined;
}

async function searchId(
  fileSystem: FileSystem,
  directory: string,
  { manifests, logs }: FileNumbers,
): Promise<number | undefined> {
  for (const number of manifests.toReversed()) {
    const path = join(directory, manifestName(number));
    const payload = await readLogHeader(fileSystem, path, manifestIdentity(number));
    if (payload !== undefined) return decodeManifestHeader(payload, manifestName(number)).databaseId;
  }
  // The oldest first: a repair that was cut short may have left a segment of another id.
  for (const number of logs) {
    const databaseId = await findDatabaseId(fileSystem, join(directory, logName(number)), number);
    if (databaseId !== undefined) return databaseId;
  }
  return undefined;
}
