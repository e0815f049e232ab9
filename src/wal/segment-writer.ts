import { alignUp } from '../base/bytes.js';
import type { Clock } from '../base/clock.js';
import { DIRECT_IO_BLOCK_BYTES } from '../base/limits.js';
import { allocateSharedMemory } from '../base/shared-memory.js';
import { synced } from '../fs/disk-full.js';
import type { FileHandle, FileSystem } from '../fs/file-system.js';
import { FRAME_ALIGNMENT_BYTES, FRAME_HEADER, FRAME_HEADER_BYTES, logIdentity, sealFrame } from '../log/log-format.js';
import type { SegmentAllocator } from '../log/segment-allocator.js';
import { encodeSegmentHeader } from './wal-segment.js';
import type { PendingFrame } from './write-group.js';

export type WalSyncMode = 'direct' | 'fdatasync';

/** A segment that has come to its end, as its successor names it. */
export interface PredecessorSegment {
  readonly number: number;
  readonly endBytes: number;
}

/**
 * One WAL segment being written. In `direct` mode it has two doors: O_DIRECT|O_DSYNC for groups that must be durable (one
 * call does both), the page cache for groups that need not be. Frames start on whole blocks there, so that the two doors
 * never touch the same page. While bytes of the second kind are not durable, the next sync goes through it as well.
 */
export class SegmentWriter {
  readonly number: number;
  readonly #identity: number;
  readonly #allocatedBytes: number;
  readonly #allocator: SegmentAllocator;
  readonly #cached: FileHandle;
  readonly #direct: FileHandle | undefined;
  #ordinal = 1;
  #hasUnsynced = false;
  /** The end of the segment before, on its way to the disk. */
  #predecessorSynced: Promise<void>;
  sizeBytes: number;

  constructor(fields: {
    number: number;
    identity: number;
    allocatedBytes: number;
    allocator: SegmentAllocator;
    cached: FileHandle;
    direct: FileHandle | undefined;
    sizeBytes: number;
    hasUnsynced: boolean;
    predecessorSynced: Promise<void>;
  }) {
    this.number = fields.number;
    this.#identity = fields.identity;
    this.#allocatedBytes = fields.allocatedBytes;
    this.#allocator = fields.allocator;
    this.#cached = fields.cached;
    this.#direct = fields.direct;
    this.sizeBytes = fields.sizeBytes;
    this.#hasUnsynced = fields.hasUnsynced;
    this.#predecessorSynced = fields.predecessorSynced;
  }

  /** It has grown past its allocated space, where every sync also changes the file's length, and better space is ready. */
  get isOutgrown(): boolean {
    return this.sizeBytes >= this.#allocatedBytes && this.#allocator.hasSpare;
  }

