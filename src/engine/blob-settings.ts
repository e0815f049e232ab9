import { BLOB_FILE_BYTES_TARGET } from '../base/limits.js';
import type { BlobSettings } from '../jobs/job.js';
import type { VersionSet } from '../version/version-set.js';

/** How a job that writes values of at most so many bytes separates them, with numbers enough; undefined if it does not. */
export function blobSettings(
  versions: VersionSet,
  thresholdBytes: number,
  valueBytesMax: number,
): BlobSettings | undefined {
  if (thresholdBytes === 0) return undefined;
  const fileCountMax = Math.ceil(valueBytesMax / BLOB_FILE_BYTES_TARGET) + 1;
  const numbers = Array.from({ length: fileCountMax }, () => versions.allocateFileNumber());
  return { thresholdBytes, numbers, fileBytesTarget: BLOB_FILE_BYTES_TARGET };
}
