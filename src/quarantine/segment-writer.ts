import { join } from 'node:path';
import type { FileSystem } from '../fs/file-system.js';
import type { FramePosition } from '../log/frame-writer.js';
import { FRAME_ALIGNMENT_BYTES } from '../log/log-format.js';
import { LogWriter } from '../log/log-writer.js';
import type { EncodedEntry } from './encoded-entry.js';
import { journalSegmentName } from './journal-files.js';
import { encodeJournalHeader, JOURNAL_SEGMENT, journalIdentity } from './journal-header.js';
import { SummaryBuilder } from './segment-summary.js';

/** Where the segments of a tenant are, and whose they are. */
export interface SegmentPlace {
  readonly fileSystem: FileSystem;
  /** Of the tenant. */
  readonly directory: string;
  readonly databaseId: number;
  readonly tenant: string;
  readonly nowMs: () => number;
}

/** The segment of a tenant that is written: its file is open only between a use and the next one that needs the room. */
export class JournalSegmentWriter {
  readonly number: number;
  /** Of the entries that are durable in it. */
  readonly summary: SummaryBuilder;
  readonly createdAtMs: number;
  readonly #place: SegmentPlace;
  #writer: LogWriter | undefined;
  #position: FramePosition;
  #isDurable: boolean;

  private constructor(
    place: SegmentPlace,
    number: number,
    createdAtMs: number,
    summary: SummaryBuilder,
    position: FramePosition,
    writer: LogWriter | undefined,
  ) {
    this.#place = place;
    this.number = number;
    this.createdAtMs = createdAtMs;
    this.summary = summary;
    this.#position = position;
    this.#writer = writer;
    this.#isDurable = writer !== undefined;
  }

  /** A new file whose first entry will be `firstEntry`; its name is durable. Errors: STEME_IO, after which it is not there. */
  static async create(place: SegmentPlace, number: number, firstEntry: number): Promise<JournalSegmentWriter> {
    const { fileSystem, directory, nowMs } = place;
    const createdAtMs = nowMs();
    const header = encodeSegmentHeader(place, number, firstEntry, createdAtMs);
    const path = join(directory, journalSegmentName(number));
    let writer: LogWriter | undefined;
    try {
      writer = await LogWriter.create(fileSystem, path, { identity: segmentIdentity(place, number), header });
      await writer.sync();
      await fileSystem.syncDirectory(directory);
      return new JournalSegmentWriter(place, number, createdAtMs, new SummaryBuilder(), writer.durable, writer);
    } catch (error) {
      await Promise.allSettled([writer?.close()]);
      // It is tried again, under another number: a disk that is full for long must not fill with files of nothing.
      await Promise.allSettled([fileSystem.remove(path)]);
      throw error;
    }
  }

  /** Goes on with a segment that an earlier opener wrote and that ends at `position`. */
  static resume(
    place: SegmentPlace,
    segment: Pick<JournalSegmentWriter, 'number' | 'createdAtMs' | 'summary'> & { readonly position: FramePosition },
  ): JournalSegmentWriter {
    const { number, createdAtMs, summary, position } = segment;
    return new JournalSegmentWriter(place, number, createdAtMs, summary, position, undefined);
  }

  /** Where its durable entries end. */
  get endBytes(): number {
    return this.#position.sizeBytes;
  }

  get isOpen(): boolean {
    return this.#writer !== undefined;
  }

  /** Durable when it resolves. Errors: STEME_IO; then what stands behind `endBytes` is not known, and the segment must not be gone on with. */
  async append(entries: readonly EncodedEntry[]): Promise<void> {
    this.#writer ??= await this.#reopen();
    await this.#writer.appendAll(entries.map(({ bytes }) => [bytes]));
    await this.#writer.sync();
    this.#position = this.#writer.durable;
    this.#isDurable = true;
    for (const entry of entries) this.summary.add(entry);
  }

  /** Closes its file; it can be gone on with. */
  async release(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    await writer?.close();
  }

  #reopen(): Promise<LogWriter> {
    const { fileSystem, directory } = this.#place;
    const path = join(directory, journalSegmentName(this.number));
    return LogWriter.reopen(fileSystem, path, {
      identity: segmentIdentity(this.#place, this.number),
      position: this.#position,
      isDurable: this.#isDurable,
    });
  }
}

export function segmentIdentity({ databaseId, tenant }: SegmentPlace, number: number): number {
  return journalIdentity({ databaseId, kind: JOURNAL_SEGMENT, number, tenant });
}

export function encodeSegmentHeader(
  { databaseId, tenant, nowMs }: SegmentPlace,
  number: number,
  firstEntry: number,
  createdAtMs = nowMs(),
): Uint8Array {
  return encodeJournalHeader({
    databaseId,
    kind: JOURNAL_SEGMENT,
    number,
    tenant,
    firstEntry,
    createdAtMs,
    predecessorEndBytes: 0,
    alignmentBytes: FRAME_ALIGNMENT_BYTES,
  });
}
