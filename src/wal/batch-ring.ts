import { alignUp } from '../base/bytes.js';
import { assert } from '../base/errors.js';
import { WAL_BATCH_BYTES, WAL_BATCH_SLOTS } from '../base/limits.js';
import { allocatePageAlignedMemory } from '../base/shared-memory.js';
import type { WriteGroup } from './write-group.js';

const RING_BYTES = WAL_BATCH_BYTES * WAL_BATCH_SLOTS;

/**
 * Page-aligned memory in which frames are built back to back, so that a run of finished frames goes out in one
 * write. Places are counted from the start of time; modulo the size they are positions. At most one frame is open.
 *
 *     released ≤ in flight ≤ finished ≤ open frame ≤ released + size
 */
export class BatchRing {
  #bytes: Uint8Array | undefined;
  readonly #alignmentBytes: number;
  #next = 0;
  #released = 0;

  constructor(alignmentBytes: number) {
    this.#alignmentBytes = alignmentBytes;
  }

  /** Made with the first use: who only reads a database has none. */
  get bytes(): Uint8Array {
    this.#bytes ??= new Uint8Array(allocatePageAlignedMemory(RING_BYTES));
    return this.#bytes;
  }

  /**
   * Position of a free, contiguous WAL_BATCH_BYTES, or -1 when what is in flight must be released first. The open frame
   * takes up nothing until `finishFrame`.
   */
  openFrame(): number {
    const position = this.#next % RING_BYTES;
    const skippedBytes = position + WAL_BATCH_BYTES > RING_BYTES ? RING_BYTES - position : 0;
    if (this.#next + skippedBytes + WAL_BATCH_BYTES > this.#released + RING_BYTES) return -1;
    this.#next += skippedBytes;
    return this.#next % RING_BYTES;
  }

  /** Ends the open frame, zeroes its padding, and adds it to its group. */
  finishFrame(start: number, end: number, type: number, group: WriteGroup): void {
    const paddedEnd = alignUp(end, this.#alignmentBytes);
    assert(paddedEnd <= start + WAL_BATCH_BYTES, 'a frame fits its batch');
    this.bytes.fill(0, end, paddedEnd);
    this.#next += paddedEnd - start;
    group.ringMark = this.#next;
    group.frames.push({ start, end, type });
    const last = group.pieces.at(-1);
    if (last !== undefined && last.end === start) last.end = paddedEnd;
    else group.pieces.push({ start, end: paddedEnd });
  }

  release(mark: number): void {
    if (mark > this.#released) this.#released = mark;
  }

  /** Forgets all frames. Nothing may be in flight. */
  clear(): void {
    this.#next = 0;
    this.#released = 0;
  }
}
