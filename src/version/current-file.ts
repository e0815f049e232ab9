/**
 * CURRENT names the live manifest. Two lines of ASCII, the second the CRC32C of the first and its line end, in hex:
 *
 *     MANIFEST-000005
 *     crc32c 1a2b3c4d
 *
 * It is never written in place: CURRENT.tmp is made durable, then renamed over it.
 */
import { crc32c } from '../base/checksum.js';
import { CorruptionError } from '../base/errors.js';
import { CURRENT_NAME, manifestName, parseFileName } from '../base/file-names.js';

/** A longer file is not one of ours. */
export const CURRENT_BYTES_MAX = 64;

const LINES = /^(MANIFEST-\d+)\ncrc32c ([0-9a-f]{8})\n$/;

export function encodeCurrent(manifestNumber: number): Uint8Array {
  const name = manifestName(manifestNumber);
  return new TextEncoder().encode(`${name}\ncrc32c ${checksumOf(name)}\n`);
}

/** The number of the manifest that `bytes`, all of CURRENT, name; CorruptionError if they are not what was written. */
export function decodeCurrent(bytes: Uint8Array): number {
  const match = LINES.exec(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1'));
  if (match === null) return failAt(0, 'the name of a manifest and its checksum', `${bytes.length} other bytes`);
  const [, name, checksum] = match;
  const file = parseFileName(name);
  if (file?.kind !== 'manifest' || manifestName(file.number) !== name) return failAt(0, 'the name of a manifest', name);
  if (checksum !== checksumOf(name)) return failAt(name.length + 1, `crc32c ${checksumOf(name)}`, `crc32c ${checksum}`);
  return file.number;
}

function checksumOf(name: string): string {
  return crc32c(Buffer.from(`${name}\n`))
    .toString(16)
    .padStart(8, '0');
}

function failAt(offsetBytes: number, expected: string, found: string): never {
  throw new CorruptionError({ file: CURRENT_NAME, offsetBytes, expected, found });
}
