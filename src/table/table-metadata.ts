/** What the engine knows of a table without opening it: plain data, made by the writer, kept in the manifest. */
export interface TableMetadata {
  /** Names the file, and is mixed into its checksums. */
  readonly number: number;
  readonly fileBytes: number;
  readonly entryCount: number;
  readonly tombstoneCount: number;
  /** Keys and values before prefix truncation and compression. */
  readonly rawBytes: number;
  /** First and last user key, both in the table. */
  readonly smallestKey: Uint8Array;
  readonly largestKey: Uint8Array;
  readonly smallestSequence: number;
  readonly largestSequence: number;
  readonly createdAtMs: number;
}

/** What it takes to open a table. */
export type TableIdentity = Pick<TableMetadata, 'number' | 'fileBytes'>;
