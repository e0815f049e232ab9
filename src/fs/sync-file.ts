import { synced } from './disk-full.js';
import type { FileSystem } from './file-system.js';

/** Makes what a file has durable, whoever wrote it: after a kill it may be in the page cache alone. Errors: STEME_IO. */
export async function syncFile(fileSystem: FileSystem, path: string): Promise<void> {
  const handle = await fileSystem.open(path, 'update');
  try {
    await synced(handle.datasync());
  } finally {
    await handle.close();
  }
}
