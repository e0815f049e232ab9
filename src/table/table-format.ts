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
 * Every block of this list has a trailer with its checksum (base/block-trailer.ts). A size in a handle is without it.
 */
import { BLOCK_BYTES_MAX, KEY_BYTES_MAX, KIB, VALUE_BYTES_MAX } from '../base/limits.js';

/**
 * Goes up with every change that an older reader would misread. Version 2 has range deletes, and entries that expire or refer to
 * blob files; a table with none of that is still written as version 1.
 */
export const TABLE_FORMAT_VERSION = 2;
export const TABLE_FORMAT_VERSION_PLAIN = 1;

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
