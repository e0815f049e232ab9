/** How much of a blob file the entries of one table refer to. */
export interface BlobUse {
  readonly number: number;
  readonly valueCount: number;
  /** As the user wrote them, before compression. */
  readonly valueBytes: number;
}

/** What the engine knows of a table without opening it: plain data, made by the writer, kept in the manifest. */
export interface TableMetadata {
  /** Names the file, and is mixed into its checksums. */
  readonly number: number;
  readonly fileBytes: number;
  /** Versions of keys, deletes among them; range deletes are not. */
  readonly entryCount: number;
  readonly tombstoneCount: number;
  readonly rangeDeleteCount: number;
  /** Distinct user keys; 0 where that is not known. */
  readonly keyCount: number;
  /** Keys and values before prefix truncation and compression; of a value in a blob file its reference. */
  readonly rawBytes: number;
  /** Bounds of all entries and range deletes. */
  readonly smallestKey: Uint8Array;
  readonly largestKey: Uint8Array;
  /** The largest key is the end of a range delete: everything up to it, and not itself. */
  readonly isLargestKeyExclusive: boolean;
  readonly smallestSequence: number;
  readonly largestSequence: number;
  readonly createdAtMs: number;
  /** When the oldest data in it was first put into a table. */
  readonly oldestAtMs: number;
  /** Entries that expire, and when the last of them does; 0 and 0 without any. */
  readonly expiringCount: number;
  readonly largestExpiryMs: number;
  /** If not 0, the sequence of every entry, whatever the file says: of data that was loaded as a whole. */
  readonly globalSequence: number;
  /** Blob files that its entries refer to, by number. */
  readonly blobUses: readonly BlobUse[];
  /** Of the database that wrote it; undefined in older ones, which do not say. */
  readonly databaseId?: number;
}

/** What it takes to open a table. */
export type TableIdentity = Pick<TableMetadata, 'number' | 'fileBytes' | 'globalSequence' | 'databaseId'>;
