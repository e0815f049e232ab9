import type { Version } from './version.js';
import { COMPARATOR_NAME, type VersionEdit } from './version-edit.js';

export interface ManifestScalars {
  readonly databaseId: number;
  readonly logNumber: number;
  readonly nextFileNumber: number;
  readonly lastSequence: number;
}

/** All that a manifest says of a database. One immutable value, swapped whole. */
export interface ManifestState extends ManifestScalars {
  readonly version: Version;
}

/** The scalars after `edit`, the same when it is made and when it is read back. */
export function scalarsAfter(before: ManifestScalars, edit: VersionEdit): ManifestScalars {
  return {
    databaseId: before.databaseId,
    logNumber: edit.logNumber ?? before.logNumber,
    nextFileNumber: Math.max(before.nextFileNumber, edit.nextFileNumber ?? 0),
    lastSequence: Math.max(before.lastSequence, edit.lastSequence ?? 0),
  };
}

/** Why `edit` cannot follow `before`, or undefined if its scalars can. */
export function scalarMisfit(before: ManifestScalars, edit: VersionEdit): string | undefined {
  if (edit.isSnapshot === true) return 'it is a snapshot, which only starts a manifest';
  if (edit.databaseId !== undefined && edit.databaseId !== before.databaseId) {
    return `it is of database ${edit.databaseId}, not ${before.databaseId}`;
  }
  // Segments below the log number may be gone already.
  if (edit.logNumber !== undefined && edit.logNumber < before.logNumber) {
    return `it takes the log number back from ${before.logNumber} to ${edit.logNumber}`;
  }
  return undefined;
}

/** A file that `edit` names though its number was not given out yet, so that a later file would overwrite it; undefined if all were. */
export function unallocatedFile(edit: VersionEdit, nextFileNumber: number): string | undefined {
  const table = edit.addedTables.find(({ table: { number } }) => number >= nextFileNumber);
  if (table !== undefined) return `table ${table.table.number}`;
  const blob = edit.addedBlobs?.find(({ number }) => number >= nextFileNumber);
  return blob === undefined ? undefined : `blob file ${blob.number}`;
}

/** The edit that makes `state` out of nothing: the first record of a manifest. */
export function snapshotEdit({
  databaseId,
  logNumber,
  nextFileNumber,
  lastSequence,
  version,
}: ManifestState): VersionEdit {
  return {
    isSnapshot: true,
    databaseId,
    comparatorName: COMPARATOR_NAME,
    logNumber,
    nextFileNumber,
    lastSequence,
    addedTables: version.levels.flatMap((tables, level) => tables.map((table) => ({ level, table }))),
    deletedTables: [],
    addedBlobs: [...version.blobs.values()],
  };
}
