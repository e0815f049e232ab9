import { alignUp, EMPTY_BYTES } from '../base/bytes.js';
import { assert } from '../base/errors.js';
import { DIRECT_IO_BLOCK_BYTES, LOG_FRAME_PAYLOAD_BYTES_MAX } from '../base/limits.js';
import type { FileHandle } from '../fs/file-system.js';
import { frameTypeOf } from './frame-type.js';
import { FRAME_ALIGNMENT_BYTES, FRAME_FULL, FRAME_HEADER, FRAME_HEADER_BYTES, sealFrame } from './log-format.js';
import { LOG_HEADER_PAYLOAD_BYTES_MAX, LOG_RECORD_BYTES_MAX } from './log-limits.js';

/** Room for the longest frame, whatever the alignment: so many bytes go out in one write at most. */
export const FRAME_MEMORY_BYTES = alignUp(FRAME_HEADER_BYTES + LOG_FRAME_PAYLOAD_BYTES_MAX, DIRECT_IO_BLOCK_BYTES);

/** One record, in the pieces that it is put together from. Those of a record of several pieces fit one frame together. */
export type RecordPieces = readonly Uint8Array[];

export interface FrameWriterOptions {
  readonly handle: FileHandle;
  readonly identity: number;
  /** Default FRAME_ALIGNMENT_BYTES. */
  readonly alignmentBytes?: number | undefined;
  /** FRAME_MEMORY_BYTES in which frames are put together, on a page for a `direct` handle. Default: taken for each call, as much as it needs. */
  readonly memory?: Uint8Array | undefined;
  /** Where the next frame goes, and its ordinal: of a file that has frames, all of them durable. Default: the start of a new one. */
  readonly position?: FramePosition | undefined;
}

/** A place between two frames. */
export interface FramePosition {
  readonly sizeBytes: number;
  readonly frameCount: number;
}

const START: FramePosition = { sizeBytes: 0, frameCount: 0 };

/** Puts records into frames and writes as many at once as there is memory for. One call at a time; after one that failed nobody knows what the file holds. */
export class FrameWriter {
  readonly #handle: FileHandle;
  readonly #identity: number;
  readonly #alignmentBytes: number;
  readonly #memory: Uint8Array | undefined;
  #written: FramePosition;
  #durable: FramePosition;
  /** Of the frames that are put together: where they are, and how many bytes of it are used. */
  #batch: Uint8Array = EMPTY_BYTES;
  #batchBytes = 0;
  #batchFrames = 0;

  constructor({ handle, identity, alignmentBytes, memory, position }: FrameWriterOptions) {
    this.#handle = handle;
    this.#identity = identity;
    this.#alignmentBytes = alignmentBytes ?? FRAME_ALIGNMENT_BYTES;
    this.#memory = memory;
    this.#written = position ?? START;
    this.#durable = this.#written;
  }

  /** Behind the last frame that was written. */
  get written(): FramePosition {
    return this.#written;
  }

  /** What the frames from now on say to be durable. */
  get durable(): FramePosition {
    return this.#durable;
  }

  /** Everything that was written up to `position` is durable. */
  noteDurable(position: FramePosition): void {
    this.#durable = position;
  }

  /** Errors: STEME_IO. */
  async writeHeader(payload: Uint8Array): Promise<void> {
    assert(payload.length <= LOG_HEADER_PAYLOAD_BYTES_MAX, 'a log header is small');
    assert(this.#written.frameCount === 0, 'a header is the first frame');
    this.#begin(this.#paddedBytes(payload.length));
    this.#place([payload], payload.length, FRAME_HEADER);
    await this.#flush();
  }

  /** Errors: STEME_IO. */
  async append(records: readonly RecordPieces[]): Promise<void> {
    const sizes = records.map(bytesOf);
    this.#begin(sizes.reduce((sum, size) => sum + this.#paddedBytes(size), 0));
    for (let i = 0; i < records.length; i++) {
      if (sizes[i] > LOG_FRAME_PAYLOAD_BYTES_MAX) {
        await this.#addFragments(records[i], sizes[i]);
        continue;
      }
      // Waiting only where there is something to wait for: records are small, and many.
      if (!this.#hasRoomFor(sizes[i])) await this.#flush();
      this.#place(records[i], sizes[i], FRAME_FULL);
    }
    await this.#flush();
  }

  async #addFragments(pieces: RecordPieces, recordBytes: number): Promise<void> {
    assert(pieces.length === 1, 'a record that is cut comes in one piece');
    assert(recordBytes <= LOG_RECORD_BYTES_MAX, 'a log record is within its limit');
    for (let start = 0; start < recordBytes; start += LOG_FRAME_PAYLOAD_BYTES_MAX) {
      const end = Math.min(start + LOG_FRAME_PAYLOAD_BYTES_MAX, recordBytes);
      if (!this.#hasRoomFor(end - start)) await this.#flush();
      const type = frameTypeOf(start === 0, end === recordBytes);
      this.#place([pieces[0].subarray(start, end)], end - start, type);
    }
  }

  #hasRoomFor(payloadBytes: number): boolean {
    return this.#batchBytes + this.#paddedBytes(payloadBytes) <= this.#batch.length;
  }

  #paddedBytes(payloadBytes: number): number {
    return alignUp(FRAME_HEADER_BYTES + payloadBytes, this.#alignmentBytes);
  }

  #begin(neededBytes: number): void {
    this.#batch = this.#memory ?? new Uint8Array(Math.min(neededBytes, FRAME_MEMORY_BYTES));
  }

  #place(pieces: RecordPieces, payloadBytes: number, type: number): void {
    const start = this.#batchBytes;
    let at = start + FRAME_HEADER_BYTES;
    for (const piece of pieces) {
      this.#batch.set(piece, at);
      at += piece.length;
    }
    this.#batchBytes = start + this.#paddedBytes(payloadBytes);
    this.#batch.fill(0, at, this.#batchBytes);
    sealFrame(this.#batch, start, at, {
      identity: this.#identity,
      ordinal: this.#written.frameCount + this.#batchFrames,
      durableMark: this.#durable.frameCount,
      type,
    });
    this.#batchFrames++;
  }

  async #flush(): Promise<void> {
    if (this.#batchFrames === 0) return;
    const { sizeBytes, frameCount } = this.#written;
    await this.#handle.write(this.#batch.subarray(0, this.#batchBytes), sizeBytes);
    this.#written = { sizeBytes: sizeBytes + this.#batchBytes, frameCount: frameCount + this.#batchFrames };
    this.#batchBytes = 0;
    this.#batchFrames = 0;
  }
}

function bytesOf(pieces: RecordPieces): number {
  let bytes = 0;
  for (const piece of pieces) bytes += piece.length;
  return bytes;
}
