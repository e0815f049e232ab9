import { basename, relative } from 'node:path';
import type { Damage } from '../base/errors.js';

/** Something that is not as it was written, and where. */
export interface Finding {
  /** Name of the file within the directory of the database, with slashes on every system. */
  readonly file: string;
  readonly kind: 'current' | 'manifest' | 'log' | 'table' | 'blob' | 'quarantine' | 'other';
  /** From the start of the file; undefined where no place can be named, for a file that is missing for instance. */
  readonly offsetBytes: number | undefined;
  readonly problem: string;
}

export function findingOf(kind: Finding['kind'], { file, offsetBytes, expected, found }: Damage): Finding {
  return { file: basename(file), kind, offsetBytes, problem: `expected ${expected}, found ${found}` };
}

/** Of a file below `directory`, that of the database, however deep. */
export function findingBelow(directory: string, kind: Finding['kind'], damage: Damage): Finding {
  return { ...findingOf(kind, damage), file: relative(directory, damage.file).replaceAll('\\', '/') };
}
