import type { Database } from '../engine/api.js';

const FILES_AT_LEVEL = /^leveldb\.num-files-at-level(\d+)$/;

/**
 * What a property of LevelDB is here; the empty string, as there, where it is none. `stemedb.stats` is all of `stats()` as JSON.
 */
export function propertyOf(database: Database, property: string): string {
  const stats = database.stats();
  if (property === 'stemedb.stats') return JSON.stringify(stats);
  if (property === 'leveldb.approximate-memory-usage') {
    return String(stats.blockCache.usedBytes + stats.memtables.activeBytes);
  }
  const level = FILES_AT_LEVEL.exec(property)?.[1];
  const row = level === undefined ? undefined : stats.levels.find((candidate) => candidate.level === Number(level));
  return row === undefined ? '' : String(row.fileCount);
}
