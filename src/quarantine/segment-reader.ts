import { CorruptionError } from '../base/errors.js';
import type { FileSystem } from '../fs/file-system.js';
import type { FramePosition } from '../log/frame-writer.js';
import { LogReader, type LogRecordEvent } from '../log/log-reader.js';
import { decodeEntry, type JournalEntry } from './entry-codec.js';
import { cutShort, damageOf, positionBehind, wasDurable } from './journal-events.js';

export interface SegmentSource {
  readonly path: string;
  readonly identity: number;
  readonly tenant: string;
  /** Where its entries end, as far as that is known: up to there all of it had been durable. */
  readonly endBytes?: number | undefined;
  /**
   * Where that is not known: the smallest number above `lastEntry` of an entry that a crash may have torn away, since it is elsewhere too.
   * What stands between `lastEntry` and an entry that is not above it had been durable.
   */
  readonly tornFrom?: ((lastEntry: number) => number) | undefined;
}

export interface SegmentEntryEvent {
  readonly kind: 'entry';
  /** The caller's to keep. */
  readonly entry: JournalEntry;
  readonly offsetBytes: number;
}

/** Entries that were durable and cannot be read. What stands behind them still comes. */
export interface SegmentDamageEvent {
  readonly kind: 'damage';
  readonly error: CorruptionError;
}

export interface SegmentEndEvent {
  readonly kind: 'end';
  /** Where the next entry would stand. */
  readonly position: FramePosition;
}

export type SegmentContentEvent = SegmentEntryEvent | SegmentDamageEvent;
export type SegmentEvent = SegmentContentEvent | SegmentEndEvent;

/** Reads a segment of a tenant entry by entry. One that was being written when the machine went down ends where it was torn: the intake has the rest. */
export class SegmentReader {
  readonly #fileSystem: FileSystem;
  readonly #source: SegmentSource;
  readonly #reader: LogReader;
  #lastEntry = 0;
  #position: FramePosition = { sizeBytes: 0, frameCount: 0 };
  #end: SegmentEndEvent | undefined;
  /** Read already, to see what the damage before it is. */
  #held: SegmentEntryEvent | undefined;

  private constructor(fileSystem: FileSystem, source: SegmentSource, reader: LogReader) {
    this.#fileSystem = fileSystem;
    this.#source = source;
    this.#reader = reader;
  }

  /** Errors: STEME_IO. */
  static async open(fileSystem: FileSystem, source: SegmentSource): Promise<SegmentReader> {
    return new SegmentReader(fileSystem, source, await LogReader.open(fileSystem, source.path, source));
  }

  close(): Promise<void> {
    return this.#reader.close();
  }

  /** Behind what the last `next` returned. */
  get position(): FramePosition {
    return this.#position;
  }

  /** The next events, as many as are in memory, up to so many; none at the end. Errors: STEME_IO, STEME_UNSUPPORTED. */
  async nextChunk(countMax: number): Promise<SegmentContentEvent[]> {
    const first = await this.next();
    if (first.kind === 'end') return [];
    const chunk: SegmentContentEvent[] = [first];
    while (chunk.length < countMax && this.#end === undefined && this.#held === undefined) {
      const event = this.#reader.nextLoaded();
      if (event === undefined) break;
      this.#position = positionBehind(event);
      chunk.push(this.#decode(event));
    }
    return chunk;
  }

  /** The end is final. Errors: STEME_IO, STEME_UNSUPPORTED. */
  async next(): Promise<SegmentEvent> {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) return held;
    while (this.#end === undefined) {
      const event = await this.#reader.next();
      if (event.kind === 'record') {
        this.#position = positionBehind(event);
        if (event.isHeader) continue;
        return this.#decode(event);
      }
      const { path, endBytes } = this.#source;
      if (event.kind === 'damage' && (await this.#isLoss(event.offsetBytes, event))) {
        this.#reader.resume();
        return { kind: 'damage', error: damageOf(path, event) };
      }
      this.#end = { kind: 'end', position: this.#position };
      if (event.kind === 'damage' && (await this.#isProvenBehind())) {
        this.#end = undefined;
        return { kind: 'damage', error: damageOf(path, event) };
      }
      if (endBytes !== undefined && event.endBytes < endBytes) {
        return { kind: 'damage', error: cutShort(path, event.endBytes, endBytes) };
      }
    }
    return this.#end;
  }

  async #isLoss(offsetBytes: number, event: Parameters<typeof wasDurable>[2]): Promise<boolean> {
    const { path, endBytes } = this.#source;
    if (endBytes !== undefined && offsetBytes < endBytes) return true;
    return wasDurable(this.#fileSystem, path, event, this.#source);
  }

  /** Whether an entry behind the damage had been durable. If so it is the next one. */
  async #isProvenBehind(): Promise<boolean> {
    const { tornFrom } = this.#source;
    if (tornFrom === undefined) return false;
    const limit = tornFrom(this.#lastEntry);
    this.#reader.resume();
    for (;;) {
      const event = await this.#reader.next();
      if (event.kind === 'end') return false;
      if (event.kind === 'damage') {
        this.#reader.resume();
        continue;
      }
      const read = this.#decode(event);
      if (read.kind !== 'entry') continue;
      this.#held = read;
      this.#position = positionBehind(event);
      if (read.entry.number <= limit) return true;
      this.#held = undefined;
      return false;
    }
  }

  #decode(event: LogRecordEvent): SegmentEntryEvent | SegmentDamageEvent {
    const { path: file } = this.#source;
    const { offsetBytes, payload } = event;
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
    try {
      const { entry, end } = decodeEntry(bytes, 0, { file, offsetBytes });
      const fault = this.#faultOf(entry, bytes.length - end);
      if (fault !== undefined) throw new CorruptionError({ file, offsetBytes, ...fault });
      this.#lastEntry = entry.number;
      return { kind: 'entry', entry, offsetBytes };
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      return { kind: 'damage', error };
    }
  }

  #faultOf(entry: JournalEntry, restBytes: number): { expected: string; found: string } | undefined {
    const { tenant } = this.#source;
    if (restBytes > 0) return { expected: 'one entry', found: `${restBytes} bytes behind it` };
    if (entry.tenant !== tenant) return { expected: `an entry of tenant ${tenant}`, found: `one of ${entry.tenant}` };
    if (entry.number > this.#lastEntry) return undefined;
    return { expected: `an entry behind number ${this.#lastEntry}`, found: `number ${entry.number}` };
  }
}
