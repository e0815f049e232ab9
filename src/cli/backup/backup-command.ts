import { resolve } from 'node:path';
import { byteProgressFor } from '../byte-progress.js';
import type { CliEnvironment } from '../cli-environment.js';
import { EXIT_DAMAGED, EXIT_OK } from '../exit-codes.js';
import { Output } from '../output.js';
import { formatTable } from '../table-printer.js';
import { formatBytes, formatCount } from '../units.js';
import { UsageError } from '../usage-error.js';
import { BackupStore } from './backup-store.js';
import { type BackupSummary, makeBackup, sumBytes } from './make-backup.js';
import { restoreBackup } from './restore-backup.js';

export interface BackupFlags {
  readonly db?: string;
  readonly json?: boolean;
}

export interface RestoreFlags {
  readonly db: string;
  readonly id?: number;
  readonly json?: boolean;
}

/** `steme backup`. Returns the exit code. */
export async function backupCommand(to: string, flags: BackupFlags, environment: CliEnvironment): Promise<number> {
  if (flags.db === undefined) throw new UsageError('required option --db <dir> is not given');
  const { fileSystem, clock, signal } = environment;
  // The database first: a name that was mistyped must not leave an empty directory of backups behind.
  const database = await environment.openDatabase(flags.db, { createIfMissing: false, autoCompact: false });
  try {
    const store = new BackupStore(fileSystem, resolve(to));
    const lock = await store.lock();
    const progress = byteProgressFor(environment, flags.json === true);
    try {
      const summary = await makeBackup(database, store, { fileSystem, clock, signal, progress });
      progress.stop();
      await print(flags.json === true ? `${JSON.stringify(summary)}\n` : formatSummary(summary), environment);
      return EXIT_OK;
    } finally {
      progress.stop();
      await lock.release();
    }
  } finally {
    await database.close();
  }
}

/** `steme backup ls`: a row or JSON object a backup. Returns the exit code. */
export async function listBackupsCommand(
  from: string,
  flags: BackupFlags,
  environment: CliEnvironment,
): Promise<number> {
  const store = new BackupStore(environment.fileSystem, resolve(from));
  const rows = [];
  for (const id of await store.ids()) rows.push(await describeBackup(store, id));
  const text =
    flags.json === true
      ? rows.map((row) => `${JSON.stringify(row)}\n`).join('')
      : formatTable(['id', 'made at', 'sequence', 'files', 'bytes'], rows.map(cellsOf));
  await print(text, environment);
  return rows.some(({ damage }) => damage !== undefined) ? EXIT_DAMAGED : EXIT_OK;
}

/** `steme backup rm`. Returns the exit code. */
export async function removeBackupsCommand(
  from: string,
  ids: readonly number[],
  environment: CliEnvironment,
): Promise<number> {
  const store = new BackupStore(environment.fileSystem, resolve(from));
  await checkIds(store, ids);
  const lock = await store.lock();
  try {
    for (const id of ids) await store.remove(id);
    await store.sweep();
    return EXIT_OK;
  } finally {
    await lock.release();
  }
}

/** `steme restore`. Returns the exit code. */
export async function restoreCommand(from: string, flags: RestoreFlags, environment: CliEnvironment): Promise<number> {
  const { fileSystem, signal } = environment;
  const store = new BackupStore(fileSystem, resolve(from));
  if (flags.id !== undefined) await checkIds(store, [flags.id]);
  const id = flags.id ?? (await store.ids()).at(-1);
  if (id === undefined) throw new UsageError(`there is no backup in ${from}`);
  const catalogue = await store.read(id);
  const directory = resolve(flags.db);
  const progress = byteProgressFor(environment, flags.json === true);
  await restoreBackup(store, catalogue, directory, { fileSystem, signal, progress }).finally(() => progress.stop());
  const { files, sequence } = catalogue;
  const summary = { id, directory, sequence, files: files.length, bytes: sumBytes(files) };
  const text = `restored backup ${id} to ${directory} (${formatCount(summary.files)} files, ${formatBytes(summary.bytes)})`;
  await print(`${flags.json === true ? JSON.stringify(summary) : text}\n`, environment);
  return EXIT_OK;
}

async function checkIds(store: BackupStore, ids: readonly number[]): Promise<void> {
  const known = await store.ids();
  const unknown = ids.find((id) => !known.includes(id));
  if (unknown === undefined) return;
  throw new UsageError(
    `there is no backup ${unknown} in ${store.directory}`,
    `there are: ${known.join(', ') || 'none'}`,
  );
}

interface BackupRow {
  readonly id: number;
  readonly createdAt?: string;
  readonly sequence?: number;
  readonly files?: number;
  readonly bytes?: number;
  readonly damage?: string;
}

async function describeBackup(store: BackupStore, id: number): Promise<BackupRow> {
  try {
    const { createdAtMs, sequence, files } = await store.read(id);
    const createdAt = new Date(createdAtMs).toISOString();
    return { id, createdAt, sequence, files: files.length, bytes: sumBytes(files) };
  } catch (error) {
    // The others are as good as ever: they are to be seen too.
    return { id, damage: error instanceof Error ? error.message : String(error) };
  }
}

function cellsOf({ id, createdAt, sequence = 0, files = 0, bytes = 0, damage }: BackupRow): string[] {
  if (damage !== undefined) return [String(id), damage, '', '', ''];
  return [String(id), createdAt ?? '', formatCount(sequence), formatCount(files), formatBytes(bytes)];
}

function formatSummary({ id, directory, files, bytes, newFiles, newBytes }: BackupSummary): string {
  const all = `${formatCount(files)} files, ${formatBytes(bytes)}`;
  return `backup ${id} in ${directory} (${all}; new: ${formatCount(newFiles)} files, ${formatBytes(newBytes)})\n`;
}

function print(text: string, environment: CliEnvironment): Promise<void> {
  return new Output(environment.stdout).write(text);
}
