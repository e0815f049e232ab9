import { compareBytes } from '../base/bytes.js';
import { StemeError } from '../base/errors.js';
import type { KeyBounds } from '../jobs/job.js';
import type { KeySpan } from './api.js';
import { boundBytes } from './user-bytes.js';

/** The bounds as bytes. Errors: STEME_INVALID_RANGE for one that is no bytes, or if they are the wrong way round. */
export function spanBounds({ gte, lt }: KeySpan): KeyBounds {
  const start = boundBytes('gte', gte);
  const end = boundBytes('lt', lt);
  if (start !== undefined && end !== undefined && compareBytes(start, end) > 0) {
    throw new StemeError('STEME_INVALID_RANGE', 'gte must not be after lt');
  }
  return { ...(start !== undefined && { start }), ...(end !== undefined && { end }) };
}
