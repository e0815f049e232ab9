import { dirname } from 'node:path';
import { systemCodeOf } from '../base/errors.js';
import type { FileSystem } from '../fs/file-system.js';

/** A directory that cannot be asked: this user did not make anything in it. */
const NOT_OURS = new Set(['EACCES', 'EPERM', 'EROFS', 'EINVAL']);

/**
 * Makes the names on the way to a new database durable: what is synced inside a directory is lost with the directory's own
 * name (law 1). All of them, since an earlier open may have made them and been killed before it came to this. Errors: STEME_IO.
 */
export async function syncParents(fileSystem: FileSystem, directory: string): Promise<void> {
  for (let parent = dirname(directory), child = directory; parent !== child; child = parent, parent = dirname(parent)) {
    try {
      await fileSystem.syncDirectory(parent);
    } catch (error) {
      if (NOT_OURS.has(systemCodeOf(error) ?? '')) return;
      throw error;
    }
  }
}
