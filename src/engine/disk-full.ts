import { systemCodeOf } from '../base/errors.js';

/** What goes away by itself when somebody makes room. */
const FULL_CODES = new Set(['ENOSPC', 'EDQUOT']);

export function isDiskFull(error: unknown): boolean {
  return FULL_CODES.has(systemCodeOf(error) ?? '');
}
