import type { BlobMetadata } from '../../blob/blob-metadata.js';
import { ManifestWriter, pointCurrentAt } from '../../version/manifest-writer.js';
import { Version } from '../../version/version.js';
import type { AddedTable } from '../../version/version-edit.js';
import { writeEmptyLog } from '../empty-log.js';
import type { Environment } from '../environment.js';
import type { RepairContext } from './repair-context.js';

/** The repaired database, as its manifest is to have it. */
export interface RepairedState {
  readonly databaseId: number;
  /** The first segment of a log that is kept as it is; undefined: a new one begins. */
  readonly logNumber: number | undefined;
  readonly lastSequence: number;
  readonly tables: readonly AddedTable[];
  readonly blobs: readonly BlobMetadata[];
}

/**
 * Makes the repaired database the one that is opened: what is not in use any more has a second name in `lost/` → new files and their
 * names durable → empty log durable → manifest durable → CURRENT durable. A crash before the last step leaves the database as it was.
 * `onSwitch` is called before the step after which nothing new may be removed.
 */
export async function installRepaired(
  context: RepairContext,
  environment: Pick<Environment, 'fileSystem' | 'clock' | 'onWarning'>,
  state: RepairedState,
  onSwitch: () => void,
): Promise<void> {
  const { fileSystem, directory } = context;
  await context.setAside.secure();
  const logNumber = state.logNumber ?? context.allocateNumber();
  if (state.logNumber === undefined) await writeEmptyLog(environment, directory, state.databaseId, logNumber);
  const manifestNumber = context.allocateNumber();
  await fileSystem.syncDirectory(directory);
  const version = Version.empty().apply({ addedTables: state.tables, deletedTables: [], addedBlobs: state.blobs });
  const manifest = await ManifestWriter.create(fileSystem, directory, manifestNumber, {
    databaseId: state.databaseId,
    logNumber,
    nextFileNumber: context.nextNumber,
    lastSequence: state.lastSequence,
    version,
  });
  await manifest.close();
  onSwitch();
  await pointCurrentAt(fileSystem, directory, manifestNumber);
}
