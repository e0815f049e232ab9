/**
 * The quarantine of a checkpoint. It is copied after the version of the tree is fixed: so every entry that was acknowledged before is in
 * it, and every mark of a replay that is in the tree has its record there too (they are in one batch). No segment may go in between,
 * since a replay may be through with it by then, of whose records the tree knows nothing: the caller has a hold.
 *
 *     each tenant: what is in memory goes to segments ─► second names, a copy of the one that is written, a manifest ─► synced
 *     last: an intake without entries, whose header says what the next entry is called
 *
 * That number is above those of all marks in the tree: a new entry never passes for one that was replayed.
 */
import { join } from 'node:path';
import { inParallel } from '../../base/in-parallel.js';
import type { FileSystem } from '../../fs/file-system.js';
import { writeEmptyIntake } from '../../quarantine/empty-intake.js';
import {
  intakeName,
  journalFileNumbers,
  journalSegmentName,
  QUARANTINE_DIRECTORY,
} from '../../quarantine/journal-files.js';
import type { QuarantineJournal } from '../../quarantine/quarantine-journal.js';
import { tenantDirectoryName } from '../../quarantine/tenant-directory.js';
import type { TenantSnapshot } from '../../quarantine/tenant-snapshot.js';
import { writeManifest } from '../../quarantine/write-manifest.js';
import type { CheckpointFile } from '../api.js';
import type { CheckpointFiles } from '../checkpoint-files.js';
import { throwIfEnded } from '../long-calls.js';

/** Tenants at a time: each of them waits for the disk a few times. */
const COPIED_TENANTS = 8;

export interface QuarantineCopyParts {
  readonly fileSystem: FileSystem;
  readonly journal: QuarantineJournal;
  /** Of the database. */
  readonly directory: string;
  readonly isReadOnly: boolean;
  readonly nowMs: () => number;
  readonly files: CheckpointFiles;
}

/** Durable, but for the name of the quarantine itself. Errors: STEME_IO, STEME_UNSUPPORTED, and those of `throwIfEnded`. */
export async function checkpointQuarantine(parts: QuarantineCopyParts): Promise<void> {
  const { fileSystem, journal, directory, files } = parts;
  if (!(await fileSystem.exists(join(directory, QUARANTINE_DIRECTORY)))) return;
  const target = join(files.path, QUARANTINE_DIRECTORY);
  await fileSystem.makeDirectory(target);
  await inParallel(files.isOneByOne ? 1 : COPIED_TENANTS, await journal.tenants(), async (tenant) => {
    throwIfEnded(files.signal);
    await copyTenant(await journal.snapshot(tenant), parts);
  });
  await writeIntake(parts, target);
  await fileSystem.syncDirectory(target);
}

async function copyTenant(snapshot: TenantSnapshot, { fileSystem, files, nowMs }: QuarantineCopyParts): Promise<void> {
  const { tenant, databaseId, segments, manifest } = snapshot;
  const hasManifest = manifest.removed.length > 0 || [...manifest.summaries].length > 0;
  if (segments.length === 0 && !hasManifest) return;
  const folder = `${QUARANTINE_DIRECTORY}/${tenantDirectoryName(tenant)}`;
  const directory = join(files.path, folder);
  await fileSystem.makeDirectory(directory);
  const shared: CheckpointFile[] = [];
  const copied: CheckpointFile[] = [];
  for (const { number, endBytes, isImmutable } of segments) {
    const path = join(snapshot.directory, journalSegmentName(number));
    const fileBytes = endBytes ?? (await fileSystem.statBytes(path)) ?? 0;
    (isImmutable ? shared : copied).push({ name: `${folder}/${journalSegmentName(number)}`, path, fileBytes });
  }
  files.expect([...shared, ...copied]);
  for (const file of shared) await files.place(file);
  for (const file of copied) await files.copy(file);
  if (hasManifest) await writeManifest({ fileSystem, directory, databaseId, tenant, nowMs }, manifest);
  await fileSystem.syncDirectory(directory);
}

/** What is in the intake of a database that is only read cannot go to segments: it is copied as it is. */
async function writeIntake(
  { fileSystem, journal, directory, isReadOnly, nowMs, files }: QuarantineCopyParts,
  target: string,
): Promise<void> {
  const names = isReadOnly ? await fileSystem.list(join(directory, QUARANTINE_DIRECTORY)) : [];
  const numbers = journalFileNumbers(names, 'intake');
  for (const number of numbers) {
    const name = `${QUARANTINE_DIRECTORY}/${intakeName(number)}`;
    const path = join(directory, QUARANTINE_DIRECTORY, intakeName(number));
    const file = { name, path, fileBytes: (await fileSystem.statBytes(path)) ?? 0 };
    files.expect([file]);
    await files.copy(file);
  }
  if (numbers.length > 0) return;
  const { databaseId, nextEntry, lastAppendMs } = journal;
  const createdAtMs = Math.max(nowMs(), lastAppendMs);
  const fields = { databaseId, number: 1, firstEntry: nextEntry, predecessorEndBytes: 0, createdAtMs };
  await writeEmptyIntake(fileSystem, target, fields);
}
