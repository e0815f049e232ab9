import { readUint32 } from '../base/bytes.js';
import type { FileSystem } from '../fs/file-system.js';
import { FRAME_HEADER_BYTES, logIdentity } from '../log/log-format.js';
import { readLogHeader } from '../log/log-header.js';

/** Where the database's id stands in the header of a segment (wal-segment.ts). */
const DATABASE_ID_AT = FRAME_HEADER_BYTES + 4;

/**
 * The id of the database that segment `number` at `path` belongs to, for somebody who knows it from nowhere else; undefined if its
 * header is not whole. The id is believed if the header's identity, which is made of it, and its checksum agree.
 */
export async function findDatabaseId(
  fileSystem: FileSystem,
  path: string,
  number: number,
): Promise<number | undefined> {
  const handle = await fileSystem.open(path, 'read');
  const bytes = new Uint8Array(DATABASE_ID_AT + 4);
  try {
    if ((await handle.read(bytes, 0)) < bytes.length) return undefined;
  } finally {
    await handle.close();
  }
  const databaseId = readUint32(bytes, DATABASE_ID_AT);
  const header = await readLogHeader(fileSystem, path, logIdentity(databaseId, number));
  return header === undefined ? undefined : databaseId;
}