  sealFrames(ring: Uint8Array, frames: readonly PendingFrame[], durableMark: number): void {
    for (const { start, end, type } of frames) {
      sealFrame(ring, start, end, { identity: this.#identity, ordinal: this.#ordinal, durableMark, type });
      this.#ordinal++;
    }
  }

  /** Appends whole frames. `willSync` says that `sync` follows: then direct I/O makes them durable at once. */
  async write(frames: Uint8Array, willSync: boolean): Promise<void> {
    const position = this.sizeBytes;
    this.sizeBytes += frames.length;
    if (this.sizeBytes > this.#allocatedBytes / 4) this.#allocator.prepare();
    if (willSync && this.#direct !== undefined && !this.#hasUnsynced) {
      await this.#direct.write(frames, position);
      return;
    }
    this.#hasUnsynced = true;
    await this.#cached.write(frames, position);
  }

  /** Makes everything written so far durable, the segments before included. */
  async sync(): Promise<void> {
    await this.#predecessorSynced;
    if (!this.#hasUnsynced) return;
    await synced(this.#cached.datasync());
    this.#hasUnsynced = false;
  }

  /**
   * Takes back what was written behind `endBytes`, the end of a record. The next segment names that place as the end of this one, so
   * no recovery reads on behind it; the bytes go as well, so that nothing is found there even if that header is lost one day.
   */
  async cutBack(endBytes: number): Promise<void> {
    this.sizeBytes = endBytes;
    this.#hasUnsynced = true;
    await this.#cached.truncate(endBytes);
  }

  /** Gives back the space behind the last record: nobody writes there any more, and the next open would look through it. */
  async trim(): Promise<void> {
    if (this.sizeBytes < this.#allocatedBytes) await this.#cached.truncate(this.sizeBytes);
  }

  async close(): Promise<void> {
    await this.#direct?.close();
    await this.#cached.close();
  }
}

/** Where the WAL writer gets its segments from. */
export interface SegmentSource {
  readonly alignmentBytes: number;
  /** Opens the next segment, its header frame written. `current` is synced and closed in the background. */
  next(current: SegmentWriter | undefined, durableMark: number): Promise<SegmentWriter>;
}

export interface SegmentFilesOptions {
  readonly fileSystem: FileSystem;
  readonly allocator: SegmentAllocator;
  readonly databaseId: number;
  readonly syncMode: WalSyncMode;
  readonly clock: Clock;
  /** The log as recovery found it, oldest segment first. */
  readonly recovered: readonly PredecessorSegment[];
  /** Segments that are no part of the log, to be given back once the first needed one is behind them. */
  readonly obsoleteNumbers: readonly number[];
}

export class SegmentFiles implements SegmentSource {
  readonly alignmentBytes: typeof FRAME_ALIGNMENT_BYTES | typeof DIRECT_IO_BLOCK_BYTES;
  readonly #options: SegmentFilesOptions;
  /** Made with the first segment. */
  #headerBlock: Uint8Array | undefined;
  #closing: Promise<void> = Promise.resolve();
  /** Of all segments that are not given back yet. */
  #numbers: number[];
  /** Where the log ends in those that are not written any more. */
  readonly #endBytes = new Map<number, number>();
  #current: SegmentWriter | undefined;

  constructor(options: SegmentFilesOptions) {
    this.#options = options;
    this.#numbers = [...options.recovered.map(({ number }) => number), ...options.obsoleteNumbers];
    for (const { number, endBytes } of options.recovered) this.#endBytes.set(number, endBytes);
    this.alignmentBytes = options.syncMode === 'direct' ? DIRECT_IO_BLOCK_BYTES : FRAME_ALIGNMENT_BYTES;
  }

  liveNumbers(): ReadonlySet<number> {
    return new Set(this.#numbers);
  }

  /** How much log stands in segment `firstNeeded` and those after it. */
  bytesFrom(firstNeeded: number): number {
    let bytes = this.#current?.sizeBytes ?? 0;
    for (const [number, endBytes] of this.#endBytes) if (number >= firstNeeded) bytes += endBytes;
    return bytes;
  }

  /** Resolves when no segment but the current one has an open handle. */
  async closed(): Promise<void> {
    await this.#closing;
  }

  /** Hands over the segments before `firstNeeded`, each once, when nobody has them open any more. */
  async takeObsolete(firstNeeded: number): Promise<number[]> {
    await this.#closing;
    const obsolete = this.#numbers.filter((number) => number < firstNeeded);
    this.#numbers = this.#numbers.filter((number) => number >= firstNeeded);
    for (const number of obsolete) this.#endBytes.delete(number);
    return obsolete;
  }

  async next(current: SegmentWriter | undefined, durableMark: number): Promise<SegmentWriter> {
    const { allocator, databaseId } = this.#options;
    const file = await allocator.take();
    // Whether it is ever started or not, it is given back once the log begins behind it.
    this.#numbers.push(file.number);
    const predecessor =
      current === undefined ? this.#options.recovered.at(-1) : { number: current.number, endBytes: current.sizeBytes };
    const block = this.#encodeHeader(file.number, predecessor, durableMark);
    const { cached, direct } = await this.#openWithHeader(file.path, block);
    if (current !== undefined) this.#endBytes.set(current.number, current.sizeBytes);
    this.#current = new SegmentWriter({
      number: file.number,
      identity: logIdentity(databaseId, file.number),
      allocatedBytes: file.preallocatedBytes,
      allocator,
      cached,
      direct,
      sizeBytes: block.length,
      hasUnsynced: direct === undefined,
      predecessorSynced: current === undefined ? Promise.resolve() : this.#retire(current),
    });
    return this.#current;
  }

  /** Both doors of a segment whose header is written, or none and an error. */
  async #openWithHeader(
    path: string,
    block: Uint8Array,
  ): Promise<{ cached: FileHandle; direct: FileHandle | undefined }> {
    const { fileSystem, syncMode } = this.#options;
    const cached = await fileSystem.open(path, 'update');
    let direct: FileHandle | undefined;
    try {
      if (syncMode === 'direct') direct = await fileSystem.open(path, 'direct');
      await (direct ?? cached).write(block, 0);
      return { cached, direct };
    } catch (error) {
      // The first failure is the one to report.
      await Promise.allSettled([cached.close(), direct?.close()]);
      throw error;
    }
  }

  #encodeHeader(number: number, predecessor: PredecessorSegment | undefined, durableMark: number): Uint8Array {
    const { databaseId, clock, syncMode } = this.#options;
    const payload = encodeSegmentHeader({
      databaseId,
      number,
      predecessorNumber: predecessor?.number ?? 0,
      predecessorEndBytes: predecessor?.endBytes ?? 0,
      alignmentBytes: this.alignmentBytes,
      createdAtMs: clock.nowMs(),
    });
    this.#headerBlock ??=
      syncMode === 'direct'
        ? new Uint8Array(allocateSharedMemory(DIRECT_IO_BLOCK_BYTES))
        : new Uint8Array(DIRECT_IO_BLOCK_BYTES);
    const block = this.#headerBlock;
    block.fill(0);
    block.set(payload, FRAME_HEADER_BYTES);
    const identity = logIdentity(databaseId, number);
    const frame = block.subarray(0, FRAME_HEADER_BYTES + payload.length);
    sealFrame(frame, 0, frame.length, { identity, ordinal: 0, durableMark, type: FRAME_HEADER });
    return block.subarray(0, alignUp(frame.length, this.alignmentBytes));
  }

  /** Syncs and closes a segment that is not written any more. Whoever syncs the next one waits for it, and sees it fail. */
  #retire(segment: SegmentWriter): Promise<void> {
    const synced = segment.sync();
    const previous = this.#closing;
    this.#closing = (async () => {
      await previous;
      await synced;
      await segment.close();
    })();
    // The failure reaches the next sync through `synced`; neither promise may end the process before that.
    synced.catch(() => undefined);
    this.#closing.catch(() => undefined);
    return synced;
  }
}
