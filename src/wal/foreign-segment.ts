import type { Damage } from '../base/errors.js';
import { logName } from '../base/file-names.js';
import type { FileSystem } from '../fs/file-system.js';
import { logIdentity } from '../log/log-format.js';
import { identityOfFrame0, readLogHeader } from '../log/log-header.js';
import { decodeSegmentHeader } from './wal-segment.js';

/**
 * Segment `number` has no header of this database. If it has one of another database, for this very number, it was put here in place
 * of ours: space that is used again has the header of another number. Undefined if it has none: it was never started.
 */
export async function findForeignHeader(
  fileSystem: FileSystem,
  path: string,
  number: number,
): Promise<Damage | undefined> {
  const identity = await identityOfFrame0(fileSystem, path);
  if (identity === undefined) return undefined;
  const payload = await readLogHeader(fileSystem, path, identity);
  if (payload === undefined) return undefined;
  const file = logName(number);
  const header = decodeSegmentHeader(payload, file);
  if (header.number !== number || logIdentity(header.databaseId, number) !== identity) return undefined;
  const found = `one of database ${header.databaseId}`;
  return { file, offsetBytes: 0, expected: 'a log segment of this database', found };
}
