import { join } from 'node:path';
import { DIRECT_PROBE_NAME, type FileSystem } from '../fs/file-system.js';
import { isIntakeFileName, isTenantFileName, QUARANTINE_DIRECTORY } from './journal-files.js';
import { tenantOfDirectoryName } from './tenant-directory.js';

/**
 * Removes the quarantine below `directory`, that of a database that nobody has open: the files that are its own, and the directories that
 * are empty then. Not durable before `directory` is synced. Errors: STEME_IO.
 */
export async function removeQuarantine(fileSystem: FileSystem, directory: string): Promise<void> {
  const root = join(directory, QUARANTINE_DIRECTORY);
  if (!(await fileSystem.exists(root))) return;
  for (const name of await fileSystem.list(root)) {
    const path = join(root, name);
    if (isIntakeFileName(name) || name === DIRECT_PROBE_NAME) await fileSystem.remove(path);
    else if (tenantOfDirectoryName(name).kind !== 'foreign') await removeTenant(fileSystem, path);
  }
  await removeIfEmpty(fileSystem, root);
}

async function removeTenant(fileSystem: FileSystem, directory: string): Promise<void> {
  const isFile = (await fileSystem.statBytes(directory)) !== undefined;
  if (isFile) return;
  for (const name of await fileSystem.list(directory)) {
    if (isTenantFileName(name)) await fileSystem.remove(join(directory, name));
  }
  await removeIfEmpty(fileSystem, directory);
}

async function removeIfEmpty(fileSystem: FileSystem, directory: string): Promise<void> {
  if ((await fileSystem.list(directory)).length === 0) await fileSystem.removeDirectory(directory);
}
