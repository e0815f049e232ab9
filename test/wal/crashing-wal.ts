import { alignUp } from '../../src/base/bytes.js';
import { parseFileName } from '../../src/base/file-names.js';
import type { Prng } from '../../src/base/prng.js';
import type { FileHandle } from '../../src/fs/file-system.js';
import type { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { frameTypeOf } from '../../src/log/frame-type.js';
import { FRAME_HEADER, logIdentity } from '../../src/log/log-format.js';
import { SegmentAllocator } from '../../src/log/segment-allocator.js';
import type { KeptSegment } from '../../src/wal/wal-replay.js';
import { encodeSegmentHeader } from '../../src/wal/wal-segment.js';
import { frameOf } from '../log/log-bytes.js';
import { DATABASE_ID, putsFrom } from './wal-bytes.js';

/** What an engine knows beside the log: its manifest, whose edits are taken to be durable at once. */
export interface Manifest {
  firstNumber: number;
  flushedSequence: number;
  nextNumber: number;
}

export interface WrittenFrame {
  readonly number: number;
  readonly startBytes: number;
  readonly endBytes: number;
  readonly mark: number;
}

/**
 * A simple writer that does all that the format allows, in a random order: records in one frame or several, syncs, rotation
 * with the old segment not yet synced, flushes that retire segments into spares. It keeps count of what must survive.
 */
export class CrashingWal {
  readonly #fileSystem: MemoryFileSystem;
  readonly #manifest: Manifest;
  readonly #allocator: SegmentAllocator;
  readonly #prng: Prng;
  readonly #unsynced: FileHandle[] = [];
  #predecessor: KeptSegment | undefined;
  #current:
    | { handle: FileHandle; number: number; sizeBytes: number; ordinal: number; alignmentBytes: number }
    | undefined;
  #liveNumbers: number[];
  /** Every frame that was written, with its mark. */
  readonly frames: WrittenFrame[] = [];
  lastSequence: number;
  durableSequence: number;

  constructor(
    fileSystem: MemoryFileSystem,
    manifest: Manifest,
    prng: Prng,
    start: { chain: readonly KeptSegment[]; lastSequence: number },
  ) {
    this.#fileSystem = fileSystem;
    this.#manifest = manifest;
    this.#prng = prng;
    this.#predecessor = start.chain.at(-1);
    this.#liveNumbers = start.chain.map(({ number }) => number);
    this.lastSequence = start.lastSequence;
    this.durableSequence = start.lastSequence;
    this.#allocator = new SegmentAllocator({
      fileSystem,
      directory: '/db',
      allocateNumber: () => manifest.nextNumber++,
      segmentBytes: 20_000,
      recycledMax: 2,
      initialBytes: 2000,
      onWarning: (error) => {
        throw error;
      },
    });
  }

  async start(adopted: readonly number[]): Promise<void> {
    await this.#allocator.adopt(adopted);
    await this.#rotate();
  }

  async step(): Promise<void> {
    const dice = this.#prng.below(20);
    if (dice < 11) await this.#append();
    else if (dice < 16) await this.sync();
    else if (dice < 18) await this.#rotate();
    else if (dice < 19) this.#allocator.prepare();
    else await this.#flush();
  }

  async sync(): Promise<void> {
    const sequence = this.lastSequence;
    for (const handle of this.#unsynced) await handle.datasync();
    const current = this.#current;
    this.#unsynced.splice(0, this.#unsynced.length, ...(current === undefined ? [] : [current.handle]));
    this.durableSequence = sequence;
  }

  async #append(): Promise<void> {
    const count = 1 + this.#prng.below(60);
    const payload = putsFrom(this.lastSequence + 1, count);
    const pieceCount = this.#prng.chance(0.3) ? 1 + this.#prng.below(4) : 1;
    const pieceBytes = Math.ceil(payload.length / pieceCount);
    for (let start = 0; start < payload.length; start += pieceBytes) {
      const end = Math.min(start + pieceBytes, payload.length);
      await this.#writeFrame(payload.subarray(start, end), frameTypeOf(start === 0, end === payload.length));
    }
    this.lastSequence += count;
  }

  async #writeFrame(payload: Uint8Array, type: number): Promise<void> {
    const segment = this.#current;
    if (segment === undefined) throw new Error('not started');
    const { number, ordinal, alignmentBytes, sizeBytes } = segment;
    const identity = logIdentity(DATABASE_ID, number);
    const frame = frameOf({ payload, type, ordinal, durableMark: this.durableSequence, identity, alignmentBytes });
    this.frames.push({ number, startBytes: sizeBytes, endBytes: sizeBytes + frame.length, mark: this.durableSequence });
    segment.ordinal++;
    segment.sizeBytes = alignUp(sizeBytes + frame.length, alignmentBytes);
    await segment.handle.write(frame, sizeBytes);
  }

  async #rotate(): Promise<void> {
    if (this.#current !== undefined)
      this.#predecessor = { number: this.#current.number, endBytes: this.#current.sizeBytes };
    const { number, path } = await this.#allocator.take();
    const handle = await this.#fileSystem.open(path, 'update');
    const alignmentBytes = this.#prng.pick([8, 4096]);
    this.#unsynced.push(handle);
    this.#liveNumbers.push(number);
    this.#current = { handle, number, sizeBytes: 0, ordinal: 0, alignmentBytes };
    const header = encodeSegmentHeader({
      databaseId: DATABASE_ID,
      number,
      predecessorNumber: this.#predecessor?.number ?? 0,
      predecessorEndBytes: this.#predecessor?.endBytes ?? 0,
      alignmentBytes,
      createdAtMs: 0,
    });
    await this.#writeFrame(header, FRAME_HEADER);
  }

  /** All that is in the log so far goes to tables; the log then begins at a segment that may not be safe itself. */
  async #flush(): Promise<void> {
    await this.sync();
    await this.#rotate();
    const current = this.#current;
    if (current === undefined) throw new Error('not started');
    this.#manifest.firstNumber = current.number;
    this.#manifest.flushedSequence = this.lastSequence;
    for (const number of this.#liveNumbers.splice(0)) {
      if (number !== current.number) await this.#allocator.retire(number);
    }
    this.#liveNumbers.push(current.number);
  }
}

export async function numbersIn(fileSystem: MemoryFileSystem, kind: 'log' | 'recycled'): Promise<number[]> {
  const files = (await fileSystem.list('/db')).map((name) => parseFileName(name));
  return files.flatMap((file) => (file !== undefined && file.kind === kind ? [file.number] : []));
}
