/**
 * Group commit. Writes are encoded into frames in a ring of shared memory by the thread that opened the database. One
 * group of frames is on its way to the disk at a time; what is appended meanwhile makes up the next group. So the pace of
 * the disk sets the size of the groups: no timer, and one sync for as many writes as came in during the sync before it.
 *
 * A group starts at once when a frame is full and nothing is on its way; otherwise when the current turn of the event loop
 * has no more writes to add: `process.nextTick` runs after all promise reactions that are due, so writers that were just
 * acknowledged and write again are in the same group.
 *
 * Order within a group: write its bytes · make them durable if any write asked for it · open the next segment if the group
 * is the last of this one · report the sequence (the engine makes it visible) · resolve the promise. After any failure
 * (law 7) this group, those behind it and all later calls are rejected with the first error. The bytes of a rejected
 * group may be in the log all the same: rejected means unknown until the next open, or until `resume`, which takes them back.
 *
 * With one group on its way at a time, the log on disk is always a prefix plus at most one torn group, and each frame's
 * durable mark tells recovery what had been acknowledged before it (log-format.ts).
 */
import { alignUp } from '../base/bytes.js';
import type { Clock } from '../base/clock.js';
import { assert, StemeError } from '../base/errors.js';
import type { Kind } from '../base/internal-key.js';
import { WAL_BATCH_BYTES, WAL_SEGMENT_BYTES_MAX } from '../base/limits.js';
import { wayOut } from '../fs/disk-full.js';
import { FRAME_FIRST, FRAME_FULL, FRAME_HEADER_BYTES, FRAME_LAST, FRAME_MIDDLE } from '../log/log-format.js';
import { LatencyHistogram } from '../metrics/latency-histogram.js';
import { BatchRing } from './batch-ring.js';
import type { SegmentSource, SegmentWriter } from './segment-writer.js';
import { WAL_RECORD_HEADER_BYTES, writeOperation, writeWalRecordHeader } from './wal-record.js';
import { WriteGroup } from './write-group.js';

/** The most operation bytes that go into one frame; a larger record is cut into fragments. */
export const FRAME_OPERATION_BYTES_MAX = WAL_BATCH_BYTES - FRAME_HEADER_BYTES - WAL_RECORD_HEADER_BYTES;
const FRAGMENT_BYTES = WAL_BATCH_BYTES - FRAME_HEADER_BYTES;

export interface WalWriterOptions {
  readonly segments: SegmentSource;
  /** A segment that is open already; without it the first group opens one. */
  readonly segment: SegmentWriter | undefined;
  readonly clock: Clock;
  /** A segment ends with the group that brings it to this size. Default WAL_SEGMENT_BYTES_MAX. */
  readonly segmentBytesMax?: number;
  /** The last sequence that is durable already, from recovery. */
  readonly lastSequence: number;
  /** All writes up to `sequence` are as safe as they asked to be. Called before their promise resolves. */
  readonly onSafe: (sequence: number) => void;
  /** `tryReserve` may succeed again. */
  readonly onRoom: () => void;
  readonly onFailure: (error: StemeError) => void;
}

/** A record of more than one frame, on its way into the ring. */
interface LargeRecord {
  readonly payload: Uint8Array;
  readonly lastSequence: number;
  readonly done: Promise<void>;
  readonly settle: (done: Promise<void>) => void;
  wantsSync: boolean;
  offset: number;
}

export class WalWriter {
  readonly #options: WalWriterOptions;
  readonly #ring: BatchRing;
  /** Groups that are complete but wait for their turn, oldest first: each ends a segment. */
  readonly #queue: WriteGroup[] = [];
  /** The group that grows. */
  #group: WriteGroup;
  #inFlight: WriteGroup | undefined;
  /** Start of the open frame in the ring, or -1, and where its next operation goes. */
  #frame = -1;
  #position = 0;
  #segment: SegmentWriter | undefined;
  #large: LargeRecord | undefined;
  /** The last frame written is not the end of its record: the segment must not end here, no reader could join the rest. */
  #isWithinRecord = false;
  #isScheduled = false;
  #failure: StemeError | undefined;
  #lastSequence: number;
  #durableSequence: number;
  /** The last one that was reported safe, and where the records up to it end in the segment. */
  #safeSequence: number;
  #safeEndBytes = 0;

