/** Appends records to a manifest or a journal. The WAL has its own writer: it frames in place and goes for speed. */
import { assert } from '../base/errors.js';
import { synced } from '../fs/disk-full.js';
import type { FileHandle, FileSystem } from '../fs/file-system.js';
import { type FramePosition, FrameWriter, type RecordPieces } from './frame-writer.js';
import { LOG_HEADER_PAYLOAD_BYTES_MAX, LOG_RECORD_BYTES_MAX } from './log-limits.js';

export interface LogWriterOptions {
  readonly identity: number;
  /** The payload of frame 0. */
  readonly header: Uint8Array;
}

export class LogWriter {
  readonly #handle: FileHandle;
  readonly #frames: FrameWriter;
  /** Operations run one at a time, in call order. */
  #tail: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;

  private constructor(handle: FileHandle, identity: number, position?: FramePosition) {
    this.#handle = handle;
    this.#frames = new FrameWriter({ handle, identity, position });
  }

  /** Creates or empties the file and writes its header frame. Neither that nor the name is durable yet. Errors: STEME_IO. */
  static async create(fileSystem: FileSystem, path: string, options: LogWriterOptions): Promise<LogWriter> {
    assert(options.header.length <= LOG_HEADER_PAYLOAD_BYTES_MAX, 'a log header is small');
    const writer = new LogWriter(await fileSystem.open(path, 'create'), options.identity);
    try {
      await writer.#frames.writeHeader(options.header);
      return writer;
    } catch (error) {
      await writer.close();
      throw error;
    }
  }

  /**
   * Goes on behind the last frame of a file, which ends at `position`. What it has is made durable first, where nobody knows that it is.
   * Errors: STEME_IO.
   */
  static async reopen(
    fileSystem: FileSystem,
    path: string,
    options: { readonly identity: number; readonly position: FramePosition; readonly isDurable: boolean },
  ): Promise<LogWriter> {
    const handle = await fileSystem.open(path, 'update');
    try {
      if (!options.isDurable) await synced(handle.datasync());
      return new LogWriter(handle, options.identity, options.position);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Bytes that were written, whole frames with their padding. */
  get sizeBytes(): number {
    return this.#frames.written.sizeBytes;
  }

  /** Up to here everything is durable. */
  get durable(): FramePosition {
    return this.#frames.durable;
  }

  /** Written when it resolves, durable after the next `sync`. `payload` stays unchanged until then. Errors: STEME_IO. */
  append(payload: Uint8Array): Promise<void> {
    assert(payload.length <= LOG_RECORD_BYTES_MAX, 'a log record is within its limit');
    return this.appendAll([[payload]]);
  }

  /** The same for several records, in as few writes as their length allows. */
  appendAll(records: readonly RecordPieces[]): Promise<void> {
    return this.#run(() => this.#frames.append(records));
  }

  /** Makes all earlier appends durable. Errors: STEME_IO. */
  sync(): Promise<void> {
    return this.#run(async () => {
      const { written } = this.#frames;
      await synced(this.#handle.datasync());
      this.#frames.noteDurable(written);
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
}
