import { join } from 'node:path';
import { CorruptionError } from '../base/errors.js';
import { CURRENT_NAME, parseFileName } from '../base/file-names.js';
import { KIB } from '../base/limits.js';
import type { FileSystem } from '../fs/file-system.js';
import { FRAME_ALIGNMENT_BYTES } from '../log/log-format.js';
import { firstRecordOffsetBytes } from '../wal/wal-segment.js';

const CHUNK_BYTES = 64 * KIB;
const ZEROS = new Uint8Array(CHUNK_BYTES);

/**
 * Without CURRENT a directory may be empty, or that of a creation that was cut short: its segments hold a header at most,
 * and zeros. A table, a blob file, or anything behind a header, is of a database that lost its CURRENT: not to be built over, and not
 * to be called missing. Errors: STEME_CORRUPTION, STEME_IO.
 */
export async function refuseLostCurrent(fileSystem: FileSystem, directory: string): Promise<void> {
  for (const name of await fileSystem.list(directory)) {
    const kind = parseFileName(name)?.kind;
    if (kind === 'table' || kind === 'blob') throw lostCurrent(`there is ${name}`);
    if (kind === 'log' && (await holdsRecords(fileSystem, join(directory, name)))) {
      throw lostCurrent(`there are records in ${name}`);
    }
  }
}

function lostCurrent(evidence: string): CorruptionError {
  const expected = `the name of the live manifest, as ${evidence}`;
  return new CorruptionError({ file: CURRENT_NAME, offsetBytes: 0, expected, found: 'no file' });
}

/** Whether any byte behind the header is not zero. The database's id is lost with CURRENT, so frames cannot be checked. */
async function holdsRecords(fileSystem: FileSystem, path: string): Promise<boolean> {
  const handle = await fileSystem.open(path, 'read');
  try {
    const chunk = new Uint8Array(CHUNK_BYTES);
    for (let position = firstRecordOffsetBytes(FRAME_ALIGNMENT_BYTES); ; ) {
      const bytes = await handle.read(chunk, position);
      if (bytes === 0) return false;
      if (Buffer.compare(chunk.subarray(0, bytes), ZEROS.subarray(0, bytes)) !== 0) return true;
      position += bytes;
    }
  } finally {
    await handle.close();
  }
}
