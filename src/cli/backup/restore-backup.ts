import { join } from 'node:path';
import { throwIfEnded } from '../../engine/long-calls.js';
import { StagedDirectory } from '../../engine/staged-directory.js';
import type { FileSystem } from '../../fs/file-system.js';
import type { ByteProgress } from '../byte-progress.js';
import type { BackupCatalogue } from './backup-catalogue.js';
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
    for (const file of files) await store.copyOut(file, join(staged.path, file.name), onChunk);
    throwIfEnded(signal);
    await staged.publish();
  } catch (error) {
    await staged.abandon();
    throw error;
  }
}
