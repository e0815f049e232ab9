/** Appends records to a manifest or a journal. The WAL has its own writer: it frames in place and goes for speed. */
import { alignUp } from '../base/bytes.js';
import { assert } from '../base/errors.js';
import { LOG_FRAME_PAYLOAD_BYTES_MAX } from '../base/limits.js';
import { synced } from '../fs/disk-full.js';
import type { FileHandle, FileSystem } from '../fs/file-system.js';
import { frameTypeOf } from './frame-type.js';
import { FRAME_ALIGNMENT_BYTES, FRAME_HEADER, FRAME_HEADER_BYTES, sealFrame } from './log-format.js';
import { LOG_HEADER_PAYLOAD_BYTES_MAX, LOG_RECORD_BYTES_MAX } from './log-limits.js';

export interface LogWriterOptions {
  readonly identity: number;
  /** The payload of frame 0. */
  readonly header: Uint8Array;
}

export class LogWriter {
  readonly #handle: FileHandle;
  readonly #identity: number;
  #sizeBytes = 0;
  #frameCount = 0;
  #durableFrameCount = 0;
  /** Operations run one at a time, in call order. */
  #tail: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;

  private constructor(handle: FileHandle, identity: number) {
    this.#handle = handle;
    this.#identity = identity;
  }

  /** Creates or empties the file and writes its header frame. Neither that nor the name is durable yet. Errors: STEME_IO. */
  static async create(fileSystem: FileSystem, path: string, options: LogWriterOptions): Promise<LogWriter> {
    assert(options.header.length <= LOG_HEADER_PAYLOAD_BYTES_MAX, 'a log header is small');
    const writer = new LogWriter(await fileSystem.open(path, 'create'), options.identity);
    try {
      await writer.#writeFrame(options.header, FRAME_HEADER);
      return writer;
    } catch (error) {
      await writer.close();
      throw error;
    }
  }

  /** Bytes that were written, whole frames with their padding. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Written when it resolves, durable after the next `sync`. `payload` stays unchanged until then. Errors: STEME_IO. */
  append(payload: Uint8Array): Promise<void> {
    assert(payload.length <= LOG_RECORD_BYTES_MAX, 'a log record is within its limit');
    return this.#run(() => this.#writeRecord(payload));
  }

  /** Makes all earlier appends durable. Errors: STEME_IO. */
  sync(): Promise<void> {
    return this.#run(async () => {
      const writtenCount = this.#frameCount;
      await synced(this.#handle.datasync());
      this.#durableFrameCount = writtenCount;
    });
  }

  /** Waits for what was asked before. Syncs nothing. */
  async close(): Promise<void> {
    await this.#tail;
    await this.#handle.close();
  }

  /** law 7: after a failed write or sync nobody knows what the file holds, so everything later meets the same error. */
  #run(work: () => Promise<void>): Promise<void> {
    const result = this.#tail.then(async () => {
      if (this.#failure !== undefined) throw this.#failure.error;
      try {
        await work();
      } catch (error) {
        this.#failure = { error };
        throw error;
      }
    });
    // The caller holds `result` and its error; the queue only needs the moment.
    this.#tail = result.catch(() => undefined);
    return result;
  }

  async #writeRecord(payload: Uint8Array): Promise<void> {
    let start = 0;
    do {
      const end = Math.min(start + LOG_FRAME_PAYLOAD_BYTES_MAX, payload.length);
      await this.#writeFrame(payload.subarray(start, end), frameTypeOf(start === 0, end === payload.length));
      start = end;
    } while (start < payload.length);
  }

  async #writeFrame(payload: Uint8Array, type: number): Promise<void> {
    const frameBytes = FRAME_HEADER_BYTES + payload.length;
    const padded = Buffer.alloc(alignUp(frameBytes, FRAME_ALIGNMENT_BYTES));
    padded.set(payload, FRAME_HEADER_BYTES);
    sealFrame(padded.subarray(0, frameBytes), {
      identity: this.#identity,
      ordinal: this.#frameCount,
      durableMark: this.#durableFrameCount,
      type,
    });
    await this.#handle.write(padded, this.#sizeBytes);
    this.#sizeBytes += padded.length;
    this.#frameCount++;
  }
}
