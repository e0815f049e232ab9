import { StemeError } from '../base/errors.js';
import { KIND_DELETE, KIND_PUT } from '../base/internal-key.js';

/** Written after the reader's moment: the next older version may be the one to see. */
export const VERSION_TOO_NEW = 0;
/** The version to see, and it has a value. */
export const VERSION_SHOWN = 1;
/** The version to see, and it says that there is no such key. */
export const VERSION_HIDDEN = 2;

export type VersionVerdict = typeof VERSION_TOO_NEW | typeof VERSION_SHOWN | typeof VERSION_HIDDEN;

/**
 * What a reader at `sequenceMax` makes of one version, if it has seen no other one that counts of the same key. Throws
 * STEME_UNSUPPORTED for a kind that this release does not know: guessing would be a wrong answer (law 5).
 */
export function judgeVersion(sequence: number, kind: number, sequenceMax: number): VersionVerdict {
  if (sequence > sequenceMax) return VERSION_TOO_NEW;
  if (kind === KIND_PUT) return VERSION_SHOWN;
  if (kind === KIND_DELETE) return VERSION_HIDDEN;
  throw new StemeError('STEME_UNSUPPORTED', `a record of kind ${kind} was written by a newer version of this package`);
}
