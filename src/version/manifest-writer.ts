import { join } from 'node:path';
import { CURRENT_NAME, CURRENT_TMP_NAME, manifestName } from '../base/file-names.js';
import { synced } from '../fs/disk-full.js';
import type { FileSystem } from '../fs/file-system.js';
import { LogWriter } from '../log/log-writer.js';
import { encodeCurrent } from './current-file.js';
import { encodeManifestHeader, manifestIdentity } from './manifest-header.js';
import { type ManifestState, snapshotEdit } from './manifest-state.js';
import type { VersionEdit } from './version-edit.js';
import { encodeVersionEdit } from './version-edit-encoder.js';

/** Appends version edits to one manifest. A failed append is its end: the log writer below refuses all that follow. */
export class ManifestWriter {
  readonly number: number;
  /** How large the manifest was with its snapshot alone. */
  readonly snapshotBytes: number;
  readonly #log: LogWriter;

  private constructor(number: number, log: LogWriter) {
    this.number = number;
    this.snapshotBytes = log.sizeBytes;
    this.#log = log;
  }

  /** A new manifest that starts with `state`, durable under its name. No reader looks at it until CURRENT names it. */
  static async create(
    fileSystem: FileSystem,
    directory: string,
    number: number,
    state: ManifestState,
  ): Promise<ManifestWriter> {
    const header = encodeManifestHeader({ databaseId: state.databaseId, manifestNumber: number });
    const path = join(directory, manifestName(number));
    const log = await LogWriter.create(fileSystem, path, { identity: manifestIdentity(number), header });
    try {
      await log.append(encodeVersionEdit(snapshotEdit(state)));
      await log.sync();
      await synced(fileSystem.syncDirectory(directory));
    } catch (error) {
      // The first failure is the one to report; closing after it can only fail for the same reason.
      await Promise.allSettled([log.close()]);
      throw error;
    }
    return new ManifestWriter(number, log);
  }

  get sizeBytes(): number {
    return this.#log.sizeBytes;
  }

  /** Resolves when the edit is durable. */
  async append(edit: VersionEdit): Promise<void> {
    await this.#log.append(encodeVersionEdit(edit));
    await this.#log.sync();
  }

  close(): Promise<void> {
    return this.#log.close();
  }
}

/**
 * Makes CURRENT name a manifest that is durable already. A crash at any step leaves the old CURRENT or the new one, whole:
 * the rename replaces the name at once, and the bytes behind the new name were durable before it.
 */
export async function pointCurrentAt(fileSystem: FileSystem, directory: string, manifestNumber: number): Promise<void> {
  const temporaryPath = join(directory, CURRENT_TMP_NAME);
  const file = await fileSystem.open(temporaryPath, 'create');
  try {
    await file.write(encodeCurrent(manifestNumber), 0);
    await synced(file.datasync());
  } finally {
    await file.close();
  }
  await fileSystem.rename(temporaryPath, join(directory, CURRENT_NAME));
  await synced(fileSystem.syncDirectory(directory));
}
