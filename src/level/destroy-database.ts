import { join } from 'node:path';
import { CURRENT_NAME, LOCK_NAME, parseFileName } from '../base/file-names.js';
import type { FileSystem } from '../fs/file-system.js';
import { removeQuarantine } from '../quarantine/remove-quarantine.js';

/**
 * Removes the files of the database in `directory`, those of its quarantine included, and no others; the directory stays. CURRENT goes first, so that what a
 * crash leaves is refused as damaged, and not opened as a database that lost its data. Errors: STEME_LOCKED, STEME_IO.
 */
export async function destroyDatabase(fileSystem: FileSystem, directory: string): Promise<void> {
  if (!(await fileSystem.exists(directory))) return;
  const lock = await fileSystem.lock(directory);
  try {
    await removeDurably(fileSystem, directory, [CURRENT_NAME]);
    await removeQuarantine(fileSystem, directory);
    const names = await fileSystem.list(directory);
    // The LOCK file goes with the lock.
    await removeDurably(
      fileSystem,
      directory,
      names.filter((name) => name !== LOCK_NAME && parseFileName(name) !== undefined),
    );
  } finally {
    await lock.release();
  }
}

async function removeDurably(fileSystem: FileSystem, directory: string, names: readonly string[]): Promise<void> {
  for (const name of names) await fileSystem.remove(join(directory, name));
  await fileSystem.syncDirectory(directory);
}
