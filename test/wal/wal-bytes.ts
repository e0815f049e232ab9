import { logName } from '../../src/base/file-names.js';
import { KIND_PUT } from '../../src/base/internal-key.js';
import type { MemoryFileSystem } from '../../src/fs/memory-file-system.js';
import { FRAME_FULL, FRAME_HEADER, logIdentity } from '../../src/log/log-format.js';
import {
  operationBytes,
  readWalRecord,
  WAL_RECORD_HEADER_BYTES,
  type WalRecordSource,
  writeOperation,
  writeWalRecordHeader,
} from '../../src/wal/wal-record.js';
import { replayWal, type WalReplay, type WalReplayOptions } from '../../src/wal/wal-replay.js';
import { encodeSegmentHeader } from '../../src/wal/wal-segment.js';
import { frameOf, memoryWith } from '../log/log-bytes.js';

/** WAL segments laid out by hand: what a crash or a bad disk leaves is easier to write down than to bring about. */

export const DATABASE_ID = 0xdb1d;

export interface Operation {
  readonly kind: number;
  readonly key: Uint8Array;
  readonly value?: Uint8Array;
}

const NONE = new Uint8Array(0);

/** The payload of one WAL record. */
export function recordOf(baseSequence: number, operations: readonly Operation[]): Uint8Array {
  const sizes = operations.map(({ kind, key, value = NONE }) => operationBytes(kind, key.length, value.length));
  const payload = new Uint8Array(sizes.reduce((sum, size) => sum + size, WAL_RECORD_HEADER_BYTES));
  let at = writeWalRecordHeader(payload, 0, baseSequence);
  for (const { kind, key, value = NONE } of operations) {
    at = writeOperation(payload, at, kind, key, 0, key.length, value, 0, value.length);
  }
  return payload;
}

export interface ReadOperation {
  readonly sequence: number;
  readonly kind: number;
  readonly key: Buffer;
  readonly value: Buffer;
}

export function operationsOf(payload: Uint8Array, source: WalRecordSource): ReadOperation[] {
  const bytes = Buffer.from(payload);
  const read: ReadOperation[] = [];
  const operation = (sequence: number, kind: number, keyStart: number, keyEnd: number, start: number, end: number) => {
    read.push({ sequence, kind, key: bytes.subarray(keyStart, keyEnd), value: bytes.subarray(start, end) });
  };
  readWalRecord(payload, { operation }, source);
  return read;
}

/** `count` puts whose keys name their sequences, so that a wrong payload cannot pass for the right one. */
export function putsFrom(baseSequence: number, count: number): Uint8Array {
  const operations = Array.from({ length: count }, (_, i) => {
    return {
      kind: KIND_PUT,
      key: Buffer.from(`key ${baseSequence + i}`),
      value: Buffer.from(`value ${baseSequence + i}`),
    };
  });
  return recordOf(baseSequence, operations);
}

/** One frame of a segment: `first` … `last` are the sequences of its record, `mark` what was durable when it was written. */
export interface RecordSpec {
  readonly first: number;
  readonly last: number;
  readonly mark: number;
}

export interface SegmentSpec {
  readonly number: number;
  readonly predecessor?: { readonly number: number; readonly endBytes: number };
  readonly headerMark?: number;
  readonly alignmentBytes?: number;
}

/** A segment as frames, the header first, for tests to mangle before they are joined. */
export function segmentFrames(spec: SegmentSpec, records: readonly RecordSpec[]): Buffer[] {
  const { number, predecessor, headerMark = 0, alignmentBytes = 8 } = spec;
  const identity = logIdentity(DATABASE_ID, number);
  const header = encodeSegmentHeader({
    databaseId: DATABASE_ID,
    number,
    predecessorNumber: predecessor?.number ?? 0,
    predecessorEndBytes: predecessor?.endBytes ?? 0,
    alignmentBytes,
    createdAtMs: 1_700_000_000_000,
  });
  const frames = [
    frameOf({ payload: header, ordinal: 0, type: FRAME_HEADER, durableMark: headerMark, identity, alignmentBytes }),
  ];
  for (const { first, last, mark } of records) {
    const payload = putsFrom(first, last - first + 1);
    frames.push(
      frameOf({ payload, ordinal: frames.length, type: FRAME_FULL, durableMark: mark, identity, alignmentBytes }),
    );
  }
  return frames.map((frame) => Buffer.from(frame));
}

export function segmentOf(spec: SegmentSpec, records: readonly RecordSpec[]): Buffer {
  return Buffer.concat(segmentFrames(spec, records));
}

/** A directory with these segments, everything durable. */
export function segmentsOnDisk(segments: Readonly<Record<number, Uint8Array>>): Promise<MemoryFileSystem> {
  const files = Object.entries(segments).map(([number, bytes]) => [`/db/${logName(Number(number))}`, bytes] as const);
  return memoryWith(Object.fromEntries(files));
}

export interface Replayed {
  readonly result: WalReplay;
  /** The sequences that were handed out, each with its own key and value. */
  readonly sequences: number[];
}

/** Replays, and checks that every operation handed out is the one that was written under its sequence. */
export async function replay(
  fileSystem: WalReplayOptions['fileSystem'],
  presentNumbers: readonly number[],
  options: Partial<WalReplayOptions> = {},
): Promise<Replayed> {
  const sequences: number[] = [];
  const result = await replayWal({
    fileSystem,
    directory: '/db',
    databaseId: DATABASE_ID,
    firstNumber: Math.min(...presentNumbers),
    presentNumbers,
    onDamage: 'fail',
    onRecord: (payload, place) => {
      for (const { sequence, kind, key, value } of operationsOf(payload, place)) {
        if (kind !== KIND_PUT || key.toString() !== `key ${sequence}` || value.toString() !== `value ${sequence}`) {
          throw new Error(`a wrong payload under sequence ${sequence}`);
        }
        sequences.push(sequence);
      }
    },
    ...options,
  });
  return { result, sequences };
}

export function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, i) => i + 1);
}
