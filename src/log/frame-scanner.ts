/** Frames by position: is there an intact one here, and where is the next one? Order and meaning are the log reader's. */
import { alignUp, copyToBuffer, readUint32 } from '../base/bytes.js';
import { assert, CorruptionError } from '../base/errors.js';
import { LOG_FRAME_PAYLOAD_BYTES_MAX, MIB, SEQUENCE_MAX } from '../base/limits.js';
import type { FileHandle, FileSystem } from '../fs/file-system.js';
import { FileWindow } from './file-window.js';
import {
  FRAME_ALIGNMENT_BYTES,
  FRAME_HEADER,
  FRAME_HEADER_BYTES,
  FRAME_LAST,
  type FrameHeader,
  isFrameIntact,
  readFrameHeader,
} from './log-format.js';

/**
 * What a search may checksum in vain, for each byte of the log. Frames that were overwritten or stand in a user's value cost their own
 * length once or twice; bytes that were laid out so that every place looks like a header cost a megabyte each.
 */
const WASTE_FACTOR = 8;
const WASTE_BYTES_MIN = 8 * MIB;

export interface ScanOptions {
  /** The identity that every frame of the file carries; others are stale or foreign. */
  readonly identity: number;
  /** Frames start at multiples of it. Default FRAME_ALIGNMENT_BYTES. */
  readonly alignmentBytes?: number;
  /** Bytes at and past it are not looked at. Default: the end of the file. */
  readonly endBytes?: number;
}

/** A frame whose checksum and identity hold. */
export interface IntactFrame {
  readonly isIntact: true;
  readonly offsetBytes: number;
  /** Where the next frame starts. */
  readonly endBytes: number;
  readonly payloadBytes: number;
  readonly ordinal: number;
  readonly durableMark: number;
  readonly type: number;
}

export interface BadFrame {
  readonly isIntact: false;
  readonly expected: string;
  readonly found: string;
  /** Whether the bytes carry the identity of this file: a frame was written here, and not just preallocated space. */
  readonly isOurs: boolean;
}

export class FrameScanner {
  readonly #handle: FileHandle;
  readonly #window: FileWindow;
  readonly #identity: number;
  readonly #alignmentBytes: number;
  /** Payload bytes whose checksum did not hold. */
  #wastedBytes = 0;

  private constructor(handle: FileHandle, limitBytes: number, identity: number, alignmentBytes: number) {
    this.#handle = handle;
    this.#window = new FileWindow(handle, limitBytes, FRAME_HEADER_BYTES + LOG_FRAME_PAYLOAD_BYTES_MAX);
    this.#identity = identity;
    this.#alignmentBytes = alignmentBytes;
  }

