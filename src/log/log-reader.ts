/**
 * Reads a log file record by record and tells its three ends apart (law 6): the log ends, the log is torn, the log is
 * damaged and goes on. It never decides what a loss means: the rooms above compare durable marks with what they have.
 */
import { assert } from '../base/errors.js';
import type { FileSystem } from '../fs/file-system.js';
import { type BadFrame, FrameScanner, type IntactFrame, type ScanOptions } from './frame-scanner.js';
import { FRAME_FIRST, FRAME_FULL, FRAME_HEADER, FRAME_LAST, FRAME_MIDDLE } from './log-format.js';
import { LOG_RECORD_BYTES_MAX } from './log-limits.js';

export interface LogRecordEvent {
  readonly kind: 'record';
  /** The payload of frame 0. */
  readonly isHeader: boolean;
  /** The caller's to keep. */
  readonly payload: Uint8Array;
  /** Where its first frame starts. */
  readonly offsetBytes: number;
  /** The ordinal of that frame. */
  readonly ordinal: number;
  /** Where the next record starts: aligned, so perhaps past the end of the file. */
  readonly endBytes: number;
  readonly durableMark: number;
}

export interface LogEndEvent {
  readonly kind: 'end';
  /** Where the whole records end. */
  readonly endBytes: number;
  /** Whether the start of another record stands there; false for zeros and for what a recycled file held before. */
  readonly isTorn: boolean;
}

export interface LogDamageEvent {
  readonly kind: 'damage';
  /** The frame that is bad. */
  readonly offsetBytes: number;
  /** Where the whole records end: the first frame of the record that the bad frame belongs to. */
  readonly endBytes: number;
  /** The ordinal of the frame at `endBytes`: all frames from it to `nextIntact` are lost. */
  readonly lostOrdinal: number;
  readonly expected: string;
  readonly found: string;
  readonly nextIntact: { readonly offsetBytes: number; readonly durableMark: number; readonly ordinal: number };
}

export type LogEvent = LogRecordEvent | LogEndEvent | LogDamageEvent;

/** The frames of a record under way. */
interface Group {
  readonly offsetBytes: number;
  readonly ordinal: number;
  readonly pieces: Buffer[];
  payloadBytes: number;
}

/** Where to begin, if not with the header: at a frame that is known to start a record. */
interface LogStart {
  readonly offsetBytes: number;
  readonly ordinal: number;
}

const WHOLE_LOG: LogStart = { offsetBytes: 0, ordinal: 0 };

export class LogReader {
  readonly #scanner: FrameScanner;
  #offsetBytes: number;
  #ordinal: number;
  #group: Group | undefined;
  /** Set by `resume`: frames that continue a lost record are passed over. */
  #isResuming = false;
  #stop: LogEndEvent | LogDamageEvent | undefined;

  private constructor(scanner: FrameScanner, from: LogStart) {
    this.#scanner = scanner;
    this.#offsetBytes = from.offsetBytes;
    this.#ordinal = from.ordinal;
  }

  /** Errors: STEME_IO. What is in the file is not looked at before `next`. */
  static async open(
    fileSystem: FileSystem,
    path: string,
    options: ScanOptions & { readonly from?: LogStart },
  ): Promise<LogReader> {
    return new LogReader(await FrameScanner.open(fileSystem, path, options), options.from ?? WHOLE_LOG);
  }

  /** Where the next frame would stand: past `endBytes` of an end by the frames of a record that is not whole. */
  get offsetBytes(): number {
    return this.#offsetBytes;
  }

  close(): Promise<void> {
    return this.#scanner.close();
  }

  /** The next record. An end is final; after damage the same event comes again until `resume`. */
  async next(): Promise<LogEvent> {
    while (this.#stop === undefined) {
      if (this.#offsetBytes >= this.#scanner.limitBytes) {
        this.#stop = this.#end(false);
      } else {
        const record = await this.#step();
        if (record !== undefined) return record;
      }
    }
    return this.#stop;
  }

