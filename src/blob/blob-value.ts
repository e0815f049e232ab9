import {
  BLOCK_TRAILER_BYTES,
  blockChecksum,
  COMPRESSION_LZ4,
  COMPRESSION_NONE,
  readBlockChecksum,
} from '../base/block-trailer.js';
import { CorruptionError, StemeError } from '../base/errors.js';
import { decompressLz4, type Lz4Decoder } from '../base/lz4.js';
import type { BlobReference } from './blob-reference.js';

/** Bytes of the value in its file, with the trailer. */
export function rawBytesOf({ storedBytes }: BlobReference): number {
  return storedBytes + BLOCK_TRAILER_BYTES;
}

/**
 * The value out of `raw`, all of its `rawBytesOf` in `file`, checked: a view of `raw` where it is stored as it is. Errors:
 * STEME_CORRUPTION, STEME_UNSUPPORTED. Given a `decoder`, another one is good until that decodes the next.
 */
export function decodeBlobValue(
  raw: Uint8Array,
  reference: BlobReference,
  file: string,
  decoder?: Lz4Decoder,
): Uint8Array {
  const { number, offsetBytes, storedBytes, valueBytes } = reference;
  const stored = raw.subarray(0, storedBytes);
  const compression = raw[storedBytes];
  const checksum = blockChecksum(stored, compression, number, offsetBytes);
  const written = readBlockChecksum(raw, storedBytes);
  if (checksum !== written) {
    const expected = `value checksum ${written}`;
    throw new CorruptionError({ file, offsetBytes, expected, found: String(checksum) });
  }
  const value = decompress(stored, compression, reference, file, decoder);
  if (value.length !== valueBytes) {
    const expected = `a value of ${valueBytes} bytes`;
    throw new CorruptionError({ file, offsetBytes, expected, found: `${value.length} bytes` });
  }
  return value;
}

function decompress(
  stored: Uint8Array,
  compression: number,
  { valueBytes, offsetBytes }: BlobReference,
  file: string,
  decoder: Lz4Decoder | undefined,
): Uint8Array {
  if (compression === COMPRESSION_NONE) return stored;
  if (compression === COMPRESSION_LZ4) {
    return (
      decoder?.decode(stored, valueBytes, file, offsetBytes) ?? decompressLz4(stored, valueBytes, file, offsetBytes)
    );
  }
  const message = `${file} has a value with compression ${compression}; this version knows 0 and 1`;
  throw new StemeError('STEME_UNSUPPORTED', message);
}
