import { EMPTY_BYTES } from '../../base/bytes.js';

/** The beginning of a record whose end has not been read. Past `limitBytes` only the first `keptBytes` are held (law 8). */
export class PendingBytes {
  readonly #limitBytes: number;
  readonly #keptBytes: number;
  #pieces: Uint8Array[] = [];
  #fullBytes = 0;
  #overLimit = false;

  constructor(limitBytes: number, keptBytes: number) {
    this.#limitBytes = limitBytes;
    this.#keptBytes = Math.min(keptBytes, limitBytes);
  }

  get isEmpty(): boolean {
    return this.#fullBytes === 0;
  }

  append(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#fullBytes += piece.length;
    if (this.#overLimit) return;
    this.#pieces.push(piece);
    if (this.#fullBytes > this.#limitBytes) this.#forgetAllButBeginning();
  }

  /** Everything appended, or its beginning, and how much it was; then starts anew. */
  take(): { readonly bytes: Uint8Array; readonly fullBytes: number } {
    const bytes = joined(this.#pieces);
    const fullBytes = this.#fullBytes;
    this.#pieces = [];
    this.#fullBytes = 0;
    this.#overLimit = false;
    return { bytes, fullBytes };
  }

  #forgetAllButBeginning(): void {
    const kept: Uint8Array[] = [];
    let missing = this.#keptBytes;
    for (const piece of this.#pieces) {
      if (missing === 0) break;
      const part = piece.subarray(0, missing);
      kept.push(part);
      missing -= part.length;
    }
    // A copy: views would hold on to whole chunks.
    this.#pieces = [Buffer.concat(kept)];
    this.#overLimit = true;
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 0) return EMPTY_BYTES;
  return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
}