  readonly latency = new LatencyHistogram();
  writtenBytes = 0;
  writeCount = 0;
  syncCount = 0;

  constructor(options: WalWriterOptions) {
    this.#options = options;
    this.#ring = new BatchRing(options.segments.alignmentBytes);
    this.#lastSequence = options.lastSequence;
    this.#durableSequence = options.lastSequence;
    this.#safeSequence = options.lastSequence;
    this.#group = new WriteGroup(options.lastSequence);
    this.#segment = options.segment;
    this.#safeEndBytes = options.segment?.sizeBytes ?? 0;
  }

  get failure(): StemeError | undefined {
    return this.#failure;
  }

  /** Age of the oldest write that is not acknowledged; 0 when there is none. */
  get lagMs(): number {
    const oldest = this.#inFlight ?? this.#queue[0] ?? this.#group;
    return oldest.openedAtMs === undefined ? 0 : this.#options.clock.monotonicMs() - oldest.openedAtMs;
  }

  /** A large record is on its way into the ring: nothing else can be appended, and the segment cannot end. */
  get isBusy(): boolean {
    return this.#large !== undefined;
  }

  /** The segment being written, or undefined before the first write. */
  get segmentNumber(): number | undefined {
    return this.#segment?.number;
  }

  /**
   * Makes room for operations of together `bytes` (at most FRAME_OPERATION_BYTES_MAX) in one frame: what shares a frame
   * is atomic. False when there is no room now, with nothing changed: wait for `onRoom`.
   */
  tryReserve(bytes: number): boolean {
    if (this.#large !== undefined) return false;
    if (this.#frame !== -1) {
      if (this.#position + bytes <= this.#frame + WAL_BATCH_BYTES) return true;
      this.#finishFrame();
      this.#startIfIdle();
    }
    this.#frame = this.#ring.openFrame();
    if (this.#frame === -1) return false;
    const payload = this.#frame + FRAME_HEADER_BYTES;
    writeWalRecordHeader(this.#ring.bytes, payload, this.#lastSequence + 1);
    this.#position = payload + WAL_RECORD_HEADER_BYTES;
    return true;
  }

  /** Appends one operation to the frame that `tryReserve` made room in. Sequences have no gaps. */
  append(
    sequence: number,
    kind: Kind,
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): void {
    const { bytes } = this.#ring;
    this.#lastSequence = sequence;
    this.#position = writeOperation(bytes, this.#position, kind, key, keyStart, keyEnd, value, valueStart, valueEnd);
  }

  /** Ends a write of one or more `append`s, made in one go after `tryReserve`. The promise is shared by the whole group. */
  commit(wantsSync: boolean): Promise<void> {
    const group = this.#group;
    group.lastSequence = this.#lastSequence;
    if (wantsSync) group.wantsSync = true;
    group.openedAtMs ??= this.#options.clock.monotonicMs();
    this.#schedule();
    return group.done;
  }

  /**
   * Writes a record of any size, cut into fragments. `payload` is a whole WAL record that starts after the last sequence;
   * it belongs to the writer until the promise ends. Until its last fragment is in the ring, `tryReserve` is false.
   */
  appendLarge(payload: Uint8Array, lastSequence: number, wantsSync: boolean): Promise<void> {
    assert(this.#large === undefined, 'one large record at a time');
    if (this.#frame !== -1) this.#finishFrame();
    let settle: (done: Promise<void>) => void = () => undefined;
    const done = new Promise<void>((resolve) => {
      settle = resolve;
    });
    // As of a group: without a listener a failure must not end the process.
    done.catch(() => undefined);
    this.#large = { payload, lastSequence, done, settle, wantsSync, offset: 0 };
    this.#pumpLarge();
    return done;
  }

  /** Resolves when everything appended before is durable. */
  async sync(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#large !== undefined) {
      // Its last fragments are in no group yet; the group that takes them also covers all before.
      this.#large.wantsSync = true;
      await this.#large.done;
      return;
    }
    this.#group.wantsSync = true;
    this.#schedule();
    await this.#group.done;
  }

  /** What is appended from now on goes to a new segment; resolves with its number once that is open. */
  async rotate(): Promise<number> {
    if (this.#failure !== undefined) throw this.#failure;
    assert(this.#large === undefined, 'a segment does not end within a record');
    if (this.#frame !== -1) this.#finishFrame();
    const group = this.#group;
    group.endsSegment = true;
    this.#queue.push(group);
    this.#group = new WriteGroup(this.#lastSequence);
    this.#startIfIdle();
    await group.done;
    return this.#openSegment().number;
  }

  /**
   * Goes on after a failure, in a new segment, with the sequence after the last one that was reported safe. Everything up to that is
   * durable when this resolves, and what was refused is in no log that a recovery reads. Only where the failure has lost nothing.
   * Errors: STEME_BACKGROUND, and all stays refused.
   */
  async resume(): Promise<void> {
    if (this.#failure === undefined) return;
    try {
      // A sync may have come through before the failure; nobody was told.
      this.#durableSequence = Math.min(this.#durableSequence, this.#safeSequence);
      await this.#segment?.cutBack(this.#safeEndBytes);
      await this.#switchSegment();
      await this.#openSegment().sync();
    } catch (error) {
      this.#failure = logFailure(error);
      throw this.#failure;
    }
    this.#ring.clear();
    this.#frame = -1;
    this.#large = undefined;
    this.#isWithinRecord = false;
    this.#lastSequence = this.#safeSequence;
    this.#durableSequence = this.#safeSequence;
    this.#group = new WriteGroup(this.#safeSequence);
    this.#failure = undefined;
  }

  /** Waits for everything under way, makes it durable, and closes the segment. Nothing may be appended after. */
  async close(): Promise<void> {
    if (this.#failure === undefined) {
      await this.sync();
      await this.#segment?.trim();
    }
    await this.#segment?.close();
  }

  #openSegment(): SegmentWriter {
    assert(this.#segment !== undefined, 'a segment is open');
    return this.#segment;
  }

  #finishFrame(): void {
    const start = this.#frame;
    this.#frame = -1;
    // A frame that was opened and then not used is simply forgotten.
    if (this.#position === start + FRAME_HEADER_BYTES + WAL_RECORD_HEADER_BYTES) return;
    this.#ring.finishFrame(start, this.#position, FRAME_FULL, this.#group);
  }

  #pumpLarge(): void {
    const large = this.#large;
    if (large === undefined) return;
    const { payload } = large;
    while (large.offset < payload.length) {
      const start = this.#ring.openFrame();
      if (start === -1) break;
      const end = Math.min(large.offset + FRAGMENT_BYTES, payload.length);
      this.#ring.bytes.set(payload.subarray(large.offset, end), start + FRAME_HEADER_BYTES);
      const type = fragmentType(large.offset, end, payload.length);
      this.#ring.finishFrame(start, start + FRAME_HEADER_BYTES + end - large.offset, type, this.#group);
      this.#group.openedAtMs ??= this.#options.clock.monotonicMs();
      large.offset = end;
    }
    if (large.offset === payload.length) {
      this.#lastSequence = large.lastSequence;
      this.#large = undefined;
      large.settle(this.commit(large.wantsSync));
    }
    this.#startIfIdle();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#inFlight !== undefined) return;
    this.#isScheduled = true;
    process.nextTick(() => {
      this.#isScheduled = false;
      this.#startIfIdle();
    });
  }

  #startIfIdle(): void {
    if (this.#inFlight !== undefined || this.#failure !== undefined) return;
    const group = this.#takeGroup();
    if (group === undefined) return;
    this.#inFlight = group;
    this.#write(group).then(
      () => this.#finishGroup(group),
      (error: unknown) => this.#fail(group, error),
    );
  }

  #takeGroup(): WriteGroup | undefined {
    const queued = this.#queue.shift();
    if (queued !== undefined) return queued;
    if (this.#frame !== -1) this.#finishFrame();
    if (!this.#group.hasWork) return undefined;
    const group = this.#group;
    this.#group = new WriteGroup(group.lastSequence);
    return group;
  }

  async #write(group: WriteGroup): Promise<void> {
    const startedAtMs = this.#options.clock.monotonicMs();
    if (group.frames.length > 0) await this.#writeFrames(group);
    if (group.wantsSync && this.#segment !== undefined) {
      await this.#segment.sync();
      this.#durableSequence = group.lastSequence;
      this.syncCount++;
      this.latency.record(this.#options.clock.monotonicMs() - startedAtMs);
    }
    if (group.endsSegment || this.#isSegmentOver()) await this.#switchSegment();
  }

  async #writeFrames({ frames, pieces, wantsSync }: WriteGroup): Promise<void> {
    if (this.#segment === undefined) await this.#switchSegment();
    const segment = this.#openSegment();
    segment.sealFrames(this.#ring.bytes, frames, this.#durableSequence);
    for (const { start, end } of pieces) {
      await segment.write(this.#ring.bytes.subarray(start, end), wantsSync);
      this.writtenBytes += end - start;
      this.writeCount++;
    }
    const { type } = frames[frames.length - 1];
    this.#isWithinRecord = type === FRAME_FIRST || type === FRAME_MIDDLE;
  }

  #isSegmentOver(): boolean {
    const segment = this.#segment;
    if (segment === undefined || this.#isWithinRecord) return false;
    const { segmentBytesMax = WAL_SEGMENT_BYTES_MAX } = this.#options;
    return segment.sizeBytes >= segmentBytesMax || segment.isOutgrown;
  }

  async #switchSegment(): Promise<void> {
    this.#segment = await this.#options.segments.next(this.#segment, this.#durableSequence);
    this.#safeEndBytes = this.#segment.sizeBytes;
  }

  #finishGroup(group: WriteGroup): void {
    this.#inFlight = undefined;
    this.#ring.release(group.ringMark);
    this.#noteSafe(group);
    this.#options.onSafe(group.lastSequence);
    group.resolve();
    this.#pumpLarge();
    this.#options.onRoom();
    // Not at once: writers that this group acknowledged get the chance to be in the next one.
    if (this.#queue.length > 0) this.#startIfIdle();
    else if (this.#group.hasWork || this.#frame !== -1) this.#schedule();
  }

  /** A record that goes on in the next group is not safe, though a part of it is written. */
  #noteSafe({ frames, lastSequence }: WriteGroup): void {
    this.#safeSequence = lastSequence;
    const writtenBytes = this.#segment?.sizeBytes ?? 0;
    if (!this.#isWithinRecord) {
      this.#safeEndBytes = writtenBytes;
      return;
    }
    const first = frames.findLastIndex(({ type }) => type === FRAME_FIRST);
    if (first === -1) return;
    const { alignmentBytes } = this.#options.segments;
    const open = frames.slice(first);
    const openBytes = open.reduce((sum, { start, end }) => sum + alignUp(end - start, alignmentBytes), 0);
    this.#safeEndBytes = writtenBytes - openBytes;
  }

  #fail(group: WriteGroup, cause: unknown): void {
    this.#inFlight = undefined;
    this.#failure = logFailure(cause);
    for (const waiting of [group, ...this.#queue.splice(0), this.#group]) waiting.reject(this.#failure);
    this.#large?.settle(Promise.reject(this.#failure));
    this.#options.onFailure(this.#failure);
  }
}

function logFailure(cause: unknown): StemeError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `the write-ahead log could not be written (${reason}); ${wayOut(cause)}`;
  return new StemeError('STEME_BACKGROUND', message, { cause });
}

function fragmentType(start: number, end: number, total: number): number {
  if (start === 0) return FRAME_FIRST;
  return end === total ? FRAME_LAST : FRAME_MIDDLE;
}
