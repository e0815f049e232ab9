import { parseFileName } from '../../base/file-names.js';
import type { Finding } from '../finding.js';

/** What belongs to the database, by number. */
export interface OwnFiles {
  readonly manifestNumber: number;
  readonly tableNumbers: ReadonlySet<number>;
  readonly blobNumbers: ReadonlySet<number>;
  readonly logNumbers: ReadonlySet<number>;
}

/**
 * Of `names`, the listing of the directory, those that no part of the database needs: a crash leaves such files, and the first
 * flush after the next open removes them. Recycled segments are kept on purpose, and other names are not ours.
 */
export function leftoversOf(names: readonly string[], own: OwnFiles): Finding[] {
  const problem = 'left over: nothing refers to it, and the next open that writes removes it';
  return names.flatMap((file) => {
    const kind = leftoverKind(file, own);
    return kind === undefined ? [] : [{ file, kind, offsetBytes: undefined, problem }];
  });
}

function leftoverKind(name: string, own: OwnFiles): Finding['kind'] | undefined {
  const file = parseFileName(name);
  switch (file?.kind) {
    case 'table':
      return own.tableNumbers.has(file.number) ? undefined : 'table';
    case 'blob':
      return own.blobNumbers.has(file.number) ? undefined : 'blob';
    case 'manifest':
      return file.number === own.manifestNumber ? undefined : 'manifest';
    case 'log':
      return own.logNumbers.has(file.number) ? undefined : 'log';
    case 'current-tmp':
      return 'current';
    default:
      return undefined;
  }
}
