/** What the writer of a table knows of it in the end: plain data, in the shape that the manifest keeps (version/table-metadata). */
export interface TableSummary {
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
export type TableIdentity = Pick<TableSummary, 'number' | 'fileBytes'>;
