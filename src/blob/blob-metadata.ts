/** What the engine knows of a blob file without opening it: plain data, made by the writer, kept in the manifest. */
export interface BlobMetadata {
  /** Names the file, and is mixed into its checksums. */
  readonly number: number;
  readonly fileBytes: number;
  readonly valueCount: number;
  /** As the user wrote them, before compression. */
  readonly valueBytes: number;
  /** Of the database that wrote it; undefined in older ones, which do not say. */
  readonly databaseId?: number;
}
