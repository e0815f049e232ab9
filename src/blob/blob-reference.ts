/**
 * What stands in a table in place of a value in a blob file: four varints and nothing behind them.
 *
 *     number        of the blob file
 *     offset        of the value in it
 *     stored bytes  of the value there, without its trailer
 *     value bytes   as the user wrote it; the same, unless it is compressed
 */
import { CorruptionError } from '../base/errors.js';
import { VALUE_BYTES_MAX } from '../base/limits.js';
import { readVarint, VARINT_BYTES_MAX, writeVarint } from '../base/varint.js';
import { BLOB_HEADER_BYTES_PLAIN } from './blob-format.js';

export interface BlobReference {
  readonly number: number;
  readonly offsetBytes: number;
  readonly storedBytes: number;
  readonly valueBytes: number;
}

export const BLOB_REFERENCE_BYTES_MAX = 4 * VARINT_BYTES_MAX;

/** Returns the position behind it. */
export function writeBlobReference(target: Uint8Array, at: number, reference: BlobReference): number {
  const { number, offsetBytes, storedBytes, valueBytes } = reference;
  let end = writeVarint(target, at, number);
  end = writeVarint(target, end, offsetBytes);
  end = writeVarint(target, end, storedBytes);
  return writeVarint(target, end, valueBytes);
}

/** Errors: STEME_CORRUPTION where `source[start, end)` is none, or claims more than a value may have (law 10). */
export function readBlobReference(source: Uint8Array, start: number, end: number): BlobReference {
  const cursor = { position: start };
  const next = (): number => (cursor.position < 0 ? 0 : readVarint(source, cursor, end));
  const reference = { number: next(), offsetBytes: next(), storedBytes: next(), valueBytes: next() };
  if (cursor.position !== end || !isWithinLimits(reference)) {
    // Its block has passed its checksum, so the place does not matter: whoever wrote the table wrote this.
    const found = Buffer.from(source.subarray(start, Math.min(end, start + BLOB_REFERENCE_BYTES_MAX))).toString('hex');
    const expected = `a reference of four numbers to a value of at most ${VALUE_BYTES_MAX} bytes`;
    throw new CorruptionError({ file: 'a reference to a blob file', offsetBytes: 0, expected, found });
  }
  return reference;
}

/** A value is compressed only where that makes it smaller, and none is empty. */
function isWithinLimits({ number, offsetBytes, storedBytes, valueBytes }: BlobReference): boolean {
  const isPlaced = number > 0 && offsetBytes >= BLOB_HEADER_BYTES_PLAIN;
  return isPlaced && storedBytes > 0 && storedBytes <= valueBytes && valueBytes <= VALUE_BYTES_MAX;
}
