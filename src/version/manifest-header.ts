/**
 * The payload of frame 0 of a manifest; all numbers little-endian:
 *
 *     offset  size  field
 *          0     4  format version: 1
 *          4     4  database id
 *          8     8  number of the manifest
 *
 * The log identity of a manifest comes from database id 0 and its number, so that it is known before the header is read.
 */
import { readUint32, readUint64, writeUint32, writeUint64 } from '../base/bytes.js';
import { CorruptionError, StemeError } from '../base/errors.js';
import { logIdentity } from '../log/log-format.js';

export const MANIFEST_FORMAT_VERSION = 1;
const HEADER_BYTES = 16;

export interface ManifestHeader {
  readonly databaseId: number;
  readonly manifestNumber: number;
}

export function manifestIdentity(manifestNumber: number): number {
  return logIdentity(0, manifestNumber);
}

export function encodeManifestHeader({ databaseId, manifestNumber }: ManifestHeader): Uint8Array {
  const payload = new Uint8Array(HEADER_BYTES);
  writeUint32(payload, 0, MANIFEST_FORMAT_VERSION);
  writeUint32(payload, 4, databaseId);
  writeUint64(payload, 8, manifestNumber);
  return payload;
}

/** The header of manifest `file`. Throws STEME_UNSUPPORTED for another format version, CorruptionError for no header. */
export function decodeManifestHeader(payload: Uint8Array, file: string): ManifestHeader {
  // The version comes before the length: a newer header may be longer.
  const version = payload.length < 4 ? undefined : readUint32(payload, 0);
  if (version !== undefined && version !== MANIFEST_FORMAT_VERSION) {
    throw new StemeError(
      'STEME_UNSUPPORTED',
      `${file} has manifest format ${version}, this version reads ${MANIFEST_FORMAT_VERSION}: upgrade the package`,
    );
  }
  if (payload.length !== HEADER_BYTES) {
    const found = `${payload.length} bytes`;
    throw new CorruptionError({ file, offsetBytes: 0, expected: `a manifest header of ${HEADER_BYTES} bytes`, found });
  }
  return { databaseId: readUint32(payload, 4), manifestNumber: readUint64(payload, 8) };
}
