/** Fetches values that do not stand beside their keys. */
export interface BlobResolver {
  /** The value behind the reference `source[start, end)`, in memory of the caller's own. Errors: STEME_CORRUPTION, STEME_IO. */
  readSync(source: Uint8Array, start: number, end: number): Buffer;
}