  /** The next record, if it is whole, sound and in memory. `undefined`: `next` tells what there is. */
  nextLoaded(): LogRecordEvent | undefined {
    if (this.#stop !== undefined || this.#group !== undefined || this.#isResuming) return undefined;
    const frame = this.#scanner.loadedFrameAt(this.#offsetBytes);
    if (frame === undefined || frame.type !== FRAME_FULL || this.#faultOf(frame) !== undefined) return undefined;
    return this.#take(frame);
  }

  /** Goes on after damage: `next` returns the first record that starts at or after `nextIntact`. */
  resume(): void {
    const stop = this.#stop;
    assert(stop !== undefined && stop.kind === 'damage', 'a log is resumed after damage only');
    this.#offsetBytes = stop.nextIntact.offsetBytes;
    this.#ordinal = stop.nextIntact.ordinal;
    this.#group = undefined;
    this.#isResuming = true;
    this.#stop = undefined;
  }

  /** One frame on: a record if that completes one, or `#stop` set if the log cannot be followed further. */
  async #step(): Promise<LogRecordEvent | undefined> {
    const frame = await this.#scanner.frameAt(this.#offsetBytes);
    const fault = frame.isIntact ? this.#faultOf(frame) : frame;
    if (fault !== undefined) this.#stop = await this.#classify(fault);
    else if (frame.isIntact) return this.#take(frame);
    return undefined;
  }

  /** What keeps an intact frame from being the next one of this log. */
  #faultOf(frame: IntactFrame): BadFrame | undefined {
    const { ordinal, type, payloadBytes } = frame;
    if (ordinal !== this.#ordinal) return misplaced(`frame ${this.#ordinal}`, `frame ${ordinal}`);
    if (this.#isResuming) return undefined;
    if ((ordinal === 0) !== (type === FRAME_HEADER)) return misplaced('one header, as frame 0', `type ${type}`);
    const isContinuation = type === FRAME_MIDDLE || type === FRAME_LAST;
    if (this.#group === undefined) {
      return isContinuation ? misplaced('the start of a record', `type ${type}`) : undefined;
    }
    if (!isContinuation) return misplaced('the rest of a record', `type ${type}`);
    const recordBytes = this.#group.payloadBytes + payloadBytes;
    if (recordBytes <= LOG_RECORD_BYTES_MAX) return undefined;
    return misplaced(`a record of at most ${LOG_RECORD_BYTES_MAX} bytes`, `${recordBytes} bytes`);
  }

  /** Moves past `frame`; returns the record that it completes. */
  #take(frame: IntactFrame): LogRecordEvent | undefined {
    this.#offsetBytes = frame.endBytes;
    this.#ordinal = frame.ordinal + 1;
    if (this.#isResuming && frame.type !== FRAME_FULL && frame.type !== FRAME_FIRST) return undefined;
    this.#isResuming = false;
    const piece = this.#scanner.copyPayload(frame);
    if (frame.type === FRAME_HEADER || frame.type === FRAME_FULL) return recordOf(frame, frame, piece);
    if (frame.type === FRAME_FIRST) {
      const { offsetBytes, ordinal, payloadBytes } = frame;
      this.#group = { offsetBytes, ordinal, pieces: [piece], payloadBytes };
      return undefined;
    }
    return this.#extendGroup(frame, piece);
  }

  #extendGroup(frame: IntactFrame, piece: Buffer): LogRecordEvent | undefined {
    const group = this.#group;
    assert(group !== undefined, 'a continuation stands in a group');
    group.pieces.push(piece);
    group.payloadBytes += piece.length;
    if (frame.type === FRAME_MIDDLE) return undefined;
    this.#group = undefined;
    return recordOf(frame, group, Buffer.concat(group.pieces, group.payloadBytes));
  }

  /** The scan starts at the bad frame itself: it may be intact, only not the one that belongs here. */
  async #classify(fault: BadFrame): Promise<LogEndEvent | LogDamageEvent> {
    const next = await this.#scanner.findIntact(this.#offsetBytes, this.#ordinal);
    if (next === undefined) return this.#end(fault.isOurs);
    const { offsetBytes, durableMark, ordinal } = next;
    return {
      kind: 'damage',
      offsetBytes: this.#offsetBytes,
      endBytes: this.#group?.offsetBytes ?? this.#offsetBytes,
      lostOrdinal: this.#group?.ordinal ?? this.#ordinal,
      expected: fault.expected,
      found: fault.found,
      nextIntact: { offsetBytes, durableMark, ordinal },
    };
  }

  #end(isTorn: boolean): LogEndEvent {
    if (this.#group !== undefined) return { kind: 'end', endBytes: this.#group.offsetBytes, isTorn: true };
    return { kind: 'end', endBytes: this.#offsetBytes, isTorn };
  }
}

function recordOf(last: IntactFrame, first: LogStart, payload: Buffer): LogRecordEvent {
  const { endBytes, durableMark } = last;
  const { offsetBytes, ordinal } = first;
  return { kind: 'record', isHeader: last.type === FRAME_HEADER, payload, offsetBytes, ordinal, endBytes, durableMark };
}

function misplaced(expected: string, found: string): BadFrame {
  return { isIntact: false, expected, found, isOurs: true };
}
