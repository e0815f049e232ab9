/**
 * What stands behind every block of a table and every value of a blob file:
 *
 *     offset  size  field
 *          0     n  content, as stored
 *          n     1  compression of the content: 0 none, 1 LZ4 (lz4.ts)
 *       n+1      4  crc32c over the content, the compression byte, the number of the file (u64) and the offset (u64)
 *
 * so that good content in the wrong place, or in the wrong file, is damage too (law 5).
 */
import { readUint32, writeUint32, writeUint64 } from './bytes.js';
import { crc32c, crc32cOfFew } from './checksum.js';

export const BLOCK_TRAILER_BYTES = 5;

/** Stored on disk, never renumbered. */
export const COMPRESSION_NONE = 0;
export const COMPRESSION_LZ4 = 1;

/** compression 1, file number 8, offset 8: what the checksum covers beside the content. */
const suffix = new Uint8Array(17);

export function blockChecksum(
  content: Uint8Array,
  compression: number,
  fileNumber: number,
  offsetBytes: number,
): number {
  suffix[0] = compression;
  writeUint64(suffix, 1, fileNumber);
  writeUint64(suffix, 9, offsetBytes);
  return crc32cOfFew(suffix, crc32c(content));
}

/** Writes the trailer of the block with this content into `target` at `at`. */
export function writeBlockTrailer(
  target: Uint8Array,
  at: number,
  content: Uint8Array,
  compression: number,
  fileNumber: number,
  offsetBytes: number,
): void {
  target[at] = compression;
  writeUint32(target, at + 1, blockChecksum(content, compression, fileNumber, offsetBytes));
}

/** The checksum that a block trailer at `at` holds. */
export function readBlockChecksum(source: Uint8Array, at: number): number {
  return readUint32(source, at + 1);
}
