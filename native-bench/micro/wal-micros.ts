import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.js';
import { logName } from '../../src/base/file-names.js';
import { KIND_PUT } from '../../src/base/internal-key.js';
import { DIRECT_IO_BLOCK_BYTES, MIB } from '../../src/base/limits.js';
import { Prng } from '../../src/base/prng.js';
import { allocateSharedMemory } from '../../src/base/shared-memory.js';
import type { FileHandle, OpenMode } from '../../src/fs/file-system.js';
import { realFileSystem } from '../../src/fs/real-file-system.js';
import { FRAME_FULL, FRAME_HEADER_BYTES, sealFrame } from '../../src/log/log-format.js';
import { SegmentAllocator } from '../../src/log/segment-allocator.js';
import { BatchRing } from '../../src/wal/batch-ring.js';
import { SegmentFiles } from '../../src/wal/segment-writer.js';
import { chooseSyncMode } from '../../src/wal/sync-mode.js';
import {
  operationBytes,
  WAL_RECORD_HEADER_BYTES,
  writeOperation,
  writeWalRecordHeader,
} from '../../src/wal/wal-record.js';
import { WalWriter } from '../../src/wal/wal-writer.js';
import { WriteGroup } from '../../src/wal/write-group.js';
import { type Micro, type MicroContext, MicroUnavailable } from './micro.js';
import { KEY_BYTES, makeKeys, makeValues, VALUE_BYTES } from './micro-records.js';

/** A batch of the goals; with 16 + 100 bytes it fills a frame of the log. */
const RECORDS_PER_FRAME = 1000;
const PREALLOCATED_BYTES = 4 * MIB;

/** Records into frames as the log writer does it, one frame of `recordsPerFrame` after another; nothing is written. */
function framing(name: string, recordsPerFrame: number): Micro {
  return {
    name,
    prepare: () => {
      const ring = new BatchRing(DIRECT_IO_BLOCK_BYTES);
      const keys = makeKeys('random', RECORDS_PER_FRAME);
      const values = makeValues();
      let sequence = 1;
      let ordinal = 0;
      const writeFrame = (first: number): number => {
        const group = new WriteGroup(sequence);
        const start = ring.openFrame();
        const { bytes } = ring;
        writeWalRecordHeader(bytes, start + FRAME_HEADER_BYTES, sequence);
        let at = start + FRAME_HEADER_BYTES + WAL_RECORD_HEADER_BYTES;
        for (let i = first; i < first + recordsPerFrame; i++) {
          const keyStart = i * KEY_BYTES;
          at = writeOperation(bytes, at, KIND_PUT, keys, keyStart, keyStart + KEY_BYTES, values[i], 0, VALUE_BYTES);
        }
        ring.finishFrame(start, at, FRAME_FULL, group);
        sealFrame(bytes, start, at, { identity: 7, ordinal, durableMark: sequence - 1, type: FRAME_FULL });
        ring.release(group.ringMark);
        sequence += recordsPerFrame;
        ordinal = (ordinal + 1) | 0;
        return bytes[start];
      };
      return {
        operations: RECORDS_PER_FRAME,
        run: () => {
          let sum = 0;
          for (let i = 0; i < RECORDS_PER_FRAME; i += recordsPerFrame) sum += writeFrame(i);
          return sum;
        },
      };
    },
  };
}

/** One block of a frame, written and made durable in this thread: what the disk asks for, without a thread hop. */
function syncedWrite(name: string, mode: OpenMode, preallocatedBytes: number, needsSync: boolean): Micro {
  return {
    name,
    prepare: async (context) => {
      const handle = await openLog(context, mode, preallocatedBytes);
      const block = new Uint8Array(allocateSharedMemory(DIRECT_IO_BLOCK_BYTES)).subarray(0, DIRECT_IO_BLOCK_BYTES);
      new Prng(1).fill(block);
      let at = 0;
      return {
        operations: 1,
        run: () => {
          handle.writeSync(block, at);
          if (needsSync) handle.datasyncSync();
          at += block.length;
          if (at === preallocatedBytes) at = 0;
          return at;
        },
        close: () => handle.close(),
      };
    },
  };
}

async function openLog({ directory }: MicroContext, mode: OpenMode, preallocatedBytes: number): Promise<FileHandle> {
  if (mode === 'direct' && !(await realFileSystem.probeDirect(directory))) {
    throw new MicroUnavailable('the file system refuses direct I/O');
  }
  const path = join(directory, logName(1));
  const handle = realFileSystem.openSync(path, 'create');
  handle.writeSync(new Uint8Array(preallocatedBytes), 0);
  handle.datasyncSync();
  if (mode === 'create') return handle;
  handle.closeSync();
  return realFileSystem.open(path, mode);
}

/** One record from `tryReserve` to its promise, durable: the log writer as a database has it, one writer that waits. */
const commit: Micro = {
  name: 'wal/commit-sync',
  prepare: async ({ directory }) => {
    const { wal, close } = await openWal(directory);
    const keys = makeKeys('random', RECORDS_PER_FRAME);
    const values = makeValues();
    const recordBytes = operationBytes(KIND_PUT, KEY_BYTES, VALUE_BYTES);
    let sequence = 1;
    return {
      operations: 1,
      isAsync: true,
      run: async () => {
        const i = sequence % RECORDS_PER_FRAME;
        if (!wal.tryReserve(recordBytes)) throw new Error('one record has room');
        wal.append(sequence, KIND_PUT, keys, i * KEY_BYTES, (i + 1) * KEY_BYTES, values[i], 0, VALUE_BYTES);
        await wal.commit(true);
        return sequence++;
      },
      close,
    };
  },
};

async function openWal(directory: string): Promise<{ wal: WalWriter; close: () => Promise<void> }> {
  let lastNumber = 0;
  const allocateNumber = (): number => ++lastNumber;
  const probe = { fileSystem: realFileSystem, directory, clock: systemClock, fileNumber: allocateNumber() };
  const { mode } = await chooseSyncMode('auto', probe);
  const allocator = new SegmentAllocator({
    fileSystem: realFileSystem,
    directory,
    allocateNumber,
    segmentBytes: 64 * MIB,
    recycledMax: 1,
    onWarning: () => undefined,
  });
  const segments = new SegmentFiles({
    fileSystem: realFileSystem,
    allocator,
    databaseId: 7,
    syncMode: mode,
    clock: systemClock,
    recovered: [],
    obsoleteNumbers: [],
  });
  const wal = new WalWriter({
    segments,
    segment: undefined,
    clock: systemClock,
    lastSequence: 0,
    onSafe: () => undefined,
    onRoom: () => undefined,
    // The commit that fails says so itself.
    onFailure: () => undefined,
  });
  const close = async (): Promise<void> => {
    await wal.close();
    await segments.closed();
    await allocator.close();
  };
  return { wal, close };
}

export const WAL_MICROS: readonly Micro[] = [
  framing('wal/append', RECORDS_PER_FRAME),
  framing('wal/append-a-frame-each', 1),
  syncedWrite('wal/append-fdatasync', 'create', 0, true),
  syncedWrite('wal/overwrite-fdatasync', 'update', PREALLOCATED_BYTES, true),
  syncedWrite('wal/overwrite-direct', 'direct', PREALLOCATED_BYTES, false),
  commit,
];
