/**
 * An SSTable, from its first byte to its last:
 *
 *     data block …         entries in internal-key order (block-entry.ts)
 *     zeros                up to a multiple of 64, only before a filter
 *     filter block         absent if the table has no filter (bloom-filter.ts)
 *     index partition …    only with two index levels (index-block.ts)
 *     top index
 *     properties           (table-properties.ts)
 *     footer               64 bytes (table-footer.ts)
 *
 * Every block of this list stands in the file as
 *
 *     offset  size  field
 *          0     n  content, as stored
 *          n     1  compression of the content: 0 none, 1 LZ4
 *       n+1      4  crc32c over the content, the compression byte, the number of the table (u64) and the offset (u64)
 *
 * so that a good block in the wrong place, or in the wrong file, is damage too (law 5). A size in a handle is n.
 */
import { readUint32, writeUint32, writeUint64 } from '../base/bytes.js';
import { crc32c, crc32cOfFew } from '../base/checksum.js';
import { BLOCK_BYTES_MAX, KEY_BYTES_MAX, KIB, VALUE_BYTES_MAX } from '../base/limits.js';

/**
 * Goes up with every change that an older reader would misread. Version 2 has range deletes, and entries that expire or refer to
 * blob files; a table with none of that is still written as version 1.
 */
export const TABLE_FORMAT_VERSION = 2;
export const TABLE_FORMAT_VERSION_PLAIN = 1;

export const BLOCK_TRAILER_BYTES = 5;

/** Stored on disk, never renumbered. */
export const COMPRESSION_NONE = 0;
export const COMPRESSION_LZ4 = 1;

export type TableCompression = 'none' | 'lz4';

/** No block is larger after decompression: a full block, and one record of the largest size behind it. */
export const BLOCK_CONTENT_BYTES_MAX = VALUE_BYTES_MAX + KEY_BYTES_MAX + BLOCK_BYTES_MAX + KIB;

export interface BlockHandle {
  readonly offsetBytes: number;
  /** Of the stored content, without the block's trailer. */
  readonly sizeBytes: number;
}

/** A block as it is stored: its content behind its compression, without the trailer. */
export interface StoredBlock {
  readonly bytes: Uint8Array;
  readonly compression: number;
}

/** compression 1, table number 8, offset 8: what the checksum covers beside the content. */
const suffix = new Uint8Array(17);

export function blockChecksum(
  content: Uint8Array,
  compression: number,
  tableNumber: number,
  offsetBytes: number,
): number {
  suffix[0] = compression;
  writeUint64(suffix, 1, tableNumber);
  writeUint64(suffix, 9, offsetBytes);
  return crc32cOfFew(suffix, crc32c(content));
}

/** Writes the trailer of the block with this content into `target` at `at`. */
export function writeBlockTrailer(
  target: Uint8Array,
  at: number,
  content: Uint8Array,
  compression: number,
  tableNumber: number,
  offsetBytes: number,
): void {
  target[at] = compression;
  writeUint32(target, at + 1, blockChecksum(content, compression, tableNumber, offsetBytes));
}

/** The checksum that a block trailer at `at` holds. */
export function readBlockChecksum(source: Uint8Array, at: number): number {
  return readUint32(source, at + 1);
}
