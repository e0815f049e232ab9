/**
 * The last 64 bytes of a table:
 *
 *     offset  size  field
 *          0     8  top index: offset
 *          8     4  top index: size
 *         12     8  filter: offset, 0 if there is none
 *         20     4  filter: size, 0 if there is none
 *         24     8  properties: offset
 *         32     4  properties: size
 *         36     4  index levels: 1 (the top index points at data blocks) or 2 (it points at index partitions)
 *         40     8  number of the table
 *         48     4  format version
 *         52     4  crc32c of bytes 0–51
 *         56     8  magic "StemeSST"
 *
 * The length of the footer and its last 16 bytes stay where they are in every later version, so that a file from the
 * future is told from a damaged one.
 */

import { BLOCK_TRAILER_BYTES } from '../base/block-trailer.js';
import { readUint32, readUint64, writeUint32, writeUint64 } from '../base/bytes.js';
import { crc32c } from '../base/checksum.js';
import { CorruptionError, StemeError } from '../base/errors.js';
import { type BlockHandle, TABLE_FORMAT_VERSION, TABLE_FORMAT_VERSION_PLAIN } from './table-format.js';

export const FOOTER_BYTES = 64;

const VERSION_AT = 48;
const CHECKSUM_AT = 52;
const MAGIC_AT = 56;
const MAGIC = 'StemeSST';

export interface TableFooter {
  readonly topIndex: BlockHandle;
  readonly filter: BlockHandle | undefined;
  readonly properties: BlockHandle;
  readonly indexLevels: number;
  readonly tableNumber: number;
  readonly formatVersion: number;
}

export function encodeFooter(footer: TableFooter): Uint8Array {
  const target = new Uint8Array(FOOTER_BYTES);
  writeHandle(target, 0, footer.topIndex);
  if (footer.filter !== undefined) writeHandle(target, 12, footer.filter);
  writeHandle(target, 24, footer.properties);
  writeUint32(target, 36, footer.indexLevels);
  writeUint64(target, 40, footer.tableNumber);
  writeUint32(target, VERSION_AT, footer.formatVersion);
  writeUint32(target, CHECKSUM_AT, crc32c(target.subarray(0, CHECKSUM_AT)));
  for (let i = 0; i < MAGIC.length; i++) target[MAGIC_AT + i] = MAGIC.charCodeAt(i);
  return target;
}

/**
 * Reads the footer of table `tableNumber` out of the last 64 bytes of its file of `fileBytes`. CorruptionError if it is
 * damaged or another table's, STEME_UNSUPPORTED if it is whole and of a version that is not ours.
 */
export function decodeFooter(source: Uint8Array, file: string, fileBytes: number, tableNumber: number): TableFooter {
  const damaged = (at: number, expected: string, found: string): CorruptionError =>
    new CorruptionError({ file, offsetBytes: fileBytes - FOOTER_BYTES + at, expected, found });
  const magic = String.fromCharCode(...source.subarray(MAGIC_AT));
  if (magic !== MAGIC) throw damaged(MAGIC_AT, `the magic ${MAGIC} of a table`, JSON.stringify(magic));
  const checksum = crc32c(source.subarray(0, CHECKSUM_AT));
  const stored = readUint32(source, CHECKSUM_AT);
  if (checksum !== stored) throw damaged(0, `a footer with checksum ${stored}`, `checksum ${checksum}`);
  const formatVersion = readUint32(source, VERSION_AT);
  refuseOtherVersions(formatVersion, file);
  const number = readUint64(source, 40);
  if (number !== tableNumber) throw damaged(40, `table ${tableNumber}`, `table ${number}`);
  const indexLevels = readUint32(source, 36);
  if (indexLevels !== 1 && indexLevels !== 2) throw damaged(36, '1 or 2 index levels', String(indexLevels));
  const topIndex = readHandle(source, 0);
  const filter = readHandle(source, 12);
  const properties = readHandle(source, 24);
  for (const handle of [topIndex, filter, properties]) {
    const end = handle.offsetBytes + handle.sizeBytes + BLOCK_TRAILER_BYTES + FOOTER_BYTES;
    if (end > fileBytes) throw damaged(0, `blocks inside ${fileBytes} bytes`, `a block that needs ${end}`);
  }
  return {
    topIndex,
    filter: filter.sizeBytes === 0 ? undefined : filter,
    properties,
    indexLevels,
    tableNumber,
    formatVersion,
  };
}

function refuseOtherVersions(version: number, file: string): void {
  if (version === TABLE_FORMAT_VERSION || version === TABLE_FORMAT_VERSION_PLAIN) return;
  const known = `this package reads versions ${TABLE_FORMAT_VERSION_PLAIN} to ${TABLE_FORMAT_VERSION}`;
  throw new StemeError('STEME_UNSUPPORTED', `${file} is a table of format version ${version}; ${known}`);
}

function writeHandle(target: Uint8Array, at: number, handle: BlockHandle): void {
  writeUint64(target, at, handle.offsetBytes);
  writeUint32(target, at + 8, handle.sizeBytes);
}

function readHandle(source: Uint8Array, at: number): BlockHandle {
  return { offsetBytes: readUint64(source, at), sizeBytes: readUint32(source, at + 8) };
}
