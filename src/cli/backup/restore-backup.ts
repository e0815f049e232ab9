import { join } from 'node:path';
import { throwIfEnded } from '../../engine/long-calls.js';
import { StagedDirectory } from '../../engine/staged-directory.js';
import type { FileSystem } from '../../fs/file-system.js';
import type { ByteProgress } from '../byte-progress.js';
import type { BackupCatalogue, BackupFile } from './backup-catalogue.js';
import type { BackupStore } from './backup-store.js';
import { sumBytes } from './make-backup.js';

export interface RestoreParts {
  readonly fileSystem: FileSystem;
  readonly progress: ByteProgress;
  readonly signal: AbortSignal;
}

/**
 * Makes the database of a backup anew in `target`, an absolute path, where there must be nothing. Every file is checked before
 * anything is written, and again on its way (law 5). The directory gets its name when all of it is durable. Errors:
 * STEME_EXISTS, STEME_CORRUPTION, STEME_IO, STEME_ABORTED.
 */
export async function restoreBackup(
  store: BackupStore,
  { files }: BackupCatalogue,
  target: string,
  { fileSystem, progress, signal }: RestoreParts,
): Promise<void> {
  const staged = await StagedDirectory.begin(fileSystem, target);
  try {
    const totalBytes = 2 * sumBytes(files);
    let doneBytes = 0;
    const onChunk = (bytes: Uint8Array): void => {
      throwIfEnded(signal);
      doneBytes += bytes.length;
      progress.report(doneBytes, totalBytes);
    };
    for (const file of files) await store.verify(file, onChunk);
    const directories = directoriesOf(files).map((name) => join(staged.path, name));
    for (const directory of directories) await fileSystem.makeDirectory(directory);
    for (const file of files) await store.copyOut(file, join(staged.path, file.name), onChunk);
    for (const directory of directories) await fileSystem.syncDirectory(directory);
    throwIfEnded(signal);
    await staged.publish();
  } catch (error) {
    await staged.abandon();
    throw error;
  }
}

/** Below that of the database, every one on the way to a file, with slashes. */
function directoriesOf(files: readonly BackupFile[]): string[] {
  const directories = new Set<string>();
  for (const { name } of files) {
    for (let end = name.indexOf('/'); end !== -1; end = name.indexOf('/', end + 1)) directories.add(name.slice(0, end));
  }
  return [...directories];
}
