import { EMPTY_BYTES } from '../../base/bytes.js';

const MARK = Uint8Array.of(0xef, 0xbb, 0xbf);

/** Drops a UTF-8 byte order mark from the start of a source, also one that is cut by the end of a chunk. */
export class ByteOrderMark {
  /** How much of the mark was seen, and withheld. */
  #seenBytes = 0;
  #over = false;

  /** `chunk` without what belongs to the mark, and with what was withheld of something that was no mark. */
  drop(chunk: Uint8Array): Uint8Array {
    if (this.#over) return chunk;
    let position = 0;
    while (this.#seenBytes < MARK.length && position < chunk.length) {
      if (chunk[position] !== MARK[this.#seenBytes]) return Buffer.concat([this.withheld(), chunk.subarray(position)]);
      this.#seenBytes++;
      position++;
    }
    if (this.#seenBytes === MARK.length) this.#over = true;
    return chunk.subarray(position);
  }

  /** The bytes that looked like a mark and were none. The source has started, or is at its end. */
  withheld(): Uint8Array {
    if (this.#over) return EMPTY_BYTES;
    this.#over = true;
    return MARK.subarray(0, this.#seenBytes);
  }
}
