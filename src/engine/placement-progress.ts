/** How far a checkpoint has come with putting files in place. What there is in all is known when the last file is. */
export class PlacementProgress {
  readonly #report: ((progress: { readonly bytes: number; readonly totalBytes: number }) => void) | undefined;
  #bytes = 0;
  #totalBytes = 0;
  #fileCount = 0;

  constructor(report: ((progress: { readonly bytes: number; readonly totalBytes: number }) => void) | undefined) {
    this.#report = report;
  }

  get fileCount(): number {
    return this.#fileCount;
  }

  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** Another file is to be put in place. */
  expect(fileBytes: number): void {
    this.#fileCount++;
    this.#totalBytes += fileBytes;
  }

  advance(bytes: number): void {
    this.#bytes += bytes;
    this.#report?.({ bytes: this.#bytes, totalBytes: this.#totalBytes });
  }
}
