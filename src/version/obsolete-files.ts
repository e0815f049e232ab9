import { logName, manifestName, parseFileName, tableName } from '../base/file-names.js';

/** What is still needed, or may be: everything that a directory's files are judged by. */
export interface NeededFiles {
  /** Tables and blob files of every referenced version, and of edits whose outcome is open. */
  readonly tableNumbers: ReadonlySet<number>;
  /** The live manifest, and one that is being switched to. */
  readonly manifestNumbers: ReadonlySet<number>;
  /** Segments below it are in tables, but for those of `logNumbers`. */
  readonly logNumber: number;
  /** Segments that somebody still reads or writes. */
  readonly logNumbers: ReadonlySet<number>;
  /** Outputs of jobs under way. */
  readonly pendingNumbers: ReadonlySet<number>;
}

/**
 * Which of `names`, the listing of a database directory, may be removed. Names that are not ours are never touched.
 * Neither are CURRENT.tmp, which the next switch overwrites and one under way needs, the LOCK, and recycled segments,
 * which belong to the segment allocator.
 */
export function obsoleteFiles(names: readonly string[], needed: NeededFiles): string[] {
  return names.filter((name) => isObsolete(name, needed));
}

function isObsolete(name: string, needed: NeededFiles): boolean {
  const file = parseFileName(name);
  // A number written in another way (000000002.sst) is not a name that we gave.
  switch (file?.kind) {
    case 'table':
      if (name !== tableName(file.number)) return false;
      return !needed.tableNumbers.has(file.number) && !needed.pendingNumbers.has(file.number);
    case 'blob':
      return !needed.tableNumbers.has(file.number) && !needed.pendingNumbers.has(file.number);
    case 'manifest':
      return name === manifestName(file.number) && !needed.manifestNumbers.has(file.number);
    case 'log':
      if (name !== logName(file.number)) return false;
      return file.number < needed.logNumber && !needed.logNumbers.has(file.number);
    default:
      return false;
  }
}
