/**
 * How much room a range of keys takes, without reading data:
 *
 *   table inside the range   its file's size
 *   table across a bound     its file's size, by the share of its data blocks that the index has in the range: right to a block
 *   blob files               what the tables refer to, by the same shares, as it is stored
 *   memtable                 keys and values, counted for a few thousand entries and estimated past them
 */
import { compareBytes, compareRanges, copyRange } from '../base/bytes.js';
import type { InternalIterator } from '../base/internal-iterator.js';
import type { Memtable } from '../memtable/memtable.js';
import type { HalfOpenRange } from '../read/bounds.js';
import { keyFraction } from '../read/key-fraction.js';
import { endsBefore, overlapsRange } from '../read/key-range.js';
import type { TableCache } from '../table/table-cache.js';
import type { TableMetadata } from '../table/table-metadata.js';
import type { TableReader } from '../table/table-reader.js';
import type { Version } from '../version/version.js';
import type { ReadState } from './read-state.js';

/** Entries of a memtable that are counted one by one: about a millisecond. */
const COUNTED_ENTRIES_MAX = 4096;

/** Of what lies in the range, newer and older versions and deletes included. Errors: STEME_CORRUPTION, STEME_IO. */
export function approximateSize(state: ReadState, tables: TableCache, range: HalfOpenRange): number {
  let bytes = 0;
  for (const { memtable } of state.memtables) bytes += memtableBytes(memtable, range);
  for (const table of state.version.tables()) {
    if (!overlapsRange(table, range)) continue;
    const share = isInside(table, range) ? 1 : shareOf(tables.get(table), range);
    bytes += share * (table.fileBytes + blobBytes(table, state.version));
  }
  return Math.round(bytes);
}

function isInside(table: TableMetadata, { start, end }: HalfOpenRange): boolean {
  return compareBytes(start, table.smallestKey) <= 0 && (end === undefined || endsBefore(table, end));
}

function shareOf(reader: TableReader, { start, end }: HalfOpenRange): number {
  const { dataBytes } = reader.properties;
  if (dataBytes === 0) return 0;
  const endOffset = end === undefined ? dataBytes : offsetOf(reader, end);
  return Math.max(0, endOffset - offsetOf(reader, start)) / dataBytes;
}

/** Where the data block begins that can hold the key. */
function offsetOf(reader: TableReader, key: Uint8Array): number {
  const index = reader.findPartition(key);
  if (index === reader.partitionCount) return reader.properties.dataBytes;
  const partition = reader.partition(index, true);
  const block = partition.find(key);
  return block === partition.count ? reader.properties.dataBytes : partition.offsetBytes(block);
}

/** Values are compressed there: the table knows how long they are, and the file how long all of its values are. */
function blobBytes(table: TableMetadata, version: Version): number {
  let bytes = 0;
  for (const { number, valueBytes } of table.blobUses) {
    const blob = version.blobs.get(number);
    if (blob !== undefined && blob.valueBytes > 0) bytes += (valueBytes * blob.fileBytes) / blob.valueBytes;
  }
  return bytes;
}

function memtableBytes(memtable: Memtable, range: HalfOpenRange): number {
  const entries = memtable.iterator();
  let bytes = 0;
  entries.seek(range.start);
  for (let count = 0; count < COUNTED_ENTRIES_MAX; count++) {
    if (!entries.valid || isPast(entries, range.end)) return bytes;
    bytes += entries.keyEnd - entries.keyStart + entries.valueEnd - entries.valueStart;
    entries.next();
  }
  return Math.max(bytes, memtable.userBytes * memtableShare(entries, range));
}

function isPast(entries: InternalIterator, end: Uint8Array | undefined): boolean {
  const { keySource, keyStart, keyEnd } = entries;
  return end !== undefined && compareRanges(keySource, keyStart, keyEnd, end, 0, end.length) >= 0;
}

function memtableShare(entries: InternalIterator, { start, end }: HalfOpenRange): number {
  entries.seekToFirst();
  const first = keyOf(entries);
  entries.seekToLast();
  const last = keyOf(entries);
  const from = compareBytes(start, first) <= 0 ? 0 : keyFraction(first, last, start);
  const to = end === undefined || compareBytes(end, last) > 0 ? 1 : keyFraction(first, last, end);
  return Math.max(0, to - from);
}

function keyOf({ keySource, keyStart, keyEnd }: InternalIterator): Uint8Array {
  const key = new Uint8Array(keyEnd - keyStart);
  copyRange(keySource, keyStart, keyEnd, key, 0);
  return key;
}
