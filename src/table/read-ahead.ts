import { EMPTY_BYTES } from '../base/bytes.js';
import { KIB } from '../base/limits.js';

/** The first piece of a walk that turns out to be one; each further piece is twice as large, up to the limit. */
const FIRST_PIECE_BYTES = 16 * KIB;

/** Fills `target` from `offsetBytes` of the file, all of it. */
export type ReadPiece = (target: Uint8Array, offsetBytes: number) => Uint8Array;

/**
 * Reads for one iterator over a file, in pieces of many blocks once the blocks that it asks for stand back to back, either way: a
 * system call takes longer than a block does to be used. A lone read, as a seek makes, reads its block and no more.
 */
export class ReadAhead {
  readonly #pieceBytesMax: number;
  readonly #fileBytes: number;
  #piece: Uint8Array = EMPTY_BYTES;
  /** Where the piece stands in the file. */
  #start = 0;
  #end = 0;
  /** The block asked for last. */
  #lastStart = -1;
  #lastEnd = -1;
  #nextBytes = FIRST_PIECE_BYTES;

  constructor(fileBytes: number, pieceBytesMax: number) {
    this.#fileBytes = fileBytes;
    this.#pieceBytesMax = pieceBytesMax;
  }

  /** `length` bytes from `offset`, which the file has; good until the next read. */
  read(offset: number, length: number, readPiece: ReadPiece): Uint8Array {
    const end = offset + length;
    if (offset < this.#start || end > this.#end) this.#readPiece(offset, end, readPiece);
    this.#lastStart = offset;
    this.#lastEnd = end;
    return this.#piece.subarray(offset - this.#start, end - this.#start);
  }

  #readPiece(offset: number, end: number, readPiece: ReadPiece): void {
    const isForward = offset === this.#lastEnd;
    const isBackward = end === this.#lastStart;
    const wanted = isForward || isBackward ? this.#nextBytes : 0;
    this.#nextBytes = wanted === 0 ? FIRST_PIECE_BYTES : Math.min(2 * wanted, this.#pieceBytesMax);
    const start = isBackward ? Math.max(0, Math.min(offset, end - wanted)) : offset;
    const pieceEnd = isForward ? Math.min(this.#fileBytes, Math.max(end, offset + wanted)) : end;
    // Until it is read, it has nothing: a read that fails must not leave another piece's bytes under its place.
    this.#start = 0;
    this.#end = 0;
    this.#piece = readPiece(this.#memoryFor(pieceEnd - start), start);
    this.#start = start;
    this.#end = pieceEnd;
  }

  /** The same again and again, but what one huge block needed is not kept. */
  #memoryFor(bytes: number): Uint8Array {
    const { buffer } = this.#piece;
    const isFit =
      bytes <= buffer.byteLength && (buffer.byteLength <= this.#pieceBytesMax || bytes > this.#pieceBytesMax);
    return isFit ? new Uint8Array(buffer, 0, bytes) : new Uint8Array(bytes);
  }
}
