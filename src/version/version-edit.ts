import type { BlobMetadata } from '../blob/blob-metadata.js';
import type { TableMetadata } from '../table/table-metadata.js';

/** The key order that this engine writes and reads; a manifest that names another one is refused. */
export const COMPARATOR_NAME = 'steme.bytewise';

export interface AddedTable {
  readonly level: number;
  readonly table: TableMetadata;
}

export interface DeletedTable {
  readonly level: number;
  readonly number: number;
}

/**
 * One step from a version to the next: what the manifest is a log of. A field that is left out stays as it was. Deletions
 * come before additions, so a table moves to another level by one of each with the same number.
 */
export interface VersionEdit {
  /** Starts from nothing instead of from the version before: the first record of every manifest, and no other. */
  readonly isSnapshot?: boolean;
  readonly databaseId?: number;
  readonly comparatorName?: string;
  /** The oldest WAL segment whose records are not all in tables. */
  readonly logNumber?: number;
  /** Every number below it may have been used for a file. */
  readonly nextFileNumber?: number;
  /** The largest sequence number known to be in a table. */
  readonly lastSequence?: number;
  readonly addedTables: readonly AddedTable[];
  readonly deletedTables: readonly DeletedTable[];
  /** New blob files, that added tables refer to. */
  readonly addedBlobs?: readonly BlobMetadata[];
}
