import { join } from 'node:path';
import type { Clock } from '../../base/clock.js';
import type { CheckpointFile, Database } from '../../engine/api.js';
import { throwIfEnded } from '../../engine/long-calls.js';
import type { FileSystem } from '../../fs/file-system.js';
import type { ByteProgress } from '../byte-progress.js';
import type { BackupFile } from './backup-catalogue.js';
import type { BackupStore } from './backup-store.js';

export interface BackupParts {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly progress: ByteProgress;
  readonly signal: AbortSignal;
}

/** What a backup came to; `newFiles` and `newBytes` are what it took that no earlier one had. */
export interface BackupSummary {
  readonly id: number;
  readonly directory: string;
  readonly sequence: number;
  readonly files: number;
  readonly bytes: number;
  readonly newFiles: number;
  readonly newBytes: number;
}

/** Adds a backup of the database as it is at the call to the store, whose lock the caller holds. */
export async function makeBackup(database: Database, store: BackupStore, parts: BackupParts): Promise<BackupSummary> {
  const { fileSystem, clock, progress, signal } = parts;
  await store.sweep();
  const id = ((await store.ids()).at(-1) ?? 0) + 1;
  const files: (BackupFile & { readonly isNew: boolean })[] = [];
  const take = async (name: string, path: string): Promise<void> => {
    files.push(await store.put(name, path, () => throwIfEnded(signal)));
  };
  const { sequence } = await database.checkpoint(store.stagingPath, {
    signal,
    placeFile: ({ name, path }: CheckpointFile) => take(name, path),
    onProgress: ({ bytes, totalBytes }) => progress.report(bytes, totalBytes),
  });
  for await (const name of filesBelow(fileSystem, store.stagingPath)) await take(name, join(store.stagingPath, name));
  throwIfEnded(signal);
  const recorded = files.map(({ name, bytes, xxh3 }) => ({ name, bytes, xxh3 }));
  await store.add({ id, createdAtMs: clock.nowMs(), sequence, files: recorded });
  await store.sweep();
  return { id, directory: store.directory, sequence, ...sumsOf(files) };
}

/** Names from `directory` on, with slashes. */
async function* filesBelow(fileSystem: FileSystem, directory: string): AsyncGenerator<string, void> {
  for (const name of await fileSystem.list(directory)) {
    const path = join(directory, name);
    if ((await fileSystem.statBytes(path)) !== undefined) yield name;
    else for await (const below of filesBelow(fileSystem, path)) yield `${name}/${below}`;
  }
}

function sumsOf(
  files: readonly (BackupFile & { readonly isNew: boolean })[],
): Pick<BackupSummary, 'files' | 'bytes' | 'newFiles' | 'newBytes'> {
  const isNew = files.filter((file) => file.isNew);
  return { files: files.length, bytes: sumBytes(files), newFiles: isNew.length, newBytes: sumBytes(isNew) };
}

export function sumBytes(files: readonly { readonly bytes: number }[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}
