/**
 * The framing shared by the WAL, the manifest and the quarantine journals. A log file is a run of frames; each starts at
 * the next multiple of the file's alignment (8, or the direct-I/O block) after the one before it:
 *
 *     offset  size  field
 *          0     4  crc32c of everything after these four bytes: the rest of the header, then the payload
 *          4     4  payload length
 *          8     4  identity of the file: a stale frame of a recycled file has another one
 *         12     4  ordinal of the frame in its file: 0, 1, 2, …
 *         16     8  durable mark: what was already safe when this frame was written (see below)
 *         24     1  type
 *         25     7  zero
 *         32     …  payload
 *
 * Frame 0 is the file's header (type `header`). A record longer than one frame is cut into first, middle …, last.
 *
 * The durable mark tells a torn tail from damage (law 6). In the WAL it is the last sequence number known durable, in
 * the other logs the number of frames known durable. After a bad frame, an intact later frame whose mark covers the lost
 * ones proves that they had been acknowledged: damage. Without such a frame nothing lost was ever acknowledged: a torn tail.
 */
import { readUint32, readUint64, writeUint32, writeUint64 } from '../base/bytes.js';
import { crc32c } from '../base/checksum.js';

export const FRAME_HEADER_BYTES = 32;
export const FRAME_ALIGNMENT_BYTES = 8;

/** Stored on disk, never renumbered. */
export const FRAME_HEADER = 1;
export const FRAME_FULL = 2;
export const FRAME_FIRST = 3;
export const FRAME_MIDDLE = 4;
export const FRAME_LAST = 5;

export interface FrameHeader {
  readonly payloadBytes: number;
  readonly identity: number;
  readonly ordinal: number;
  readonly durableMark: number;
  readonly type: number;
}

/** Fills in the header of a frame whose payload already stands behind it: the frame, header and payload, is `target[start, end)`. */
export function sealFrame(
  target: Uint8Array,
  start: number,
  end: number,
  header: Omit<FrameHeader, 'payloadBytes'>,
): void {
  writeUint32(target, start + 4, end - start - FRAME_HEADER_BYTES);
  writeUint32(target, start + 8, header.identity);
  writeUint32(target, start + 12, header.ordinal);
  writeUint64(target, start + 16, header.durableMark);
  writeUint32(target, start + 24, header.type);
  writeUint32(target, start + 28, 0);
  writeUint32(target, start, crc32c(target.subarray(start + 4, end)));
}

export function readFrameHeader(source: Uint8Array, at: number): FrameHeader {
  return {
    payloadBytes: readUint32(source, at + 4),
    identity: readUint32(source, at + 8),
    ordinal: readUint32(source, at + 12),
    durableMark: readUint64(source, at + 16),
    type: source[at + 24],
  };
}

/** Whether the checksum of the frame at `at` holds. The caller has checked that all of it is there. */
export function isFrameIntact(source: Uint8Array, at: number, payloadBytes: number): boolean {
  return readUint32(source, at) === crc32c(source.subarray(at + 4, at + FRAME_HEADER_BYTES + payloadBytes));
}

/** The identity of log file `number` of a database: derived, so that it is known even where the header frame is lost. */
export function logIdentity(databaseId: number, number: number): number {
  const seed = new Uint8Array(12);
  writeUint32(seed, 0, databaseId);
  writeUint64(seed, 4, number);
  return crc32c(seed);
}
