/**
 * The header of a WAL segment: the payload of its frame 0.
 *
 *     offset  size  field
 *          0     4  format version: 1
 *          4     4  database id
 *          8     8  number of this segment
 *         16     8  number of the segment before it, 0 for none
 *         24     8  where the records of that segment end; what stands after it there is not part of the log
 *         32     4  alignment of the frames: 8, or 4096 where the log is written with direct I/O
 *         36     4  zero
 *         40     8  creation time, milliseconds since 1970
 *
 * A segment names its predecessor, not its successor: the end of a log is always the newest segment that was started.
 */
import { alignUp, readUint32, readUint64, writeUint32, writeUint64 } from '../base/bytes.js';
import { assert, CorruptionError, StemeError } from '../base/errors.js';
import { DIRECT_IO_BLOCK_BYTES, SEQUENCE_MAX } from '../base/limits.js';
import { FRAME_ALIGNMENT_BYTES, FRAME_HEADER_BYTES } from '../log/log-format.js';

export const WAL_FORMAT_VERSION = 1;
export const SEGMENT_HEADER_BYTES = 48;

export interface SegmentHeader {
  readonly databaseId: number;
  readonly number: number;
  readonly predecessorNumber: number;
  readonly predecessorEndBytes: number;
  /** FRAME_ALIGNMENT_BYTES or DIRECT_IO_BLOCK_BYTES. */
  readonly alignmentBytes: number;
  readonly createdAtMs: number;
}

/** Where frame 1 of a segment stands: the first multiple of the alignment after the header frame. */
export function firstRecordOffsetBytes(alignmentBytes: number): number {
  return alignUp(FRAME_HEADER_BYTES + SEGMENT_HEADER_BYTES, alignmentBytes);
}

export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  assert(header.predecessorNumber < header.number, 'a segment comes after its predecessor');
  assert(isAlignment(header.alignmentBytes), 'frames are aligned to eight bytes or to the block of direct I/O');
  const payload = new Uint8Array(SEGMENT_HEADER_BYTES);
  writeUint32(payload, 0, WAL_FORMAT_VERSION);
  writeUint32(payload, 4, header.databaseId);
  writeUint64(payload, 8, header.number);
  writeUint64(payload, 16, header.predecessorNumber);
  writeUint64(payload, 24, header.predecessorEndBytes);
  writeUint32(payload, 32, header.alignmentBytes);
  writeUint64(payload, 40, header.createdAtMs);
  return payload;
}

/** Errors: STEME_UNSUPPORTED for another format version, STEME_CORRUPTION for fields that no writer would write. */
export function decodeSegmentHeader(payload: Uint8Array, file: string): SegmentHeader {
  if (payload.length < 4) throw malformed(file, `${SEGMENT_HEADER_BYTES} header bytes`, `${payload.length}`);
  const formatVersion = readUint32(payload, 0);
  if (formatVersion !== WAL_FORMAT_VERSION) {
    const message = `${file} is a log of format version ${formatVersion}; this package reads version ${WAL_FORMAT_VERSION}: upgrade it`;
    throw new StemeError('STEME_UNSUPPORTED', message);
  }
  if (payload.length !== SEGMENT_HEADER_BYTES) {
    throw malformed(file, `${SEGMENT_HEADER_BYTES} header bytes`, `${payload.length}`);
  }
  const alignmentBytes = readUint32(payload, 32);
  if (!isAlignment(alignmentBytes)) {
    throw malformed(file, `an alignment of ${FRAME_ALIGNMENT_BYTES} or ${DIRECT_IO_BLOCK_BYTES}`, `${alignmentBytes}`);
  }
  const number = readNumber(payload, 8, file);
  const predecessorNumber = readNumber(payload, 16, file);
  if (predecessorNumber >= number) throw malformed(file, `a predecessor before ${number}`, `${predecessorNumber}`);
  return {
    databaseId: readUint32(payload, 4),
    number,
    predecessorNumber,
    predecessorEndBytes: readNumber(payload, 24, file),
    alignmentBytes,
    createdAtMs: readNumber(payload, 40, file),
  };
}

function isAlignment(bytes: number): boolean {
  return bytes === FRAME_ALIGNMENT_BYTES || bytes === DIRECT_IO_BLOCK_BYTES;
}

function readNumber(payload: Uint8Array, at: number, file: string): number {
  const value = readUint64(payload, at);
  if (value > SEQUENCE_MAX) throw malformed(file, 'a number below 2^53', `${value}`);
  return value;
}

function malformed(file: string, expected: string, found: string): CorruptionError {
  return new CorruptionError({ file, offsetBytes: FRAME_HEADER_BYTES, expected, found });
}
