import { join } from 'node:path';
import type { FileSystem } from '../fs/file-system.js';
import { identityOfFrame0, readLogHeader } from '../log/log-header.js';
import {
  intakeName,
  journalFileNumbers,
  journalSegmentName,
  QUARANTINE_DIRECTORY,
  TENANT_MANIFEST_NAME,
} from './journal-files.js';
import { decodeJournalHeader, type JournalHeader, journalIdentity } from './journal-header.js';

/** Of a file that says of itself what it is; undefined where its header does not hold. Errors: STEME_IO, STEME_UNSUPPORTED. */
export async function readOwnHeader(fileSystem: FileSystem, path: string): Promise<JournalHeader | undefined> {
  const identity = await identityOfFrame0(fileSystem, path);
  const payload = identity === undefined ? undefined : await readLogHeader(fileSystem, path, identity);
  if (payload === undefined) return undefined;
  const header = decodeJournalHeader(payload, path);
  return journalIdentity(header) === identity ? header : undefined;
}

/**
 * Under which database id the journals below `directory`, that of a database, were written: not that of the database where it began as a
 * checkpoint of another one. `ownId` is that of the database: where a file has it, one that has another got there by mistake. Undefined
 * where there are none. Errors: STEME_IO, STEME_UNSUPPORTED.
 */
export async function findJournalId(
  fileSystem: FileSystem,
  directory: string,
  ownId?: number,
): Promise<number | undefined> {
  const root = join(directory, QUARANTINE_DIRECTORY);
  if (!(await fileSystem.exists(root))) return undefined;
  const names = await fileSystem.list(root);
  const ids: number[] = [];
  for (const number of journalFileNumbers(names, 'intake').toReversed()) {
    const header = await readOwnHeader(fileSystem, join(root, intakeName(number)));
    if (header !== undefined) ids.push(header.databaseId);
  }
  const isSure = ids.length > 0 && (ownId === undefined || ids.includes(ownId));
  if (!isSure) ids.push(...(await idOfSomeTenant(fileSystem, root, names)));
  return ids.find((id) => id === ownId) ?? ids.at(0);
}

async function idOfSomeTenant(fileSystem: FileSystem, root: string, names: readonly string[]): Promise<number[]> {
  for (const name of names.filter((each) => !each.includes('.'))) {
    const id = await idOfTenant(fileSystem, join(root, name));
    if (id !== undefined) return [id];
  }
  return [];
}

async function idOfTenant(fileSystem: FileSystem, directory: string): Promise<number | undefined> {
  const names = await fileSystem.list(directory);
  const files = [
    ...(names.includes(TENANT_MANIFEST_NAME) ? [TENANT_MANIFEST_NAME] : []),
    ...journalFileNumbers(names, 'segment').map(journalSegmentName),
  ];
  for (const file of files) {
    const header = await readOwnHeader(fileSystem, join(directory, file));
    if (header !== undefined) return header.databaseId;
  }
  return undefined;
}