  static async open(fileSystem: FileSystem, path: string, options: ScanOptions): Promise<FrameScanner> {
    const alignmentBytes = options.alignmentBytes ?? FRAME_ALIGNMENT_BYTES;
    assert(alignmentBytes % FRAME_ALIGNMENT_BYTES === 0, 'frames stand at multiples of eight');
    const handle = await fileSystem.open(path, 'read');
    try {
      const limitBytes = Math.min(await handle.sizeBytes(), options.endBytes ?? Number.POSITIVE_INFINITY);
      return new FrameScanner(handle, limitBytes, options.identity, alignmentBytes);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  get limitBytes(): number {
    return this.#window.limitBytes;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  /** The frame at `offsetBytes`, or why there is none. Sizes are believed only once they passed their limits (law 10). */
  async frameAt(offsetBytes: number): Promise<IntactFrame | BadFrame> {
    const window = this.#window;
    if (!(await window.load(offsetBytes, FRAME_HEADER_BYTES))) return this.#badRemainder(offsetBytes);
    const header = readFrameHeader(window.bytes, window.indexOf(offsetBytes));
    const { payloadBytes } = header;
    if (header.identity !== this.#identity) {
      return bad(`a frame of identity ${hex(this.#identity)}`, `identity ${hex(header.identity)}`, false);
    }
    if (payloadBytes > LOG_FRAME_PAYLOAD_BYTES_MAX) {
      return bad(`at most ${LOG_FRAME_PAYLOAD_BYTES_MAX} payload bytes`, `a length of ${payloadBytes}`, true);
    }
    if (!(await window.load(offsetBytes, FRAME_HEADER_BYTES + payloadBytes))) {
      return bad(`${payloadBytes} payload bytes`, `the end of the log at byte ${window.limitBytes}`, true);
    }
    return this.#judge(offsetBytes, header);
  }

  /** The intact frame at `offsetBytes`, if all of it is in memory. What else there may be `frameAt` tells. */
  loadedFrameAt(offsetBytes: number): IntactFrame | undefined {
    const window = this.#window;
    if (!window.has(offsetBytes, FRAME_HEADER_BYTES)) return undefined;
    const header = readFrameHeader(window.bytes, window.indexOf(offsetBytes));
    if (header.identity !== this.#identity || header.payloadBytes > LOG_FRAME_PAYLOAD_BYTES_MAX) return undefined;
    if (!window.has(offsetBytes, FRAME_HEADER_BYTES + header.payloadBytes)) return undefined;
    const frame = this.#judge(offsetBytes, header);
    return frame.isIntact ? frame : undefined;
  }

  /** Of a frame that is in memory as far as its header says. */
  #judge(offsetBytes: number, { payloadBytes, ordinal, durableMark, type }: FrameHeader): IntactFrame | BadFrame {
    if (!isFrameIntact(this.#window.bytes, this.#window.indexOf(offsetBytes), payloadBytes)) {
      this.#wastedBytes += payloadBytes;
      return bad('a frame whose checksum holds', 'another checksum', true);
    }
    if (type < FRAME_HEADER || type > FRAME_LAST) return bad('a known frame type', `${type}`, true);
    if (durableMark > SEQUENCE_MAX) return bad('a durable mark below 2^53', `${durableMark}`, true);
    const endBytes = alignUp(offsetBytes + FRAME_HEADER_BYTES + payloadBytes, this.#alignmentBytes);
    return { isIntact: true, offsetBytes, endBytes, payloadBytes, ordinal, durableMark, type };
  }

  /**
   * The first intact frame at or after `fromBytes` with an ordinal of `ordinalMin` or more. The floor matters: a user who
   * stores a copy of this very log has older frames of it inside a payload, and those must not pass for later ones. Errors:
   * STEME_CORRUPTION where so much looks like frames that checking it all would take for ever (law 10).
   */
  async findIntact(fromBytes: number, ordinalMin: number): Promise<IntactFrame | undefined> {
    let offsetBytes = alignUp(fromBytes, this.#alignmentBytes);
    while (await this.#window.load(offsetBytes, FRAME_HEADER_BYTES)) {
      const candidate = this.#skipForeign(offsetBytes);
      if (candidate !== offsetBytes) {
        offsetBytes = candidate;
        continue;
      }
      const frame = await this.frameAt(offsetBytes);
      if (frame.isIntact && frame.ordinal >= ordinalMin) return frame;
      this.#refuseEndlessSearch(offsetBytes);
      offsetBytes += this.#alignmentBytes;
    }
    return undefined;
  }

  /** A copy, the caller's to keep, of the payload of the frame that `frameAt` or `findIntact` returned last. */
  copyPayload(frame: IntactFrame): Buffer {
    const start = this.#window.indexOf(frame.offsetBytes) + FRAME_HEADER_BYTES;
    return copyToBuffer(this.#window.bytes, start, start + frame.payloadBytes);
  }

  /** The first place from `offsetBytes` on that carries our identity, or the first that is not in memory. Checksums nothing. */
  #skipForeign(offsetBytes: number): number {
    const { bytes, loadedEndBytes } = this.#window;
    const identity = this.#identity;
    const step = this.#alignmentBytes;
    let index = this.#window.indexOf(offsetBytes);
    const lastIndex = this.#window.indexOf(loadedEndBytes - FRAME_HEADER_BYTES);
    while (index <= lastIndex && readUint32(bytes, index + 8) !== identity) index += step;
    return offsetBytes + index - this.#window.indexOf(offsetBytes);
  }

  #refuseEndlessSearch(offsetBytes: number): void {
    if (this.#wastedBytes <= WASTE_BYTES_MIN + WASTE_FACTOR * this.limitBytes) return;
    const expected = 'frames, or bytes that do not look like them';
    const found = `${this.#wastedBytes} bytes of look-alikes`;
    throw new CorruptionError({ file: this.#handle.path, offsetBytes, expected, found });
  }

  async #badRemainder(offsetBytes: number): Promise<BadFrame> {
    const restBytes = Math.max(0, this.limitBytes - offsetBytes);
    const isLoaded = await this.#window.load(offsetBytes, restBytes);
    const at = this.#window.indexOf(offsetBytes);
    const isOurs = isLoaded && this.#window.bytes.subarray(at, at + restBytes).some((byte) => byte !== 0);
    return bad(`a frame header of ${FRAME_HEADER_BYTES} bytes`, `${restBytes} bytes`, isOurs);
  }
}

function bad(expected: string, found: string, isOurs: boolean): BadFrame {
  return { isIntact: false, expected, found, isOurs };
}

function hex(identity: number): string {
  return `0x${identity.toString(16).padStart(8, '0')}`;
}
