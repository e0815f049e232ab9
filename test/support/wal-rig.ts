import { expect } from 'vitest';
import { systemClock } from '../../src/base/clock.js';
import type { StemeError } from '../../src/base/errors.js';
import { parseFileName } from '../../src/base/file-names.js';
import { KIND_PUT } from '../../src/base/internal-key.js';
import { MIB } from '../../src/base/limits.js';
import type { FileSystem } from '../../src/fs/file-system.js';
import { SegmentAllocator } from '../../src/log/segment-allocator.js';
import type { WalSyncMode } from '../../src/wal/segment-writer.js';
import { SegmentFiles } from '../../src/wal/segment-writer.js';
import {
  operationBytes,
  readWalRecord,
  WAL_RECORD_HEADER_BYTES,
  writeOperation,
  writeWalRecordHeader,
} from '../../src/wal/wal-record.js';
import { replayWal } from '../../src/wal/wal-replay.js';
import { WalWriter } from '../../src/wal/wal-writer.js';

export const WAL_DIRECTORY = '/wal';
const DATABASE_ID = 7;
const EMPTY = new Uint8Array(0);

export interface WalRigOptions {
  readonly syncMode?: WalSyncMode;
  readonly initialBytes?: number;
  readonly segmentBytes?: number;
  /** Spares to make ahead; none by default, so that a trace shows what the writer itself does. */
  readonly recycledMax?: number;
  readonly segmentBytesMax?: number;
}

/** A WAL writer with its segments on any file system, and an account of what it reported. */
export class WalRig {
  readonly wal: WalWriter;
  readonly segments: SegmentFiles;
  /** Every sequence that was reported safe, in order. */
  readonly safe: number[] = [];
  readonly failures: StemeError[] = [];
  roomCount = 0;
  onRoom: () => void = () => undefined;
  #sequence = 0;

  private constructor(fileSystem: FileSystem, options: WalRigOptions) {
    let nextNumber = 1;
    const allocator = new SegmentAllocator({
      fileSystem,
      directory: WAL_DIRECTORY,
      allocateNumber: () => nextNumber++,
      segmentBytes: options.segmentBytes ?? MIB,
      recycledMax: options.recycledMax ?? 0,
      initialBytes: options.initialBytes ?? 64 * 1024,
      onWarning: () => undefined,
    });
    this.segments = new SegmentFiles({
      fileSystem,
      allocator,
      databaseId: DATABASE_ID,
      syncMode: options.syncMode ?? 'fdatasync',
      clock: systemClock,
      recovered: [],
      obsoleteNumbers: [],
    });
    this.wal = new WalWriter({
      segments: this.segments,
      segment: undefined,
      clock: systemClock,
      lastSequence: 0,
      ...(options.segmentBytesMax === undefined ? {} : { segmentBytesMax: options.segmentBytesMax }),
      onSafe: (sequence) => this.safe.push(sequence),
      onRoom: () => {
        this.roomCount++;
        this.onRoom();
      },
      onFailure: (error) => this.failures.push(error),
    });
  }

  static async create(fileSystem: FileSystem, options: WalRigOptions = {}): Promise<WalRig> {
    await fileSystem.makeDirectory(WAL_DIRECTORY);
    await fileSystem.syncDirectory('/');
    await fileSystem.syncDirectory(WAL_DIRECTORY);
    return new WalRig(fileSystem, options);
  }

  get lastSequence(): number {
    return this.#sequence;
  }

  /** One put as the engine makes it; undefined when the writer has no room now. */
  tryPut(key: string, valueBytes = 0, wantsSync = true): Promise<void> | undefined {
    const keyBytes = Buffer.from(key);
    const value = valueBytes === 0 ? EMPTY : Buffer.alloc(valueBytes, 0x76);
    if (!this.wal.tryReserve(operationBytes(KIND_PUT, keyBytes.length, value.length))) return undefined;
    this.#sequence++;
    this.wal.append(this.#sequence, KIND_PUT, keyBytes, 0, keyBytes.length, value, 0, value.length);
    return this.wal.commit(wantsSync);
  }

  put(key: string, valueBytes = 0, wantsSync = true): Promise<void> {
    const done = this.tryPut(key, valueBytes, wantsSync);
    if (done === undefined) throw new Error(`no room for ${key}`);
    return done;
  }

  /** One put of any size, as a record of its own. */
  putLarge(key: string, valueBytes: number, wantsSync = true): Promise<void> {
    const keyBytes = Buffer.from(key);
    const value = Buffer.alloc(valueBytes, 0x76);
    const payload = Buffer.alloc(WAL_RECORD_HEADER_BYTES + operationBytes(KIND_PUT, keyBytes.length, value.length));
    this.#sequence++;
    writeWalRecordHeader(payload, 0, this.#sequence);
    const at = WAL_RECORD_HEADER_BYTES;
    writeOperation(payload, at, KIND_PUT, keyBytes, 0, keyBytes.length, value, 0, value.length);
    return this.wal.appendLarge(payload, this.#sequence, wantsSync);
  }
}

export interface ReplayedKey {
  readonly key: string;
  readonly sequence: number;
  readonly segment: number;
}

/** What recovery would find in the log now, in its order. Throws where it would. */
export async function replayedKeys(fileSystem: FileSystem): Promise<ReplayedKey[]> {
  const files = (await fileSystem.list(WAL_DIRECTORY)).map(parseFileName);
  const presentNumbers = files.flatMap((file) => (file?.kind === 'log' ? [file.number] : []));
  const found: ReplayedKey[] = [];
  await replayWal({
    fileSystem,
    directory: WAL_DIRECTORY,
    databaseId: DATABASE_ID,
    firstNumber: Math.min(...presentNumbers),
    presentNumbers,
    onDamage: 'fail',
    readOnly: true,
    onRecord: (payload, place) => {
      const visitor = {
        operation(sequence: number, _kind: number, keyStart: number, keyEnd: number) {
          const key = Buffer.from(payload.subarray(keyStart, keyEnd)).toString();
          found.push({ key, sequence, segment: place.stretch.segmentNumber });
        },
      };
      readWalRecord(payload, visitor, place);
    },
  });
  return found;
}

/** Checks that sequences are reported safe in order; the same one again is fine. */
export function expectAscending(sequences: readonly number[]): void {
  expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
}
